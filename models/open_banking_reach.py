from urllib.parse import urlsplit

from odoo import api, models
from odoo.http import db_list, request


class OpenBankingHealth(models.AbstractModel):
    """Does who has no login here reach this database? The customer's browser and
    Mastercard's messages carry an address only: from it Odoo tells the database, or it
    answers that there is no such page."""

    _inherit = "open.banking.health"

    @api.model
    def _is_out_of_reach(self):
        """Whether the server has several databases and does not choose this one.

        :rtype: bool
        """
        if request and request.httprequest.headers.get("X-Odoo-Database"):
            return False  # a proxy in front says which
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        chosen = db_list(force=True, host=urlsplit(base).netloc)
        return chosen != [self.env.cr.dbname]

    @api.model
    def _of_databases(self):
        """Say nothing where all is well: most servers have one database."""
        if not self._is_out_of_reach():
            return None
        return self._row(
            "bad",
            self.env._("Several databases"),
            self.env._(
                "From its address alone this server does not know which database is "
                "meant. Customers' links, their way back from the bank and messages of "
                "Mastercard end at a page that says Not Found."
            ),
            self.env._(
                "Set dbfilter in odoo.conf, so that the address leads to this database "
                "alone: for example dbfilter = ^%(database)s$, or ^%%d$ where each "
                "database is named as its subdomain. Then restart Odoo.",
                database=self.env.cr.dbname,
            ),
        )
