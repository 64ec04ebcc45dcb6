"""What a machine's error code means to a person: what happened, and what to do.

One table for screens, mails, chatter and the bank log. A code that is not listed
gets the sentence of "unknown"; no status code or traceback ever reaches a user.
"""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

UNREADABLE = _lt(
    "Mastercard sent an answer that cannot be read. Nothing was changed. Odoo tries "
    "again by itself; if it goes on, tell Mastercard's support."
)

WORDS = {
    "timeout": _lt("Mastercard did not answer in time. Odoo tries again by itself."),
    "unreachable": _lt(
        "Mastercard could not be reached. Odoo tries again by itself. If it goes on, "
        "ask your administrator whether the server may reach the internet."
    ),
    "server_error": _lt(
        "Mastercard's service has a fault at the moment. Odoo tries again by itself."
    ),
    "conflict": _lt(
        "Mastercard is busy with the previous request. Odoo tries again by itself."
    ),
    "rate_limited": _lt(
        "The bank allows only a few readings a day, and they are used up. Odoo waits "
        "and tries again by itself. Nothing is lost."
    ),
    "consent_expired": _lt(
        "The consent has ended. Press Connect to bank to give it again; the "
        "transactions since then will be fetched without a gap."
    ),
    "consent_ends_soon": _lt(
        "The consent ends soon. Ask the customer to renew it; until then everything "
        "goes on."
    ),
    "consent_revoked": _lt(
        "The account holder has withdrawn the consent at the bank or at Mastercard. "
        "Nothing more is read; the lines stay. Talk to him before you press Connect to "
        "bank again."
    ),
    "login_needed": _lt(
        "The bank wants its customer to log in again before it delivers anything new. "
        "Ask him to renew the consent; what is there can still be fetched."
    ),
    "connection_removed": _lt(
        "The connection to this bank was removed at Mastercard. Press Connect to bank "
        "to share its accounts again; the lines stay and there will be no gap."
    ),
    "consent_needs_update": _lt(
        "Mastercard needs the customer to confirm the consent again. Ask him to renew "
        "it; until the bank refuses, Odoo goes on reading."
    ),
    "disconnected": _lt(
        "A user has disconnected the bank. Nothing more is read; the lines stay. Press "
        "Connect to bank to go on without a gap."
    ),
    "ending": _lt("The bank is being disconnected."),
    "replaced": _lt("Renewed by a newer consent."),
    "not_covered": _lt(
        "The newer consent does not cover this account. Ask the customer to renew the "
        "consent and tick this account too, or leave the account out if it is no "
        "longer to be read."
    ),
    "one_more_login": _lt(
        "Thank you. Another of your banks asks you to log in as well. Press Continue."
    ),
    "other_customer": _lt(
        "Somebody else has logged in at the bank, so nothing was changed. Please start "
        "again, with the login and e-mail address you used before."
    ),
    "access_token_rejected": _lt(
        "Mastercard asked Odoo to identify itself again. Odoo does so by itself."
    ),
    "credentials_rejected": _lt(
        "Mastercard does not accept the client ID and secret. An administrator checks "
        "them under Settings, Invoicing, Mastercard Open Banking."
    ),
    "not_set_up": _lt(
        "Mastercard Open Banking is not set up, or its key is missing. Ask your "
        "administrator."
    ),
    "forbidden": _lt(
        "Mastercard does not allow this reading. Press Connect to bank and share the "
        "account again."
    ),
    "not_found": _lt(
        "Mastercard no longer knows this account. Press Connect to bank and share it "
        "again."
    ),
    "configuration": _lt(
        "The settings for Mastercard Open Banking cannot work. An administrator checks "
        "them under Settings, Invoicing, Mastercard Open Banking."
    ),
    "tls_failed": _lt(
        "The connection to Mastercard is not secure, so nothing was sent. Ask your "
        "administrator."
    ),
    "paging_token_rejected": _lt(
        "Mastercard lost its place in the list. Odoo starts reading again from the "
        "top; nothing is booked twice."
    ),
    **dict.fromkeys(
        ("cut_short", "redirected", "too_large", "paging_loop"), UNREADABLE
    ),
    "malformed": UNREADABLE,
    "rejected": _lt(
        "Mastercard refused the request. Odoo tries again later; if it goes on, press "
        "Connect to bank to make the connection again."
    ),
    "interrupted": _lt(
        "The reading was interrupted and is done again from the start. Nothing is "
        "booked twice."
    ),
    "empty_answer": _lt(
        "The bank's balance has moved, but it sent no transactions. Odoo tries again "
        "by itself and leaves no gap. If it goes on, fetch an earlier period with "
        "Fetch transactions."
    ),
    "orphaned": _lt(
        "The bank no longer delivers this account. It may have been closed, or the "
        "agreement with the bank has changed."
    ),
    "currency_mismatch": _lt(
        "The account's currency at the bank is not the journal's. Choose another "
        "journal for it."
    ),
    # Reasons why one transaction waits instead of being booked.
    "date_missing": _lt("The bank gave no booking date."),
    "date_invalid": _lt("The bank's booking date cannot be read."),
    "amount_missing": _lt("The bank gave no amount."),
    "amount_not_a_number": _lt("The bank's amount cannot be read."),
    "amount_precision": _lt("The amount has more decimals than its currency."),
    "amount_too_large": _lt("The amount is too large to be booked."),
    "currency_missing": _lt("The bank gave no currency."),
    "currency_differs": _lt("The currency is not the account's."),
    "locked_period": _lt("The booking date lies in a locked period."),
    "refused_by_odoo": _lt("Odoo refused to book the line."),
    "possible_duplicate": _lt(
        "It looks like a transaction that the bank has sent before, with another text. "
        "If it is one of its own, book it; if not, leave it out."
    ),
    "looks_like_line": _lt(
        "The journal has a line of this amount that did not come from the bank. If it "
        "is the same, take that line; if not, book it."
    ),
    "replaces": _lt(
        "The bank took a booked transaction off its list and sent this one, which "
        "resembles it. Replace the old line by it, or book it beside the old one."
    ),
    "no_journal": _lt("Choose a journal for the account first."),
    "left_out_by_user": _lt("A user left it out."),
    "undone": _lt("The run that booked it was undone."),
    "before_start": _lt("The booking date lies before the account's start date."),
    "withdrawn": _lt("The bank took the transaction back."),
    "line_deleted": _lt("The line was deleted in Odoo."),
    # Why a consent could not be stored.
    "cancelled": _lt(
        "The bank connection was not made: it was cancelled, or the bank refused it. "
        "Nothing has changed."
    ),
    "code_rejected": _lt(
        "The way back from the bank took too long or was used before. Please start "
        "again."
    ),
    "consent_of_other_company": _lt(
        "This consent belongs to another company. Nothing was stored."
    ),
    "no_accounts": _lt("The consent was given, but no account was shared."),
    "withdrawn_by_user": _lt("A user withdrew the link. It no longer works."),
    "not_me": _lt(
        "The one who received the link said that it is not for him. It no longer "
        "works. Check the contact's e-mail address, and send a new link."
    ),
    "link_expired": _lt(
        "The link has run out without being used. Send a new one if the bank is still "
        "to be connected."
    ),
    "unknown": _lt(
        "Something went wrong that Odoo does not know. Your administrator finds the "
        "details in the server's log. Odoo tries again by itself."
    ),
}


def words(env, code):
    """Return the sentence for an error code in the user's language.

    :param env: environment whose language is used
    :param str code: an error code, or False for no error
    :rtype: str
    """
    if not code:
        return ""
    return env._(WORDS.get(code, WORDS["unknown"]))
