"""Every matter that Odoo has words for, by the code of what happened.

No Odoo record, no request: a table only. It is read through `error_words`.
"""

from odoo.tools.translate import LazyTranslate

from .error_matter import (
    ADMINISTRATOR,
    BOOKKEEPER,
    CONNECT,
    CUSTOMER,
    FETCH_DAYS,
    ODOO,
    RENEW,
    SEND_AGAIN,
    SETTINGS,
    TRY_NOW,
    Matter,
)
from .error_table_rows import ROW_MATTERS

_lt = LazyTranslate(__name__)

UNREADABLE = _lt(
    "Mastercard sent an answer that cannot be read. Nothing was changed. Odoo tries "
    "again by itself; if it goes on, tell Mastercard's support."
)

MATTERS = {
    **ROW_MATTERS,
    "timeout": Matter(
        _lt("Mastercard did not answer in time. Odoo tries again by itself."),
        ODOO,
        TRY_NOW,
        is_common=True,
    ),
    "unreachable": Matter(
        _lt(
            "Mastercard could not be reached. Odoo tries again by itself. If it goes "
            "on, ask your administrator whether the server may reach the internet."
        ),
        ODOO,
        TRY_NOW,
        is_common=True,
    ),
    "server_error": Matter(
        _lt(
            "Mastercard's service has a fault at the moment. Odoo tries again by "
            "itself."
        ),
        ODOO,
        TRY_NOW,
        is_common=True,
    ),
    "conflict": Matter(
        _lt(
            "Mastercard is busy with the previous request. Odoo tries again by itself."
        ),
        ODOO,
        TRY_NOW,
    ),
    "rate_limited": Matter(
        _lt(
            "The bank allows only a few readings a day, and they are used up. Odoo "
            "waits and tries again by itself. Nothing is lost."
        ),
        ODOO,
        None,
    ),
    "consent_expired": Matter(
        _lt(
            "The consent has ended. Press Connect to bank to give it again; the "
            "transactions since then will be fetched without a gap."
        ),
        CUSTOMER,
        RENEW,
    ),
    "consent_ends_soon": Matter(
        _lt(
            "The consent ends soon. Ask the customer to renew it; until then "
            "everything goes on."
        ),
        CUSTOMER,
        RENEW,
    ),
    "consent_revoked": Matter(
        _lt(
            "The account holder has withdrawn the consent at the bank or at "
            "Mastercard. Nothing more is read; the lines stay. Talk to him before you "
            "press Connect to bank again."
        ),
        CUSTOMER,
        CONNECT,
    ),
    "login_needed": Matter(
        _lt(
            "The bank wants its customer to log in again before it delivers anything "
            "new. Ask him to renew the consent; what is there can still be fetched."
        ),
        CUSTOMER,
        RENEW,
    ),
    "connection_removed": Matter(
        _lt(
            "The connection to this bank was removed at Mastercard. Press Connect to "
            "bank to share its accounts again; the lines stay and there will be no "
            "gap."
        ),
        CUSTOMER,
        CONNECT,
    ),
    "consent_needs_update": Matter(
        _lt(
            "Mastercard needs the customer to confirm the consent again. Ask him to "
            "renew it; until the bank refuses, Odoo goes on reading."
        ),
        CUSTOMER,
        RENEW,
    ),
    "disconnected": Matter(
        _lt(
            "A user has disconnected the bank. Nothing more is read; the lines stay. "
            "Press Connect to bank to go on without a gap."
        ),
        BOOKKEEPER,
        CONNECT,
    ),
    "ending": Matter(_lt("The bank is being disconnected."), ODOO, None),
    "replaced": Matter(_lt("Renewed by a newer consent."), ODOO, None),
    "not_covered": Matter(
        _lt(
            "The newer consent does not cover this account. Ask the customer to renew "
            "the consent and tick this account too, or leave the account out if it is "
            "no longer to be read."
        ),
        CUSTOMER,
        RENEW,
    ),
    "access_token_rejected": Matter(
        _lt("Mastercard asked Odoo to identify itself again. Odoo does so by itself."),
        ODOO,
        TRY_NOW,
    ),
    "credentials_rejected": Matter(
        _lt(
            "Mastercard does not accept the client ID and secret. An administrator "
            "checks them under Settings, Invoicing, Mastercard Open Banking."
        ),
        ADMINISTRATOR,
        SETTINGS,
        is_common=True,
    ),
    "not_set_up": Matter(
        _lt(
            "Mastercard Open Banking is not set up, or its key is missing. Ask your "
            "administrator."
        ),
        ADMINISTRATOR,
        SETTINGS,
        is_common=True,
    ),
    "not_at_home": Matter(
        _lt(
            "This is a copy of the database that is connected to the bank. It reads "
            "nothing and sends no mails. If it is the original now, an administrator "
            "says so in the settings."
        ),
        ADMINISTRATOR,
        SETTINGS,
        is_common=True,
    ),
    "neutralized": Matter(
        _lt(
            "This is a neutralized copy of a database: its access to the bank was "
            "taken out. Press Connect to bank to try the feed with credentials for the "
            "sandbox."
        ),
        BOOKKEEPER,
        CONNECT,
    ),
    "key_lost": Matter(
        _lt(
            "The key that protected the connection was lost, and with it the access to "
            "the bank. Ask the customer to renew the consent; the accounts then go on "
            "without a gap."
        ),
        CUSTOMER,
        RENEW,
    ),
    "forbidden": Matter(
        _lt(
            "Mastercard does not allow this reading. Press Connect to bank and share "
            "the account again."
        ),
        BOOKKEEPER,
        CONNECT,
    ),
    "not_found": Matter(
        _lt(
            "Mastercard no longer knows this account. Press Connect to bank and share "
            "it again."
        ),
        BOOKKEEPER,
        CONNECT,
    ),
    "configuration": Matter(
        _lt(
            "The settings for Mastercard Open Banking cannot work. An administrator "
            "checks them under Settings, Invoicing, Mastercard Open Banking."
        ),
        ADMINISTRATOR,
        SETTINGS,
        is_common=True,
    ),
    "tls_failed": Matter(
        _lt(
            "The connection to Mastercard is not secure, so nothing was sent. Ask "
            "your administrator."
        ),
        ADMINISTRATOR,
        SETTINGS,
        is_common=True,
    ),
    "paging_token_rejected": Matter(
        _lt(
            "Mastercard lost its place in the list. Odoo starts reading again from "
            "the top; nothing is booked twice."
        ),
        ODOO,
        TRY_NOW,
    ),
    "cut_short": Matter(UNREADABLE, ODOO, TRY_NOW),
    "redirected": Matter(UNREADABLE, ODOO, TRY_NOW),
    "too_large": Matter(UNREADABLE, ODOO, TRY_NOW),
    "paging_loop": Matter(UNREADABLE, ODOO, TRY_NOW),
    "malformed": Matter(UNREADABLE, ODOO, TRY_NOW),
    "rejected": Matter(
        _lt(
            "Mastercard refused the request. Odoo tries again later; if it goes on, "
            "press Connect to bank to make the connection again."
        ),
        ODOO,
        CONNECT,
    ),
    "interrupted": Matter(
        _lt(
            "The reading was interrupted and is done again from the start. Nothing is "
            "booked twice."
        ),
        ODOO,
        TRY_NOW,
    ),
    "empty_answer": Matter(
        _lt(
            "The bank's balance has moved, but it sent no transactions. Odoo tries "
            "again by itself and leaves no gap. If it goes on, fetch an earlier "
            "period with Fetch transactions."
        ),
        ODOO,
        FETCH_DAYS,
    ),
    "orphaned": Matter(
        _lt(
            "The bank no longer delivers this account. It may have been closed, or "
            "the agreement with the bank has changed."
        ),
        CUSTOMER,
        CONNECT,
    ),
    # Why a consent could not be stored.
    "cancelled": Matter(
        _lt(
            "The bank connection was not made: it was cancelled, or the bank refused "
            "it. Nothing has changed."
        ),
        CUSTOMER,
        SEND_AGAIN,
    ),
    "code_rejected": Matter(
        _lt(
            "The way back from the bank took too long or was used before. Please "
            "start again."
        ),
        CUSTOMER,
        SEND_AGAIN,
    ),
    "consent_of_other_company": Matter(
        _lt("This consent belongs to another company. Nothing was stored."),
        CUSTOMER,
        None,
    ),
    "no_accounts": Matter(
        _lt("The consent was given, but no account was shared."), CUSTOMER, SEND_AGAIN
    ),
    "withdrawn_by_user": Matter(
        _lt("A user withdrew the link. It no longer works."), BOOKKEEPER, None
    ),
    "not_me": Matter(
        _lt(
            "The one who received the link said that it is not for him. It no longer "
            "works. Check the contact's e-mail address, and send a new link."
        ),
        BOOKKEEPER,
        None,
    ),
    "link_expired": Matter(
        _lt(
            "The link has run out without being used. Send a new one if the bank is "
            "still to be connected."
        ),
        CUSTOMER,
        SEND_AGAIN,
    ),
    "one_more_login": Matter(
        _lt(
            "Thank you. Another of your banks asks you to log in as well. Press "
            "Continue."
        ),
        CUSTOMER,
        None,
    ),
    "other_customer": Matter(
        _lt(
            "Somebody else has logged in at the bank, so nothing was changed. Please "
            "start again, with the login and e-mail address you used before."
        ),
        CUSTOMER,
        SEND_AGAIN,
    ),
    "database": Matter(
        _lt(
            "Odoo's database could not store the transactions; its disk may be full. "
            "Nothing is lost. Tell your administrator. Odoo tries again by itself."
        ),
        ODOO,
        TRY_NOW,
    ),
    "unknown": Matter(
        _lt(
            "Something went wrong that Odoo does not know. Your administrator finds "
            "the details in the server's log. Odoo tries again by itself."
        ),
        ODOO,
        TRY_NOW,
    ),
}
