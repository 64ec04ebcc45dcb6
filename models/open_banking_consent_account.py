from odoo import api, fields, models


class OpenBankingConsentAccount(models.Model):
    """What a consent covered, and when: the register's own record.

    An account moves to another consent at a renewal, and may be taken off at the bank.
    Names and numbers stand here as they were.
    """

    _name = "open.banking.consent.account"
    _description = "Account Covered by a Consent"
    _order = "covered_from desc, id desc"
    _check_company_auto = True

    consent_id = fields.Many2one(
        "open.banking.consent",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        related="consent_id.company_id", store=True, index=True
    )
    account_id = fields.Many2one(
        "open.banking.account",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
    )
    provider_name = fields.Char(string="Bank", readonly=True)
    name = fields.Char(string="Account Name", readonly=True)
    number = fields.Char(readonly=True)
    holder = fields.Char(string="Account Holder", readonly=True)
    covered_from = fields.Datetime(string="From", readonly=True)
    covered_until = fields.Datetime(
        string="Until", readonly=True, help="Empty: it is covered now."
    )

    _one_open_entry = models.UniqueIndex(
        "(consent_id, account_id) WHERE covered_until IS NULL"
    )

    @api.model
    def _note(self, consent, accounts):
        """Note which accounts a consent covers now, and which no longer.

        :param open.banking.consent consent: Mastercard was just asked about it
        :param open.banking.account accounts: all that it covers
        """
        entries = self.sudo()
        known = entries.search(
            [("consent_id", "=", consent.id), ("covered_until", "=", False)]
        )
        elsewhere = entries.search(
            [
                ("account_id", "in", accounts.ids),
                ("consent_id", "!=", consent.id),
                ("covered_until", "=", False),
            ]
        )
        gone = known.filtered(lambda entry: entry.account_id not in accounts)
        (gone | elsewhere)._close()
        fresh = accounts - (known - gone).account_id
        entries.create([entries._values(consent, account) for account in fresh])

    @api.model
    def _values(self, consent, account):
        return {
            "consent_id": consent.id,
            "account_id": account.id,
            "provider_name": account.provider_name,
            "name": account.name,
            "number": account.number,
            "holder": account.holder,
            "covered_from": fields.Datetime.now(),
        }

    def _close(self):
        self.filtered(lambda entry: not entry.covered_until).write(
            {"covered_until": fields.Datetime.now()}
        )


class OpenBankingAccount(models.Model):
    """An account enters the register with each consent that covers it."""

    _inherit = "open.banking.account"

    covered_ids = fields.One2many(
        "open.banking.consent.account", "account_id", "Consents", readonly=True
    )

    @api.model
    def _store_accounts(self, consent, bank_accounts):
        accounts = super()._store_accounts(consent, bank_accounts)
        self.env["open.banking.consent.account"]._note(consent, accounts)
        return accounts

    def _with_new_consent(self):
        """A run that has begun to read belongs to the consent it began under."""
        begun = [("account_id", "in", self.ids), ("state", "=", "reading")]
        for run in self.env["open.banking.fetch"].sudo().search(begun):
            run._close("failed", "interrupted")
        return super()._with_new_consent()
