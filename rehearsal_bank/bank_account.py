"""An account at a rehearsed bank, and one customer's access to it."""

import base64
from dataclasses import dataclass, field
from datetime import date

from . import money
from .account_numbers import make_number, parse_number, same_number
from .dice import guid_of, hash_of, seed_of
from .ledger import STATES, Ledger


@dataclass
class BankAccount:
    """The truth at the bank. ``user`` None: any user name sees the account."""

    bank: object
    user: str | None
    name: str
    currency: str
    number: dict
    owner: str = ""
    kind: str = "Consumption"
    card: dict | None = None
    orphaned: bool = False
    ids_change: bool = False
    ledger: Ledger = field(default_factory=Ledger)
    waiting: list = field(default_factory=list)

    @property
    def key(self):
        """The bank's own name of the account."""
        return f"{self.bank.id}|{self.number['iban']}|{self.currency}"

    def is_called(self, text):
        """Whether the text is this account's IBAN, BBAN or name."""
        return text == self.name or same_number(self.number, text)

    def amount(self, minor):
        """Minor units as Decimal in the account's currency."""
        return money.to_decimal(minor, self.currency)


@dataclass
class Access:
    """One Aiia user's view of a bank account; carries the external id."""

    external_id: str
    user_id: str
    bank_user: str
    account: BankAccount
    last_sync: object = None
    synced: bool = True
    told: bool = False
    groups: dict = field(default_factory=dict)

    @property
    def visible(self):
        """Whether the first data has arrived."""
        return self.synced

    def transaction_id(self, uid, generation, per_account_id=True):
        """The id of a row, a GUID; another access has other ids."""
        scope = self.external_id if per_account_id else self.account.key
        return guid_of(scope, uid, generation)


def external_account_id(user_id, bank_id, bank_user, account):
    """The opaque id: base64url of user, provider and the bank's hash.

    Shape decoded from the public event examples of Mastercard's docs.
    """
    raw = hash_of(bank_user.strip().casefold(), account.key)
    token = base64.urlsafe_b64encode(raw[:21]).decode() + "." + raw[21:27].hex()
    joined = f"{user_id}|{bank_id}|{token}"
    return base64.urlsafe_b64encode(joined.encode()).decode()


def open_account(bank, name, currency, user=None, number=None, **more):
    """A new account; ``number`` is a BBAN or IBAN, made up when absent."""
    if number is None:
        seed = seed_of(bank.id, user, name, currency)
        made = make_number(bank.country, bank.bank_code, seed)
    else:
        made = parse_number(bank.country, number)
    return BankAccount(bank, user, name, currency, made, **more)


def truth_rows(account, access=None, per_account_id=True):
    """Every row of an account, oldest first, for control: the truth."""
    ledger = account.ledger
    balances = ledger.balances()
    rows = []
    for place, uid in enumerate(ledger.uid):
        generation = ledger.generation[place]
        row = {
            "line": uid,
            "date": date.fromordinal(ledger.day[place]).isoformat(),
            "amount": money.amount_text(ledger.amount[place], account.currency),
            "currency": account.currency,
            "state": STATES[ledger.state[place]],
            "deleted": bool(ledger.deleted[place]),
            "balance": None,
            "id": None,
        }
        if ledger.counts(place):
            row["balance"] = money.amount_text(balances[place + 1], account.currency)
        if access:
            row["id"] = access.transaction_id(uid, generation, per_account_id)
            row["id"] = ledger.patches.get(uid, {}).get("id", row["id"])
        rows.append(row)
    return rows
