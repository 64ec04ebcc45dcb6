from contextlib import nullcontext
from datetime import date
from urllib.parse import parse_qsl, urlsplit

from dateutil.relativedelta import relativedelta
from lxml import html
from odoo.tests import HttpCase, TransactionCase, new_test_user
from odoo.tests.common import _super_send

from ..const import CALLBACK_PATH
from ..rehearsal_bank.customer import Customer
from .rehearsal import CLIENT_ID, CLIENT_SECRET, RehearsalBank

BOOKKEEPER_GROUPS = "account.group_account_user,account.group_account_manager"


class OpenBankingCommon:
    """A Danish company with a bookkeeper, and the rehearsal bank as its peer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = RehearsalBank()
        cls.addClassCleanup(cls.bank.stop)
        cls.company = cls.make_company("Nordlys Handel ApS")
        cls.bookkeeper = new_test_user(
            cls.env,
            login="bookkeeper",
            email="bookkeeper@nordlys.example",
            groups=BOOKKEEPER_GROUPS,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.journal = cls.env["account.journal"].search(
            [("company_id", "=", cls.company.id), ("type", "=", "bank")], limit=1
        )

    @classmethod
    def make_company(cls, name):
        """Make a company with a Danish chart and the rehearsal bank's credentials."""
        company = cls.env["res.company"].create(
            {"name": name, "country_id": cls.env.ref("base.dk").id}
        )
        cls.env.user.company_ids += company
        cls.env["account.chart.template"].try_loading("dk", company, install_demo=False)
        cls.point_to_bank(company)
        return company

    @classmethod
    def point_to_bank(cls, company):
        """Give a company the rehearsal bank's address and credentials."""
        company.write(
            {
                "open_banking_environment": "custom",
                "open_banking_custom_url": cls.bank.url,
                "open_banking_client_id": CLIENT_ID,
                "open_banking_client_secret_encrypted": cls.env[
                    "open.banking.vault"
                ]._encrypt(CLIENT_SECRET),
            }
        )

    @classmethod
    def _request_handler(cls, s, r, /, **kw):
        """Let our client's calls through: Odoo's guard knows no (connect, read) pair
        as a time limit. The peer is on loopback, which the guard allows."""
        if isinstance(kw.get("timeout"), tuple) and r.url.startswith(cls.bank.url):
            return _super_send(s, r, **kw)
        return super()._request_handler(s, r, **kw)

    def setUp(self):
        super().setUp()
        self.base = (
            self.base_url() if isinstance(self, HttpCase) else "http://127.0.0.1:8069"
        )
        self.env["ir.config_parameter"].set_param("web.base.url", self.base)
        self.set_scene("small")

    def set_scene(self, seed):
        """Put the rehearsal bank back to one of its seeds."""
        scene = self.bank.control("reset", {"seed": seed})
        # The bank's day, in Copenhagen: at midnight not the server's.
        self.today = date.fromisoformat(scene["today"])
        self.bank.control("settings", {"redirect_uris": [self.base + CALLBACK_PATH]})
        self.bank_accounts = self.bank.control("accounts")["accounts"]
        self.bank_id = self.bank_accounts[0]["bank"]
        self.customer = Customer(email="karen@nordlys.example", user="karen")

    # === THE WAY, WITHOUT A BROWSER === #

    def connect(self, company=None, accounts=None, user=None, journal=None):
        """Give a consent as a bookkeeper does, and return it with its accounts.

        Uses the models' own steps and the bank's real pages; the controllers have
        tests of their own.
        """
        attempts = self.env["open.banking.authorisation"]
        link = attempts._make_link(
            company or self.company, journal or self.journal, user or self.bookkeeper
        )
        attempt = attempts._from_link(link.rsplit("/", 1)[1])
        address, _state = attempt._go_to_bank("da_DK")
        back = self.customer.walk(address, bank=self.bank_id, accounts=accounts)
        brought = self.query_of(back)
        self.env.flush_all()
        with self.own_cursors():
            attempt._come_back(brought["code"], brought.get("consentId", ""))
        self.env.invalidate_all()
        self.assertEqual(attempt.state, "done", attempt.error_text)
        return attempt.consent_id

    def own_cursors(self):
        """Let code open cursors of its own inside this test's transaction."""
        if isinstance(self, HttpCase):
            return nullcontext()
        return self.enter_registry_test_mode()

    def query_of(self, address):
        """Return the parameters of an address."""
        return dict(parse_qsl(urlsplit(address).query))

    def map_all(self, consent, since=None):
        """Map all accounts of a consent as the wizard suggests, two years back."""
        since = since or self.today - relativedelta(years=2)
        accounts = self.env["open.banking.account"].search(
            [("consent_id", "=", consent.id)]
        )
        wizard = (
            self.env["open.banking.account.map"]
            .with_user(self.bookkeeper)
            ._for_accounts(accounts.with_user(self.bookkeeper), self.journal)
        )
        wizard.line_ids.start_date = since
        wizard.action_confirm()
        return accounts

    def run_jobs(self, times=200):
        """Run the scheduled job as often as it takes until no account is due."""
        job = self.env.ref("account_mastercard_open_banking.ir_cron_fetch")
        accounts = self.env["open.banking.account"]
        for _turn in range(times):
            self.env.flush_all()
            with self.own_cursors():
                error = job.method_direct_trigger()
            self.assertIsInstance(error, bool, error)
            self.env.invalidate_all()
            if not accounts.search_count(accounts._due_domain()):
                return
        self.fail("the scheduled job does not come to an end")

    def import_all(self):
        """Connect, map and import everything of the scene; returns the accounts."""
        accounts = self.map_all(self.connect())
        self.run_jobs()
        return accounts

    def import_one(self, name, since=None, **options):
        """Connect and import one account of the scene, or one made for the test.

        :param options: what the control desk takes to make an account
        """
        if options:
            self.bank.control("accounts", {"name": name, **options})
        account = self.map_all(self.connect(accounts=[name]), since)
        self.run_jobs()
        return account

    def add(self, account, **row):
        """Let the bank have one more transaction; returns the control desk's row."""
        body = {"account": account.iban, "transactions": [row]}
        return self.bank.control("transactions/add", body)["transactions"][0]

    def first_page(self, account, run):
        """Return the first page of the bank's list, as a run of the account gets it."""
        return account.company_id._open_banking_client().transactions_page(
            account.consent_id._access_token(),
            account.external_id,
            date_from=account.start_date,
            date_to=run.window_to,
            page_size=200,
            own=account._as_bank_account(),
        )

    def count(self, model, domain=()):
        """Return how many records there are."""
        return self.env[model].search_count(list(domain))

    def fetch_again(self, accounts):
        """Make the accounts due and run the jobs."""
        accounts.with_user(self.bookkeeper).action_fetch_now()
        self.run_jobs()

    def lines(self, account):
        """Return the statement lines of an account's journal, oldest first."""
        return self.env["account.bank.statement.line"].search(
            [("journal_id", "=", account.journal_id.id)], order="internal_index"
        )

    # === WHAT MUST HOLD === #

    def assert_books_equal_bank(self, account, in_order=True, proof="equal"):
        """The lines are the bank's booked rows, to the øre, and so is the balance.

        :param bool in_order: also the order within a day; a late booking changes it
        :param str proof: what the account says of its balance
        """
        said = [
            (row["date"], row["amount"], row["wire"]["text"])
            for row in self.bank.booked(account.iban)
        ]
        lines = self.lines(account)
        have = [
            (line.date.isoformat(), f"{line.amount:.2f}", line.payment_ref)
            for line in lines
        ]
        if not in_order:
            said, have = sorted(said), sorted(have)
        self.assertEqual(have, said)
        self.assertEqual(
            f"{lines[-1:].running_balance:.2f}", self.bank.balance(account.iban)
        )
        self.assertEqual(account.proof_state, proof, account.error_text)
        self.assertFalse(account.error_code)


class OpenBankingCase(OpenBankingCommon, TransactionCase):
    """For tests of the models."""


class OpenBankingHttpCase(OpenBankingCommon, HttpCase):
    """For tests of the pages."""

    def press_connect(self, user=None):
        """Press Connect to bank and Continue; returns Mastercard's address."""
        journal = self.journal.with_user(user or self.bookkeeper)
        page = self.url_open(journal.action_open_banking_connect()["url"])
        self.assertEqual(page.status_code, 200)
        return self.press_continue(page)

    def press_continue(self, page):
        """Send the start page's form; returns where it leads."""
        token = html.fromstring(page.text).xpath("//input[@name='csrf_token']/@value")
        answer = self.url_open(
            page.url, data={"csrf_token": token[0]}, allow_redirects=False
        )
        self.assertEqual(answer.status_code, 303, answer.text)
        return answer.headers["Location"]

    def text_of(self, page):
        """Return what a person reads on a page."""
        return " ".join(html.fromstring(page.text).text_content().split())

    def last_attempt(self):
        """Return the newest authorisation."""
        return self.env["open.banking.authorisation"].search([], limit=1)
