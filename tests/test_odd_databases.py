from lxml import etree
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import BOOKKEEPER_GROUPS, OpenBankingCase
from .test_links import LinkCase

MODULE = "account_mastercard_open_banking"
# A language Odoo has and this add-on has not.
UNSPOKEN = "fr_FR"


def our_views(env):
    """The views of this add-on, and those of Odoo that it extends."""
    names = env["ir.model.data"].search(
        [("module", "=", MODULE), ("model", "=", "ir.ui.view")]
    )
    views = env["ir.ui.view"].browse(names.mapped("res_id")).filtered("model")
    for view in views:
        while view.inherit_id and view.mode == "extension":
            view = view.inherit_id
        yield view


@tagged("post_install", "-at_install")
class TestCompanyWithoutChart(OpenBankingCase):
    """A company that has no chart of accounts: so no journals, no suspense account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        denmark = cls.env.ref("base.dk").id
        cls.bare = cls.env["res.company"].create(
            {"name": "Nordlys Handel ApS (new)", "country_id": denmark}
        )
        cls.env.user.company_ids += cls.bare
        cls.owner = new_test_user(
            cls.env,
            login="owner",
            email="owner@nordlys.example",
            groups=BOOKKEEPER_GROUPS,
            company_id=cls.bare.id,
            company_ids=[(6, 0, cls.bare.ids)],
        )
        cls.point_to_bank(cls.bare)

    def as_owner(self, model):
        return self.env[model].with_user(self.owner).with_company(self.bare)

    def new_journal(self):
        return self.as_owner("account.journal").create(
            {"name": "Bank", "type": "bank", "code": "BNK1"}
        )

    def connect_bare(self, journal):
        """Connect the company's bank, and open the choice of journals."""
        consent = self.connect(self.bare, ["Driftskonto"], self.owner, journal)
        accounts = consent.account_ids.with_user(self.owner)
        wizard = self.as_owner("open.banking.account.map")
        return accounts, wizard._for_accounts(accounts, journal)

    def test_all_screens_open(self):
        for view in our_views(self.env):
            with self.subTest(view=view.xml_id), self.assertNoLogs("odoo", "WARNING"):
                model = self.env[view.model].with_company(self.bare)
                model.get_view(view.id, view.type)
        self.assertTrue(self.env["open.banking.health"]._rows(self.bare))
        self.assertFalse(self.as_owner("open.banking.account").search([]))
        self.assertFalse(self.as_owner("account.journal").search([]))

    def test_without_a_journal_it_is_said_that_one_is_needed(self):
        with self.assertRaisesRegex(UserError, "no bank journal yet"):
            self.as_owner("open.banking.account").action_send_link()

    def test_a_new_journal_is_made_or_it_is_said_why_not(self):
        journal = self.new_journal()
        accounts, wizard = self.connect_bare(journal)
        wizard.line_ids.write({"action": "new", "journal_id": False})
        wizard.action_confirm()
        self.assertEqual(accounts.mapping, "mapped")
        self.assertNotEqual(accounts.journal_id, journal)

    def test_all_is_held_until_there_is_a_chart_and_then_booked(self):
        journal = self.new_journal()
        accounts, wizard = self.connect_bare(journal)
        wizard.line_ids.start_date = self.today.replace(year=self.today.year - 2)
        wizard.action_confirm()
        self.run_jobs()
        rows = accounts.transaction_ids.filtered(lambda row: row.state == "booked")
        self.assertEqual(len(rows), 11)
        self.assertEqual(set(rows.mapped("booking_state")), {"held"})
        self.assertTrue(all(rows.mapped("reason")))
        self.assertFalse(self.lines(accounts.sudo()))
        templates = self.env["account.chart.template"]
        templates.try_loading("dk", self.bare, install_demo=False)
        self.env.invalidate_all()
        # Odoo has put journals of the chart in the place of the first one.
        self.assertFalse(journal.exists())
        self.assertEqual(accounts.mapping, "unmapped")
        journal = self.as_owner("account.journal").search(
            [("type", "=", "bank")], limit=1
        )
        wizard = self.as_owner("open.banking.account.map")
        wizard._for_accounts(accounts, journal).action_confirm()
        self.assertEqual(accounts.journal_id, journal)
        rows.action_book()
        self.assertEqual(set(rows.mapped("booking_state")), {"booked"}, rows[:1].reason)
        self.run_jobs()
        self.assert_books_equal_bank(accounts.sudo())


@tagged("post_install", "-at_install")
class TestJournals(OpenBankingCase):
    """Journals that lack something, or are no more."""

    def test_the_account_of_a_deleted_journal_waits_for_another(self):
        account = self.map_all(self.connect(accounts=["Driftskonto"]))
        self.journal.unlink()
        self.assertFalse(account.journal_id)
        self.assertEqual(account.mapping, "unmapped")
        self.run_jobs()
        self.assertFalse(account.fetch_ids)

    def test_what_was_held_is_booked_once_there_is_one(self):
        suspense = self.journal.suspense_account_id
        self.journal.suspense_account_id = False
        account = self.import_one("Driftskonto")
        self.assertFalse(self.lines(account))
        self.assertEqual(account.question_count, 11)
        self.journal.suspense_account_id = suspense
        held = account.transaction_ids.filtered(lambda row: row.booking_state == "held")
        held.with_user(self.bookkeeper).action_book()
        self.assert_books_equal_bank(account)


@tagged("post_install", "-at_install")
class TestUnspokenLanguage(LinkCase):
    """A user or customer whose language this add-on does not speak reads English."""

    def setUp(self):
        super().setUp()
        self.env["res.lang"]._activate_lang(UNSPOKEN)
        self.bookkeeper.lang = UNSPOKEN

    def test_all_screens_open(self):
        for view in our_views(self.env):
            with self.subTest(view=view.xml_id), self.assertNoLogs("odoo", "WARNING"):
                model = self.env[view.model].with_context(lang=UNSPOKEN)
                arch = model.get_view(view.id, view.type)["arch"]
                self.assertTrue(len(etree.fromstring(arch)))

    def test_the_customers_mail_and_page(self):
        self.karen.lang = UNSPOKEN
        link = self.send()
        self.assertIn("please connect your bank", self.mails()[0].subject)
        page = self.url_open(link)
        self.assertEqual(page.status_code, 200)
        self.assertIn('lang="fr-FR"', page.text)
        self.assertIn("Nordlys Handel ApS", self.text_of(page))

    def test_an_import(self):
        with self.assertNoLogs("odoo", "WARNING"):
            account = self.import_one("Driftskonto")
        self.assert_books_equal_bank(account)
