import json
import zipfile

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

EXPORT_PATH = "/open_banking/export"

# So many rows of the feed are in memory at once.
ROWS_AT_ONCE = 1000

CONTACT = ("name", "email", "phone", "lang")
AUTHORISATION = (
    "purpose",
    "state",
    "company_id",
    "user_id",
    "journal_id",
    "create_date",
    "sent_on",
    "opened_on",
    "at_bank_on",
    "chosen_on",
    "done_on",
    "ended_on",
    "expires_on",
    "consent_id",
    "renews_id",
    "error_text",
)
CONSENT = (
    "name",
    "external_id",
    "company_id",
    "user_id",
    "state",
    "authorised_on",
    "expires_on",
    "expiry_source",
    "renewed_from_id",
    "ended_on",
    "ended_by_id",
    "error_text",
    "end_note",
    "erased_on",
    "erased_by_id",
)
COVERED = (
    "consent_id",
    "account_id",
    "provider_name",
    "name",
    "number",
    "holder",
    "covered_from",
    "covered_until",
)
ACCOUNT = (
    "provider_name",
    "name",
    "holder",
    "iban",
    "bban",
    "masked_pan",
    "currency_id",
    "external_id",
    "booked_balance",
    "available_balance",
    "balance_on",
    "journal_id",
    "start_date",
    "synced_until",
)
RUN = (
    "account_id",
    "consent_id",
    "trigger",
    "user_id",
    "state",
    "window_from",
    "window_to",
    "started_on",
    "finished_on",
    "received_count",
    "new_count",
    "booked_count",
    "held_count",
    "bank_balance",
    "currency_id",
    "error_text",
)
ROW = (
    "account_id",
    "fetch_id",
    "external_id",
    "date",
    "value_date",
    "amount",
    "currency_id",
    "balance",
    "original_amount",
    "original_currency_id",
    "text",
    "original_text",
    "message",
    "counterpart_name",
    "counterpart_account",
    "bank_type",
    "references",
    "state",
    "booking_state",
    "reason",
    "raw",
    "previous_raw",
)


def plain(record, name):
    """Return a field as JSON can say it: money as text, days and moments as in ISO."""
    field, value = record._fields[name], record[name]
    if field.type == "many2one":
        return {"id": value.id, "name": value.sudo().display_name} if value else None
    if field.type == "monetary":
        return money(value, record[field.get_currency_field(record)])
    if field.type == "datetime":
        return value.isoformat() + "Z" if value else None
    if field.type == "date":
        return value.isoformat() if value else None
    return value if value or field.type in ("boolean", "integer") else None


def money(amount, currency):
    """Return an amount exactly as it stands in the database."""
    return f"{amount:.{currency.decimal_places}f}"


class OpenBankingConsent(models.Model):
    """Everything that is held about the one who gave these consents, as a file."""

    _inherit = "open.banking.consent"

    def action_export(self):
        """Download what is held under these consents."""
        self._check_bookkeeper_or_manager()
        ids = ",".join(map(str, self.ids))
        address = f"{EXPORT_PATH}/consent/{ids}"
        return {"type": "ir.actions.act_url", "url": address, "target": "self"}

    def _check_bookkeeper_or_manager(self):
        groups = ("account.group_account_basic", "account.group_account_manager")
        if not any(map(self.env.user.has_group, groups)):
            raise UserError(
                self.env._(
                    "Only bookkeepers and accounting managers can export bank data."
                )
            )
        self.check_access("read")

    def _export_into(self, file):
        """Write what is held under these consents into a ZIP file.

        With the user's own rights: what he cannot read does not come along. Bank rows
        are written by and by, so that a long feed needs no more memory.

        :param file: a binary file, opened for writing
        """
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("bank-data.json", "w", force_zip64=True) as member:
                for piece in self._export_pieces():
                    member.write(piece.encode())

    def _export_pieces(self):
        """Return the JSON of the export, in pieces.

        :rtype: Iterator[str]
        """
        yield '{"exported_on": ' + json.dumps(fields.Datetime.now().isoformat() + "Z")
        for name, records, names in self._export_parts():
            yield f',\n"{name}": ['
            comma = ""
            for record in records:
                values = {
                    "id": record.id,
                    **{each: plain(record, each) for each in names},
                }
                yield comma + "\n" + json.dumps(values, ensure_ascii=False)
                comma = ","
            yield "\n]"
        yield "}\n"

    def _export_parts(self):
        """Return what belongs together: its name, the records, and their fields."""
        runs = self.env["open.banking.fetch"].search([("consent_id", "in", self.ids)])
        accounts = self.covered_ids.account_id | self.account_ids
        attempts = self.env["open.banking.authorisation"].search(
            list(
                Domain(self._domain_of_authorisations())
                | Domain("partner_id", "in", self.partner_id.ids)
            )
        )
        return (
            ("contacts", self.partner_id, CONTACT),
            ("authorisations", attempts, AUTHORISATION),
            ("consents", self, CONSENT),
            ("accounts_covered", self.covered_ids, COVERED),
            ("accounts", accounts, ACCOUNT),
            ("runs", runs, RUN),
            ("transactions", self._exported_rows(), ROW),
        )

    def _exported_rows(self):
        """Return the rows of the feed that were read under these consents, one by one.

        :rtype: Iterator[open.banking.transaction]
        """
        rows = self.env["open.banking.transaction"]
        last = 0
        while True:
            part = rows.search(
                [("fetch_id.consent_id", "in", self.ids), ("id", ">", last)],
                order="id",
                limit=ROWS_AT_ONCE,
            )
            yield from part
            if len(part) < ROWS_AT_ONCE:
                return
            last = part[-1].id
            part.invalidate_recordset()

    def _log_export(self):
        """Say on the consents who took a copy."""
        for consent in self.sudo():
            consent.message_post(
                body=self.env._(
                    "%(user)s exported the bank data.", user=self.env.user.name
                )
            )
