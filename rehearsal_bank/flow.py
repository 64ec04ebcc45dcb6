"""The state of one walk through the consent pages."""

import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

from . import tokens
from .banks import BANKS
from .dice import seed_of

CONNECT_STEPS = (
    "start",
    "bank",
    "login",
    "accounts",
    "accept",
    "email",
    "code",
    "finish",
)
ONE_TIME_STEPS = ("start", "bank", "login", "accounts", "accept", "finish")
UPDATE_STEPS = ("start", "login", "finish")
TRIES = 3


@dataclass
class Flow:
    """A customer on his way; ``step`` is the page he may send next."""

    id: str
    redirect_uri: str
    state: str | None = None
    scopes: tuple = ("accounts",)
    bank: object = None
    fixed_bank: bool = False
    allowed: set | None = None
    wanted: list = field(default_factory=list)
    select_all: bool = False
    email: str = ""
    language: str = "en"
    group_id: str | None = None
    group_name: str | None = None
    steps: tuple = CONNECT_STEPS
    step: str = "start"
    bank_user: str = ""
    accounts: list = field(default_factory=list)
    chosen: list = field(default_factory=list)
    user_id: str | None = None
    one_time_code: str = ""
    wrong: int = 0
    ended: bool = False
    address: str = ""
    consent: object = None
    connection: object = None

    def advance(self):
        """Go to the next step."""
        self.wrong = 0
        self.step = self.steps[self.steps.index(self.step) + 1]
        if self.step == "bank" and self.fixed_bank:
            self.step = "login"


def is_email(text):
    """Whether the text looks like an e-mail address."""
    return bool(re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", text or ""))


def new_flow(world, bank=None, culture="en", email="", scopes=(), **more):
    """Begin a connect flow."""
    lasting = "offline_access" in scopes
    flow = Flow(
        str(uuid.uuid4()),
        bank=bank,
        fixed_bank=bank is not None,
        language="da" if (culture or "").lower().startswith("da") else "en",
        email=email,
        scopes=scopes,
        steps=CONNECT_STEPS if lasting else ONE_TIME_STEPS,
        user_id=None if lasting else str(uuid.uuid4()),
        **more,
    )
    world.flows[flow.id] = flow
    if flow.state:
        world.issued["state"].append(flow.state)
    return flow


def new_update(world, consent, connection, redirect_uri):
    """Begin a supervised login for one connection of a consent."""
    flow = Flow(
        str(uuid.uuid4()),
        redirect_uri,
        bank=connection_bank(connection),
        fixed_bank=True,
        email=consent.email,
        bank_user=connection.bank_user,
        steps=UPDATE_STEPS,
        consent=consent,
        connection=connection,
    )
    world.flows[flow.id] = flow
    return flow


def connection_bank(connection):
    """The bank of a connection."""
    return BANKS[connection.bank_id]


def send_code(world, flow):
    """Send the one-time code to the rehearsed mailbox."""
    number = len(world.mail)
    flow.one_time_code = f"{seed_of('code', flow.id, number) % 10**6:06d}"
    world.mail.append(
        {
            "to": flow.email.strip().lower(),
            "sent": world.clock.now().isoformat(),
            "code": flow.one_time_code,
            "language": flow.language,
        }
    )


def end(world, flow, success):
    """Close the flow; returns the address the customer is sent back to."""
    flow.ended = True
    params = {}
    if success:
        params = _success(world, flow)
    if flow.state is not None and world.settings.return_state:
        params["state"] = flow.state
    flow.address = with_params(flow.redirect_uri, params)
    return flow.address


def _success(world, flow):
    if flow.consent is None:
        flow.consent = world.grant(flow, flow.chosen)
    elif not world.settings.update_returns_code:
        return {}
    params = {"code": tokens.issue_code(world, flow.consent, flow.redirect_uri)}
    if world.settings.return_consent_id:
        params["consentId"] = flow.consent.id
    return params


def with_params(address, params):
    """The address with more query parameters, encoded once."""
    if not params:
        return address
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(params)) if part)
    return urlunsplit(parts._replace(query=query))
