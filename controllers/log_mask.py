"""Odoo's access log without what lets people in: links, codes, states.

Odoo writes the path of each request into its log. Of our public pages the path is the
secret, or the query holds a code.
"""

import logging
import re

from ..const import CALLBACK_PATH, CONSENT_PAGE_PATH, WEBHOOK_PATH

SECRET_PATH = re.compile(
    rf"({re.escape(CONSENT_PAGE_PATH)}/|{re.escape(WEBHOOK_PATH)}/"
    rf"|{re.escape(CALLBACK_PATH)}\?)[^\s\"']+"
)


def masked(text):
    """Return a line of the log in which what follows our paths is left out."""
    return SECRET_PATH.sub(r"\1…", text)


class LinkFilter(logging.Filter):
    """Masks what a request's line says, before any handler sees it."""

    def filter(self, record):
        message = record.getMessage()
        short = masked(message)
        if short != message:
            record.msg, record.args = short, ()
        return True


logging.getLogger("werkzeug").addFilter(LinkFilter())
