"""What a matter is: who can settle it, and which one button helps."""

from dataclasses import dataclass
from typing import Any

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# Who can do something about it.
ODOO = "odoo"
BOOKKEEPER = "bookkeeper"
CUSTOMER = "customer"
ADMINISTRATOR = "administrator"

WHO = {
    ODOO: _lt("Nothing needs to be done."),
    BOOKKEEPER: _lt("A bookkeeper can settle this."),
    CUSTOMER: _lt("The account holder is needed."),
    ADMINISTRATOR: _lt("An administrator is needed."),
}

GROUPS = {ADMINISTRATOR: "base.group_system"}
BOOKKEEPERS = "account.group_account_basic"


@dataclass(frozen=True)
class Remedy:
    """One button. ``action``: a public method. ``instead``: what to offer as long as
    no record at hand has that method."""

    label: Any
    action: str
    group: str = BOOKKEEPERS
    instead: "Remedy | None" = None


@dataclass(frozen=True)
class Matter:
    """What happened and what to do, in a sentence; who can do it; the one button.

    ``is_common``: when it happens, it happens to all accounts of the company.
    """

    sentence: Any
    who: str
    remedy: Remedy | None
    is_common: bool = False


CONNECT = Remedy(_lt("Connect to Bank"), "action_connect_again")
RENEW = Remedy(_lt("Send Renewal Request"), "action_send_renewal", instead=CONNECT)
TRY_NOW = Remedy(_lt("Try Now"), "action_fetch_now")
FETCH_DAYS = Remedy(_lt("Fetch Transactions"), "action_fetch_request")
CHOOSE = Remedy(_lt("Choose Journal"), "action_choose_journals")
SETTINGS = Remedy(_lt("Open Settings"), "action_open_settings", GROUPS[ADMINISTRATOR])
SEND_AGAIN = Remedy(_lt("Send Again"), "action_resend")
# Of a transaction.
BOOK = Remedy(_lt("Book"), "action_book")
BRING_BACK = Remedy(_lt("Bring Back"), "action_book")
OPEN_DAY = Remedy(_lt("Book on First Open Day"), "action_book_on_open_day")
SAME_LINE = Remedy(_lt("It Is the Same Line"), "action_adopt")
REPLACE = Remedy(_lt("Replace the Old Line"), "action_replace")
LEAVE_OUT = Remedy(_lt("Leave Out"), "action_leave_out")
