"""The companies whose books the equality suite writes."""

from datetime import date

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

ACCOUNTANT = "account.group_account_user,account.group_account_manager"
# Of one unit of the currency, in the company's: by month, so that dates matter.
RATES = {"EUR": 0.1341, "USD": 0.1467, "GBP": 0.1153, "JPY": 22.1, "KWD": 0.0449}


class EqualityWorld(TransactionCase):
    """A Danish company with journals of all kinds, and stranger ones beside it."""

    # Companies a class of tests needs besides the Danish one.
    WITH = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.currency = {
            name: cls.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", name)])
            for name in ("DKK", *RATES)
        }
        for currency in cls.currency.values():
            currency.active = True
        cls.companies, cls.journals, cls.users = {}, {}, {}
        cls.make_danish()
        for name in cls.WITH:
            getattr(cls, f"make_{name}")()
        cls.make_partners()

    # === COMPANIES === #

    @classmethod
    def make_company(cls, key, chart, parent=None, **values):
        country = cls.env.ref("base.dk" if chart == "dk" else "base.us")
        company = cls.env["res.company"].create(
            {
                "name": f"Equality {key}",
                "country_id": country.id,
                "parent_id": parent and parent.id,
            }
        )
        cls.env.user.company_ids += company
        if chart:
            cls.env["account.chart.template"].try_loading(
                chart, company, install_demo=False
            )
        company.write(values)
        cls.companies[key] = company
        cls.users[key] = new_test_user(
            cls.env,
            login=f"equality {key}",
            groups=ACCOUNTANT,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        if not parent:
            cls.make_rates(company)
        return company

    @classmethod
    def make_rates(cls, company):
        """Give each currency another rate each month."""
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": cls.currency[name].id,
                    "company_id": company.id,
                    "name": date(2025, month, 1),
                    "rate": rate * (1 + month / 70),
                }
                for name, rate in RATES.items()
                if cls.currency[name] != company.currency_id
                for month in range(1, 13)
            ]
        )

    @classmethod
    def make_danish(cls):
        company = cls.make_company("danish", "dk")
        cls.journals["bank"] = cls.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", "bank")], limit=1
        )
        cls.make_journal("danish", "same", code="BSAM", currency="DKK")
        cls.make_journal("danish", "euro", code="BEUR", currency="EUR")
        cls.make_journal("danish", "yen", code="BJPY", currency="JPY")
        cls.make_journal("danish", "dinar", code="BKWD", currency="KWD")
        cls.make_journal("danish", "cash", type="cash", code="CSHX")
        cls.make_journal("danish", "card", type="credit", code="CARD")

    @classmethod
    def make_audit(cls):
        """Every entry has its messages here, and the year ends in June."""
        cls.make_company(
            "audit",
            "generic_coa",
            currency_id=cls.currency["EUR"].id,
            restrictive_audit_trail=True,
            fiscalyear_last_month="6",
            fiscalyear_last_day=30,
        )
        cls.make_journal("audit", "audit", code="BAUD")
        cls.make_journal("audit", "audit dollar", code="BAUS", currency="USD")

    @classmethod
    def make_branch(cls):
        """A branch: it keeps its books in the Danish company's accounts."""
        cls.make_company("branch", None, parent=cls.companies["danish"])
        cls.make_journal("branch", "branch", code="BBRA")

    @classmethod
    def make_dinar(cls):
        """A company that counts in thousandths."""
        cls.make_company("dinar", "generic_coa", currency_id=cls.currency["KWD"].id)
        cls.make_journal("dinar", "dinar home", code="BKWH")
        cls.make_journal("dinar", "dinar yen", code="BKWY", currency="JPY")

    @classmethod
    def make_yen(cls):
        """A company that counts in whole yen."""
        cls.make_company("yen", "generic_coa", currency_id=cls.currency["JPY"].id)
        cls.make_journal("yen", "yen home", code="BYEN")
        cls.make_journal("yen", "yen dollar", code="BYUS", currency="USD")

    @classmethod
    def make_journal(cls, company, key, currency=None, **values):
        cls.journals[key] = cls.env["account.journal"].create(
            {
                "name": f"Equality {key}",
                "type": "bank",
                "company_id": cls.companies[company].id,
                "currency_id": currency and cls.currency[currency].id,
                **values,
            }
        )

    # === PARTNERS === #

    @classmethod
    def make_partners(cls):
        """Partners whose settings reach into an entry."""
        company = cls.companies["danish"]
        position = cls.env["account.fiscal.position"].create(
            {"name": "Equality abroad", "company_id": company.id}
        )
        term = cls.env.ref("account.account_payment_term_30days")
        make = cls.env["res.partner"].with_company(company).create
        parent = make({"name": "Parent", "is_company": True})
        cls.partners = {
            "plain": make({"name": "Plain"}),
            "parent": parent,
            "child": make({"name": "Child", "parent_id": parent.id}),
            "abroad": make(
                {"name": "Abroad", "property_account_position_id": position.id}
            ),
            "terms": make(
                {
                    "name": "Terms",
                    "property_payment_term_id": term.id,
                    "property_supplier_payment_term_id": term.id,
                }
            ),
            "bank": make(
                {
                    "name": "Bank",
                    "bank_ids": [
                        Command.create(
                            {"acc_number": number, "allow_out_payment": True}
                        )
                        for number in ("DK5000400440116243", "DK8600400440116244")
                    ],
                }
            ),
        }
