"""Pure functions on what the bank said. No Odoo, no network, no clock."""

from .account_numbers import (
    account_key,
    bban_from_iban,
    iban_from_bban,
    normalise_bban,
    normalise_iban,
    same_account,
)
from .duplicates import BookedRow, suspects
from .holders import same_holder
from .matching import Match, Seen, families, match
from .order import booking_order
from .proof import first_difference
from .references import references_in
from .rekeying import Pair, join
from .reminders import due_step, notice_days, reminder_steps
from .rows import (
    BOOKED,
    PENDING,
    WITHDRAWN,
    BankRow,
    KnownRow,
    content_hash,
    family_of,
    fingerprint,
)
from .signs import sign_of
from .windows import fetch_window, settled_window

__all__ = [
    "BOOKED",
    "PENDING",
    "WITHDRAWN",
    "BankRow",
    "BookedRow",
    "KnownRow",
    "Match",
    "Pair",
    "Seen",
    "account_key",
    "bban_from_iban",
    "booking_order",
    "content_hash",
    "due_step",
    "families",
    "family_of",
    "fetch_window",
    "fingerprint",
    "first_difference",
    "iban_from_bban",
    "join",
    "match",
    "normalise_bban",
    "normalise_iban",
    "notice_days",
    "references_in",
    "reminder_steps",
    "same_account",
    "same_holder",
    "settled_window",
    "sign_of",
    "suspects",
]
