from datetime import timedelta

from odoo import api, fields, models

KEPT_FOR = timedelta(days=1)


class OpenBankingProvider(models.Model):
    """A bank that Mastercard reaches: its own list, kept for a day."""

    _name = "open.banking.provider"
    _description = "Bank at Mastercard"
    _order = "name, country"

    name = fields.Char(required=True, readonly=True)
    country = fields.Char(readonly=True)
    external_id = fields.Char(required=True, readonly=True)
    # Sandbox and production have different banks.
    service = fields.Char(required=True, readonly=True)
    active = fields.Boolean(default=True, readonly=True)

    _provider_uniq = models.UniqueIndex("(service, external_id)")

    @api.depends("name", "country")
    def _compute_display_name(self):
        for bank in self:
            country = f" ({bank.country})" if bank.country else ""
            bank.display_name = f"{bank.name}{country}"

    @api.model
    def _refresh(self, company):
        """Ask Mastercard for its list of banks, unless that was done today.

        :raise bank_api.BankApiError: when Mastercard cannot be asked
        """
        service = company._open_banking_address()
        banks = self.sudo().with_context(active_test=False)
        known = banks.search([("service", "=", service)])
        newest = max(known.mapped("write_date"), default=None)
        if newest and newest > fields.Datetime.now() - KEPT_FOR:
            return
        listed = company._open_banking_client().providers()
        known._store_list(service, {bank.id: bank for bank in listed if bank.id})

    def _store_list(self, service, listed):
        by_id = {bank.external_id: bank for bank in self}
        for external_id, bank in listed.items():
            if external_id in by_id:
                by_id[external_id].write(self._values(bank))
        self.filtered(lambda bank: bank.external_id not in listed).active = False
        self.create(
            [
                {**self._values(bank), "external_id": external_id, "service": service}
                for external_id, bank in listed.items()
                if external_id not in by_id
            ]
        )

    @api.model
    def _values(self, bank):
        return {"name": bank.name or bank.id, "country": bank.country, "active": True}
