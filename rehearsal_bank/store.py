"""The world: customers, consents, connections, tokens and what they reach."""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from . import life
from .bank_account import Access, external_account_id, open_account
from .banks import BANKS
from .clock import Clock
from .dice import seed_of
from .reply import Unknown
from .settings import Settings

# What was ever given out that must stay with whom it was given to, by kind.
ISSUED = ("access_token", "refresh_token", "code", "state")


@dataclass
class Connection:
    """Aiia's login at one bank, inside a consent."""

    bank_id: str
    bank_user: str
    expires_at: object
    login_required: bool = False
    rate_limited_until: object = None
    announced: bool = False


@dataclass
class Consent:
    """What one customer lets the program see."""

    id: str
    user_id: str
    email: str
    scopes: tuple
    created: object
    data_until: object = None
    revoked: bool = False
    needs_update: bool = False
    refuse_until: object = None
    account_ids: list = field(default_factory=list)
    connections: list = field(default_factory=list)


class World:
    """Everything the rehearsal knows. Take ``lock`` before touching it."""

    def __init__(self):
        self.lock = threading.RLock()
        self.clock = Clock()
        self.settings = Settings()
        self.start_settings = {}
        self.clear()

    def clear(self):
        """Forget all data; the clock and the settings stay."""
        self.seed = "empty"
        self.accounts = []
        self.accesses = {}
        self.consents = {}
        self.flows = {}
        self.codes = {}
        self.access_tokens = {}
        self.refresh_tokens = {}
        self.mail = []
        self.issued = {kind: [] for kind in ISSUED}
        self.cached_answers = {}
        self.sync_due = []
        self.next_auto_sync = None

    def fresh_settings(self):
        """Back to the switches the program was started with."""
        self.settings = Settings()
        self.settings.update(self.start_settings)

    def user_id(self, email):
        """The Aiia user of an e-mail address, the same every time."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{email.strip().lower()}"))

    def add_account(self, bank_id, name, currency, rows=0, **options):
        """Open an account with a history of so many booked rows.

        Options: user, number, owner, kind, card, days, opening (minor
        units), pending. Raises ValueError on a bad bank, number or count.
        """
        if bank_id not in BANKS:
            raise ValueError(f"no such bank: {bank_id}")
        days = options.pop("days", 725)
        opening = options.pop("opening", 25_000_000)
        pending = options.pop("pending", 0)
        account = open_account(BANKS[bank_id], name, currency, **options)
        if any(one.key == account.key for one in self.accounts):
            raise ValueError(f"there is already an account {account.number['bban']}")
        account.ledger.opening = opening
        seed = seed_of("life", account.key)
        today = self.clock.today()
        if rows or pending:
            life.fill(account.ledger, seed, rows, days, today, currency, pending)
        self.accounts.append(account)
        return account

    def accounts_at(self, bank, user):
        """What a user name sees at a bank; templates appear on first sight."""
        user = user.strip()
        found = self._visible(bank, user)
        if not found and bank.templates:
            for template in bank.templates:
                self.add_account(
                    bank.id,
                    template.name,
                    template.currency,
                    template.transactions,
                    user=user,
                    owner=user,
                    kind=template.kind,
                )
            found = self._visible(bank, user)
        return found

    def _visible(self, bank, user):
        return [
            account
            for account in self.accounts
            if account.bank.id == bank.id
            and account.user in (None, user)
            and not account.orphaned
        ]

    def access_to(self, user_id, bank_user, account):
        """The customer's access to an account, made when it is new."""
        ext = external_account_id(user_id, account.bank.id, bank_user, account)
        if ext not in self.accesses:
            access = Access(ext, user_id, bank_user, account)
            self.accesses[ext] = access
            access.synced = self.settings.sync == "immediate"
            access.last_sync = self.clock.now() if access.synced else None
        return self.accesses[ext]

    def find_account(self, text):
        """The account called so (external id, IBAN, BBAN or name).

        Returns (account, access or None); raises Unknown.
        """
        if text in self.accesses:
            access = self.accesses[text]
            return access.account, access
        for account in self.accounts:
            if account.is_called(text):
                return account, self.latest_access(account)
        raise Unknown(f"account {text}")

    def latest_access(self, account):
        """The access to the account that was made last, or None."""
        found = [a for a in self.accesses.values() if a.account is account]
        return found[-1] if found else None

    def consents_of(self, account):
        """Living consents that cover the account."""
        return [
            consent
            for consent in self.consents.values()
            if not consent.revoked
            and any(self.accesses[i].account is account for i in consent.account_ids)
        ]

    def grant(self, flow, accounts):
        """Make the consent a finished flow stands for; returns it."""
        user_id = flow.user_id or self.user_id(flow.email)
        now = self.clock.now()
        consent = self._consent_for(flow, user_id, now)
        chosen = [self.access_to(user_id, flow.bank_user, a) for a in accounts]
        for access in chosen:
            if flow.group_id:
                access.groups[flow.group_id] = flow.group_name
        here = flow.bank.id, flow.bank_user
        self._drop_connection(consent, *here)
        consent.account_ids += [a.external_id for a in chosen]
        consent.connections.append(Connection(*here, self.login_end(flow.bank.id)))
        return consent

    def login_end(self, bank_id):
        """When a bank login made now ends."""
        settings = self.settings
        days = settings.consent_days_by_bank.get(bank_id, settings.consent_days)
        return self.clock.now() + timedelta(days=days)

    def all_selected(self, consent):
        """Whether every account the customer sees at his banks is shared."""
        held = {self.accesses[number].account.key for number in consent.account_ids}
        return all(
            account.key in held
            for connection in consent.connections
            for account in self.accounts_at(
                BANKS[connection.bank_id], connection.bank_user
            )
        )

    def _consent_for(self, flow, user_id, now):
        if self.settings.reuse_consent:
            for consent in self.consents.values():
                if consent.user_id == user_id and not consent.revoked:
                    consent.needs_update = False
                    consent.refuse_until = None
                    return consent
        lasting = "offline_access" in flow.scopes
        consent = Consent(str(uuid.uuid4()), user_id, flow.email, flow.scopes, now)
        consent.data_until = None if lasting else now + timedelta(hours=24)
        self.consents[consent.id] = consent
        return consent

    def _drop_connection(self, consent, bank_id, bank_user):
        def elsewhere(connection):
            return (connection.bank_id, connection.bank_user) != (bank_id, bank_user)

        consent.connections = [c for c in consent.connections if elsewhere(c)]
        consent.account_ids = [
            i
            for i in consent.account_ids
            if (self.accesses[i].account.bank.id, self.accesses[i].bank_user)
            != (bank_id, bank_user)
        ]
