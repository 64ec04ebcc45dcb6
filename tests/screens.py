from lxml import etree
from odoo.tests import new_test_user
from odoo.tools.safe_eval import safe_eval

from .common import OpenBankingCase

MODULE = "account_mastercard_open_banking"
LINE = "account.bank.statement.line"


class ScreensCase(OpenBankingCase):
    """Views as a user gets them, and what their filters let through."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {
            "company_id": cls.company.id,
            "company_ids": [(6, 0, cls.company.ids)],
        }
        cls.reader = new_test_user(
            cls.env, "reader", groups="account.group_account_readonly", **company
        )
        cls.invoicer = new_test_user(
            cls.env, "invoicer", groups="account.group_account_invoice", **company
        )

    def view(self, name, kind, user=None):
        """Return a view as a user gets it."""
        ref = self.env.ref(f"{MODULE}.{name}")
        model = self.env[ref.model].with_user(user or self.bookkeeper)
        return etree.fromstring(model.get_view(ref.id, kind)["arch"])

    def found(self, view, filter_name, among, user=None):
        """Return those of some records that a filter of a search view lets through."""
        arch = self.view(view, "search", user)
        node = arch.find(f".//filter[@name='{filter_name}']")
        self.assertIsNotNone(node, filter_name)
        domain = safe_eval(node.get("domain"), {"uid": self.bookkeeper.id})
        model = among.with_user(user or self.bookkeeper)
        return model.search([*domain, ("id", "in", among.ids)])
