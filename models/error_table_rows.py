"""Why a transaction is not in the books, in words: a part of `error_table`."""

from odoo.tools.translate import LazyTranslate

from .error_matter import (
    BOOK,
    BOOKKEEPER,
    BRING_BACK,
    CHOOSE,
    LEAVE_OUT,
    ODOO,
    OPEN_DAY,
    REPLACE,
    SAME_LINE,
    Matter,
)

_lt = LazyTranslate(__name__)

ROW_MATTERS = {
    "date_missing": Matter(
        _lt("The bank gave no booking date."), BOOKKEEPER, LEAVE_OUT
    ),
    "date_invalid": Matter(
        _lt("The bank's booking date cannot be read."), BOOKKEEPER, LEAVE_OUT
    ),
    "amount_missing": Matter(_lt("The bank gave no amount."), BOOKKEEPER, LEAVE_OUT),
    "amount_not_a_number": Matter(
        _lt("The bank's amount cannot be read."), BOOKKEEPER, LEAVE_OUT
    ),
    "amount_precision": Matter(
        _lt("The amount has more decimals than its currency."), BOOKKEEPER, LEAVE_OUT
    ),
    "amount_too_large": Matter(
        _lt("The amount is too large to be booked."), BOOKKEEPER, LEAVE_OUT
    ),
    "currency_missing": Matter(
        _lt("The bank gave no currency."), BOOKKEEPER, LEAVE_OUT
    ),
    "currency_differs": Matter(
        _lt("The currency is not the account's."), BOOKKEEPER, LEAVE_OUT
    ),
    "locked_period": Matter(
        _lt("The booking date lies in a locked period."), BOOKKEEPER, OPEN_DAY
    ),
    "refused_by_odoo": Matter(_lt("Odoo refused to book the line."), BOOKKEEPER, BOOK),
    "possible_duplicate": Matter(
        _lt(
            "It looks like a transaction that the bank has sent before, with another "
            "text. If it is one of its own, book it; if not, leave it out."
        ),
        BOOKKEEPER,
        BOOK,
    ),
    "looks_like_line": Matter(
        _lt(
            "The journal has a line of this amount that did not come from the bank. "
            "If it is the same, take that line; if not, book it."
        ),
        BOOKKEEPER,
        SAME_LINE,
    ),
    "replaces": Matter(
        _lt(
            "The bank took a booked transaction off its list and sent this one, which "
            "resembles it. Replace the old line by it, or book it beside the old one."
        ),
        BOOKKEEPER,
        REPLACE,
    ),
    "no_journal": Matter(
        _lt("Choose a journal for the account first."), BOOKKEEPER, CHOOSE
    ),
    "left_out_by_user": Matter(_lt("A user left it out."), BOOKKEEPER, BRING_BACK),
    "undone": Matter(_lt("The run that booked it was undone."), BOOKKEEPER, BRING_BACK),
    "before_start": Matter(
        _lt("The booking date lies before the account's start date."),
        BOOKKEEPER,
        BRING_BACK,
    ),
    "withdrawn": Matter(_lt("The bank took the transaction back."), ODOO, None),
    "line_deleted": Matter(
        _lt("The line was deleted in Odoo."), BOOKKEEPER, BRING_BACK
    ),
}
