import re
import tempfile

from odoo import http
from odoo.exceptions import UserError
from odoo.http import content_disposition, request
from werkzeug.exceptions import NotFound
from werkzeug.wsgi import wrap_file

from ..models.open_banking_consent_export import EXPORT_PATH
from .public import guarded, public_route

# Records of ours in a list: no number is longer in a table of PostgreSQL's integers.
NUMBERS = re.compile(r"(?:^|(?<=,))[0-9]{1,9}(?=,|$)")


class Export(http.Controller):
    """The file with what is held about one who gave a consent."""

    @public_route(f"{EXPORT_PATH}/consent/<string:ids>", ["GET"], auth="user")
    def export(self, ids, **_unknown):
        """Send the file. Who took it stands on the consents' chatter."""
        numbers = [int(number) for number in NUMBERS.findall(ids)]
        consents = request.env["open.banking.consent"].browse(numbers).exists()
        try:
            if not consents:
                raise NotFound()
            consents._check_bookkeeper_or_manager()
        except UserError as error:
            raise NotFound() from error
        file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the response)
        consents._export_into(file)
        consents._log_export()
        return self._as_download(file, "bank-data.zip")

    def _as_download(self, file, name):
        size = file.tell()
        file.seek(0)
        body = wrap_file(request.httprequest.environ, file)
        response = request.make_response(
            body,
            [
                ("Content-Type", "application/zip"),
                ("Content-Length", str(size)),
                ("Content-Disposition", content_disposition(name)),
            ],
        )
        response.direct_passthrough = True
        response.call_on_close(file.close)
        return guarded(response)
