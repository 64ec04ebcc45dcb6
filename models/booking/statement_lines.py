from decimal import Decimal

from odoo.addons.base.models.res_bank import sanitize_account_number

from ...feed import bban_from_iban, iban_from_bban, references_in


def line_values(row, partners):
    """Return what core needs to make a statement line of a feed row.

    :param open.banking.transaction row: booked at the bank, not yet in the books
    :param dict partners: partner ids, as from `partners_by_account_number`
    :rtype: dict
    """
    sign = -1 if row.account_id.inverted_sign else 1
    number = sanitize_account_number(row.counterpart_account)
    values = {
        "open_banking_transaction_id": row.id,
        "journal_id": row.account_id.journal_id.id,
        "date": row.booking_date or row.date,
        "payment_ref": row._label(),
        "partner_id": partners.get(number, False),
        "partner_name": row.counterpart_name,
        "account_number": row.counterpart_account,
        "transaction_type": row.bank_type,
        "transaction_details": _details(row),
        "amount": sign * Decimal(row.bank_amount),
    }
    if row.original_amount and row.original_currency_id != row.currency_id:
        values["foreign_currency_id"] = row.original_currency_id.id
        values["amount_currency"] = sign * row.original_amount
    return values


def _details(row):
    """What the bank said beside the label, for reconciliation and for reading."""
    details = {
        "original_text": row.original_text,
        "message": row.message,
        "booking_date": row.booking_date and row.date.isoformat(),
        "value_date": row.value_date and row.value_date.isoformat(),
        "exchange_rate": row.exchange_rate,
        **(row.references or {}),
        **references_in(" ".join(row._texts()), row.references or {}),
    }
    return {name: value for name, value in details.items() if value}


def partners_by_account_number(rows):
    """Find the partners behind the counterparts' account numbers, in one query.

    A number that belongs to two partners finds none: a doubt is the user's.

    :return: partner ids by sanitized account number
    :rtype: dict[str, int]
    """
    numbers = {
        spelling: sanitize_account_number(number)
        for number in rows.mapped("counterpart_account")
        if number
        for spelling in _spellings(number)
    }
    if not numbers:
        return {}
    bank_accounts = rows.env["res.partner.bank"].search(
        [
            ("sanitized_acc_number", "in", list(numbers)),
            ("company_id", "in", [False, rows.company_id.id]),
        ]
    )
    partners = {}
    for bank_account in bank_accounts:
        number = numbers[bank_account.sanitized_acc_number]
        partner_id = bank_account.partner_id.id
        partners[number] = (
            partner_id if partners.get(number, partner_id) == partner_id else False
        )
    return partners


def _spellings(number):
    """The ways a partner's account may be stored: as sent, and, for a Danish number,
    as IBAN and as registration and account number."""
    spellings = {number, iban_from_bban(number), bban_from_iban(number)}
    return {sanitize_account_number(each) for each in spellings if each}
