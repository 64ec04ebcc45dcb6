"""Mastercard Open Banking Europe as seen from us: HTTP, JSON and signatures.

No Odoo in here, and nothing happens at import.
"""

from .client import Client
from .errors import (
    CODES,
    AccessTokenRejected,
    BankApiError,
    ConsentExpired,
    CredentialsRejected,
    Malformed,
    Misconfigured,
    PagingTokenRejected,
    RateLimited,
    Rejected,
    Transient,
)
from .events import Event, EventAccount, parse_event
from .pages import Entry, TransactionPage
from .records import (
    BOOKED,
    PENDING,
    Account,
    AccountList,
    AccountNumber,
    Money,
    Provider,
    TokenSet,
    Transaction,
    UpdateAnswer,
)
from .signatures import SignatureRejected, Verified, verify
from .wire import raw_json

__all__ = [
    "BOOKED",
    "CODES",
    "PENDING",
    "AccessTokenRejected",
    "Account",
    "AccountList",
    "AccountNumber",
    "BankApiError",
    "Client",
    "ConsentExpired",
    "CredentialsRejected",
    "Entry",
    "Event",
    "EventAccount",
    "Malformed",
    "Misconfigured",
    "Money",
    "PagingTokenRejected",
    "Provider",
    "RateLimited",
    "Rejected",
    "SignatureRejected",
    "TokenSet",
    "Transaction",
    "TransactionPage",
    "Transient",
    "UpdateAnswer",
    "Verified",
    "parse_event",
    "raw_json",
    "verify",
]
