from collections.abc import Hashable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from .doubt import NotProven

# What the feed gives for a line. Other values would have to be proven first.
REQUIRED = frozenset({"journal_id", "date", "payment_ref", "amount"})
TEXTS = ("payment_ref", "partner_name", "account_number", "transaction_type")
OPTIONAL = frozenset(
    {
        *TEXTS,
        "partner_id",
        "transaction_details",
        "foreign_currency_id",
        "amount_currency",
        "open_banking_transaction_id",
    }
)


class Line(NamedTuple):
    """A line to be made, as far as the lines of a batch differ.

    Amounts are exact, in the digits of their currencies.
    """

    kind: Hashable  # core treats the lines of a kind alike
    date: date
    amount: Decimal  # in the journal's currency
    company_amount: Decimal  # in the company's
    other_amount: Decimal  # in that of the transaction, which may be foreign
    other_currency: object
    partner_id: int | None
    values: dict


class Batch(NamedTuple):
    """Lines of one journal."""

    journal: object
    company: object
    company_currency: object
    journal_currency: object
    lines: list


def read_batch(lines, values_list):
    """Read values as for core's `create`.

    :raise NotProven: when they are not what the feed gives
    """
    journal = lines.env["account.journal"].browse(_journal_id(values_list))
    company = journal.company_id
    currency = company.sudo().currency_id
    batch = Batch(journal, company, currency, journal.currency_id or currency, [])
    rates = {}
    batch.lines.extend(_read(batch, values, rates) for values in values_list)
    return batch


def _journal_id(values_list):
    for values in values_list:
        if not REQUIRED <= values.keys() or values.keys() - REQUIRED - OPTIONAL:
            raise NotProven("other values than those of the feed")
    ids = {values["journal_id"] for values in values_list}
    if len(ids) != 1:
        raise NotProven("several journals")
    return ids.pop()


def _read(batch, values, rates):
    _check_texts(values)
    day = values["date"]
    if type(day) is not date:
        raise NotProven("a date that is not one")
    amount = _exact(batch.journal_currency, values["amount"])
    other, other_currency = _other_amount(batch, values, amount)
    company_amount = _company_amount(batch, day, (amount, other), other_currency, rates)
    signs = (_sign(amount), _sign(company_amount), _sign(other))
    partner_id = values.get("partner_id") or None
    kind = (signs, other_currency.id, bool(partner_id), frozenset(values))
    amounts = (amount, company_amount, other, other_currency)
    return Line(kind, day, *amounts, partner_id, values)


def _check_texts(values):
    for name in TEXTS:
        text = values.get(name)
        if text and (type(text) is not str or "\0" in text):
            raise NotProven("a text that is not one")
    if not values["payment_ref"]:
        raise NotProven("no label")


def _other_amount(batch, values, amount):
    """The amount and currency in which the payment was made."""
    foreign = values.get("foreign_currency_id")
    if not foreign:
        if values.get("amount_currency"):
            raise NotProven("a foreign amount without a currency")
        return amount, batch.journal_currency
    if foreign == batch.journal_currency.id:
        raise NotProven("the journal's currency given as a foreign one")
    currency = batch.company.env["res.currency"].browse(foreign)
    other = _exact(currency, values.get("amount_currency"))
    if not other:
        raise NotProven("a foreign currency without an amount")
    return other, currency


def _company_amount(batch, day, amounts, other_currency, rates):
    """What core books in the company's currency, at the rate of the day."""
    amount, other = amounts
    if batch.journal_currency == batch.company_currency:
        return amount
    if other_currency == batch.company_currency:
        return other
    if day not in rates:
        rates[day] = batch.company_currency._get_conversion_rate(
            batch.journal_currency, batch.company_currency, batch.company, day
        )
    # As core: its amounts and rates are floats, rounded to the currency's digits.
    converted = batch.company_currency.round(float(amount) * rates[day])
    return Decimal(f"{converted:.{batch.company_currency.decimal_places}f}")


def _exact(currency, amount):
    """Return an amount in the currency's digits; core would round another."""
    if type(amount) not in (Decimal, int, float):
        raise NotProven("an amount that is not one")
    exact = Decimal(str(amount))
    if not exact.is_finite():
        raise NotProven("an amount that is not one")
    rounded = round(exact, currency.decimal_places)
    smallest = Decimal(str(currency.rounding))
    if rounded != exact or exact % smallest:
        raise NotProven("an amount finer than its currency")
    return rounded + 0  # no negative zero


def _sign(amount):
    return (amount > 0) - (amount < 0)
