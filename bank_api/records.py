"""What the bank said, as frozen records that the other rooms can trust.

Names, texts, numbers and tokens stay out of every ``repr``, so that a record can
land in a log without harm. ``raw`` is the parsed JSON: :func:`~.wire.raw_json`
writes it back.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

BOOKED = "booked"
PENDING = "pending"


@dataclass(frozen=True, slots=True)
class TokenSet:
    """One answer of the token endpoint. ``repr`` does not show the tokens.

    ``refresh_token`` is "" when the answer carried none. ``expires_in``: seconds
    the access token lives. ``consent_id`` comes from an undocumented claim inside
    the refresh token: use it only when the redirect carried none.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    consent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency code ("" when the wire named none)."""

    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """The numbers of one account as the bank writes them; "" where it has none."""

    iban: str = field(default="", repr=False)
    bban: str = field(default="", repr=False)
    bank_code: str = field(default="", repr=False)
    account_number: str = field(default="", repr=False)
    masked_pan: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """One account the consent opens.

    ``booked`` is the balance to prove against; ``available`` may include credit.
    ``last_synchronized``: naive UTC, None before the first synchronisation.
    """

    id: str
    provider_id: str
    provider_name: str
    name: str = field(repr=False)
    holder: str = field(repr=False)
    type: str
    currency: str
    number: AccountNumber
    booked: Money | None = field(repr=False)
    available: Money | None = field(repr=False)
    last_synchronized: datetime | None
    is_orphaned: bool
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccountList:
    """All accounts of a consent. ``malformed_rows``: entries without an id."""

    accounts: tuple[Account, ...]
    malformed_rows: int = 0


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of an account.

    ``id`` is "" when the bank gave none. ``amount`` is signed, money out is
    negative. ``text`` is for show and never empty when any text exists;
    ``original_text`` is the bank's own. ``state`` is "booked" or "pending":
    a state we do not know counts as pending; the bank's word is ``bank_state``.
    ``problems`` names what is wrong with the row: date_missing, date_invalid,
    amount_missing, amount_not_a_number, currency_missing. ``wire``, ``digest``: the
    text it was read from, and what that is known by; "" when the text was damaged.
    """

    id: str
    account_id: str
    date: date | None
    value_date: date | None
    execution_date: date | None
    text: str = field(repr=False)
    original_text: str = field(repr=False)
    message: str = field(repr=False)
    amount: Decimal | None = field(repr=False)
    currency: str
    balance: Decimal | None = field(repr=False)
    state: str
    bank_state: str
    type: str
    is_deleted: bool
    original_amount: Money | None = field(repr=False)
    exchange_rate: Decimal | None
    counterpart_name: str = field(repr=False)
    counterpart_account: str = field(repr=False)
    references: dict[str, str] = field(repr=False)
    problems: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)
    wire: str = field(default="", repr=False, compare=False)
    digest: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class UpdateAnswer:
    """The answer to an update: "AllQueued" or "SupervisedLoginRequired" so far.

    ``auth_url`` is the page to send the customer to, or "".
    """

    status: str
    auth_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """A bank. ``audiences``: "Private", "Business"; empty when not told."""

    id: str
    name: str
    country: str
    audiences: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)
