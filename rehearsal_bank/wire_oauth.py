"""``/v1/oauth/connect`` and ``/v1/oauth/token``."""

import re
import uuid

from . import flow, tokens
from .account_numbers import parse_number
from .banks import BANKS
from .reply import Refusal, Reply, invalid, redirect

SCOPES = ("accounts", "offline_access", "payments:inbound", "payments:outbound")


def connect(world, request):
    """Start a connect flow: 302 to the pages, or a clear 400."""
    args = request.args
    checked = _check_connect(world, args)
    session = flow.new_flow(world, **checked)
    culture = session.language
    return redirect(
        f"{request.host_url.rstrip('/')}/app/one-time"
        f"?sessionId={session.id}&culture={culture}"
    )


def _check_connect(world, args):
    settings = world.settings
    if args.get("client_id") != settings.client_id:
        raise invalid("Unknown client_id", client_id="not known")
    address = args.get("redirect_uri", "")
    if address not in settings.redirect_uris:
        raise invalid("redirect_uri is not registered", redirect_uri="not registered")
    if args.get("response_type") != "code":
        raise invalid("response_type must be code", response_type="must be code")
    scopes = tuple(args.get("scope", "accounts").split())
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or "accounts" not in scopes:
        raise invalid("Bad scope", scope=f"unknown or missing: {unknown or 'accounts'}")
    bank = _provider(args.get("providerId"))
    return {
        "redirect_uri": address,
        "state": args.get("state"),
        "scopes": scopes,
        "bank": bank,
        "allowed": _providers(args.getlist("providers")),
        "wanted": _numbers(args.getlist("bank_account_numbers"), bank),
        "select_all": _flag("select_all_accounts", args),
        "email": _email(world, args),
        "culture": args.get("culture", "en"),
        "group_id": args.get("accountsGroupId"),
        "group_name": args.get("accountsGroupName"),
    }


def _provider(name):
    if not name:
        return None
    if name not in BANKS:
        raise invalid("Unknown providerId", providerId=f"no such provider: {name}")
    return BANKS[name]


def _providers(values):
    """Provider ids and country codes, in one text or several, as a set."""
    words = re.split(r"[\s,;]+", " ".join(values).strip())
    words = [word for word in words if word]
    if not words:
        return None
    allowed = set()
    for word in words:
        found = [
            bank.id
            for bank in BANKS.values()
            if bank.id == word or bank.country == word.upper()
        ]
        if not found:
            raise invalid("Unknown provider or country", providers=f"unknown: {word}")
        allowed.update(found)
    return allowed


def _numbers(values, bank):
    numbers = [n.strip() for n in ",".join(values).split(",") if n.strip()]
    if numbers and bank is None:
        raise invalid(
            "bank_account_numbers needs providerId", bank_account_numbers="no provider"
        )
    for number in numbers:
        try:
            parse_number(bank.country, number)
        except ValueError as error:
            raise invalid(str(error), bank_account_numbers=str(error)) from error
    return numbers


def _flag(name, args):
    value = args.get(name, "false").lower()
    if value not in ("true", "false"):
        raise invalid(f"{name} must be true or false", **{name: "not a boolean"})
    return value == "true"


def _email(world, args):
    email = args.get("email", "").strip()
    if email and not flow.is_email(email):
        raise invalid("email is not an address", email="not an address")
    consent_id = args.get("consentId")
    if not consent_id:
        return email
    try:
        uuid.UUID(consent_id)
    except ValueError as error:
        raise invalid("consentId is not a GUID", consentId="not a GUID") from error
    known = world.consents.get(consent_id)
    return email or (known.email if known else "")


def token(world, request, body):
    """Exchange a code, or a refresh token, for a pair of tokens."""
    tokens.check_client(world, request.headers.get("Authorization"))
    grant = body.get("grant_type")
    if grant == "authorization_code":
        consent, address = tokens.redeem_code(
            world, body.get("code"), body.get("redirect_uri")
        )
        pair = tokens.issue_pair(world, consent)
    elif grant == "refresh_token":
        consent, session = tokens.redeem_refresh(world, body.get("refresh_token"))
        rotate = world.settings.rotate_refresh_token
        keep = None if rotate else body["refresh_token"]
        pair, address = tokens.issue_pair(world, consent, session, keep), None
    else:
        raise Refusal(400, "InvalidInput", f"Unknown grant_type: {grant!r}")
    return Reply(pair | {"redirect_uri": address})
