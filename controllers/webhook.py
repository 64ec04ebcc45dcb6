import logging

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..bank_api import SignatureRejected, verify
from ..const import WEBHOOK_PATH
from ..models.open_banking_vault import NotSetUp
from .public import guarded, public_route

_logger = logging.getLogger(__name__)

# The largest event names some accounts, by ids of a few hundred characters.
LARGEST_BODY = 1024 * 1024


class Webhook(http.Controller):
    """Where Mastercard tells that something has happened.

    The request checks who speaks and keeps what was said; a scheduled job acts on it,
    so that Mastercard has its answer at once whatever an import is doing.
    """

    @public_route(
        f"{WEBHOOK_PATH}/<string:key>",
        ["POST"],
        auth="none",  # no user, no language: a third of the time saved
        readonly=False,
        csrf=False,
        save_session=False,
        max_content_length=LARGEST_BODY,
    )
    def receive(self, key, **_unread):
        """Take in one event. Whatever cannot be proven is refused in the same words."""
        companies = request.env["res.company"].with_user(SUPERUSER_ID)
        company = companies._open_banking_from_webhook_key(key)
        try:
            body = request.httprequest.get_data(cache=False)
            secret = self._secret(company)
            verified = verify(request.httprequest.headers, body, secret)
        except SignatureRejected as error:
            return self._refuse(error.reason)
        except NotSetUp:
            # Our own fault, and perhaps mended before Mastercard's last attempt.
            return self._answer("unavailable", 503)
        events = company.env["open.banking.event"]
        if events._is_out_of_time(verified.timestamp):
            return self._refuse("out_of_time")
        if events._is_weaker(company, verified):
            return self._refuse("weaker_signature")
        events._receive(company, verified, body)
        return self._answer("ok", 200)

    def _secret(self, company):
        encrypted = company.sudo().open_banking_webhook_secret_encrypted
        return company.env["open.banking.vault"]._decrypt(encrypted) or ""

    def _refuse(self, reason):
        _logger.info("A message to the webhook was refused: %s", reason)
        return self._answer("refused", 401)

    def _answer(self, text, status):
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        return guarded(request.make_response(text, headers, status=status))
