from odoo import SUPERUSER_ID, models


class OpenBankingConsent(models.Model):
    """Who is asked when a person is needed."""

    _inherit = "open.banking.consent"

    def _responsible(self):
        """Return who looks after this consent: the user named in it, as long as he may
        see it; else one who keeps the company's books; else Odoo itself.

        :rtype: res.users
        """
        user = self.user_id
        if user.active and self._may_be_seen_by(user):
            return user
        return self._first_manager() or user.browse(SUPERUSER_ID)

    def _may_be_seen_by(self, user):
        companies = user.company_ids.ids
        seen = self.with_user(user).with_context(allowed_company_ids=companies)
        return seen.has_access("read")

    def _first_manager(self):
        group = self.env.ref("account.group_account_manager")
        domain = [
            ("all_group_ids", "in", group.ids),
            ("company_ids", "in", self.company_id.ids),
            ("share", "=", False),
        ]
        return self.env["res.users"].sudo().search(domain, order="id", limit=1)
