from .const import FEED_SOURCE


def uninstall_hook(env):
    """Give the journals back to the core value of the feed source.

    The selection of `bank_statements_source` is a function, so Odoo itself cannot
    clean up our value when it goes away.
    """
    journals = env["account.journal"].with_context(active_test=False)
    journals.search([("bank_statements_source", "=", FEED_SOURCE)]).write(
        {"bank_statements_source": "undefined"}
    )
