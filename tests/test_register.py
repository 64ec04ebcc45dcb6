import io
import json
import zipfile
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..models import open_banking_consent_export
from ..rehearsal_bank.customer import Customer
from .common import OpenBankingCase, OpenBankingHttpCase


class ExportCase:
    """Reads what an export says."""

    def exported(self, consents, user=None):
        """Return the export's JSON; amounts as the text that stands there."""
        file = io.BytesIO()
        consents.with_user(user or self.bookkeeper)._export_into(file)
        return self.read_zip(file)

    def read_zip(self, file):
        with zipfile.ZipFile(file) as archive:
            self.assertEqual(archive.namelist(), ["bank-data.json"])
            return json.loads(archive.read("bank-data.json"))


@tagged("post_install", "-at_install")
class TestRegister(OpenBankingCase):
    """Who consented, by which link, for what, when, until when."""

    def covered(self, consent):
        return {
            (entry.account_id, bool(entry.covered_until))
            for entry in consent.covered_ids
        }

    def test_what_stands_in_the_register(self):
        accounts = self.import_all()
        consent = accounts.consent_id.with_user(self.bookkeeper)
        attempt = self.last_attempt()
        self.assertEqual(consent.authorisation_id, attempt)
        self.assertEqual(consent.partner_id, self.bookkeeper.partner_id)
        self.assertEqual(consent.asked_by_id, self.bookkeeper)
        self.assertTrue(consent.authorised_on and consent.expires_on)
        self.assertEqual(self.covered(consent), {(each, False) for each in accounts})
        for entry in consent.covered_ids:
            self.assertEqual(entry.number, entry.account_id.number)
            self.assertEqual(entry.holder, entry.account_id.holder)
        self.assertEqual(consent.account_count, 3)
        self.assertEqual(consent.authorisation_count, 1)
        self.assertEqual(consent.fetch_count, self.count("open.banking.fetch"))
        self.assertEqual(
            consent.line_count, sum(len(self.lines(account)) for account in accounts)
        )

    def last_attempt(self):
        return self.env["open.banking.authorisation"].search([], limit=1)

    def test_accounts_that_move_stay_in_the_old_consents_record(self):
        accounts = self.import_all()
        first = accounts.consent_id
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        second = self.connect(accounts=["EUR-konto"])
        self.assertNotEqual(first, second)
        euro = accounts.filtered(lambda account: account.currency_id.name == "EUR")
        self.assertEqual(
            self.covered(first),
            {(each, each == euro) for each in accounts},
        )
        self.assertEqual(self.covered(second), {(euro, False)})
        self.assertEqual(euro.covered_ids.consent_id, first | second)
        self.connect()
        self.assertFalse(first.account_ids)
        self.assertEqual(first.name, accounts[0].provider_name)

    def test_an_account_that_is_no_longer_shared(self):
        accounts = self.import_all()
        consent = accounts.consent_id
        said = consent.company_id._open_banking_client().accounts(
            consent._access_token()
        )
        number = accounts[0].iban
        left = [each for each in said.accounts if each.number.iban != number]
        for _time in range(2):
            self.env["open.banking.account"]._store_accounts(consent, left)
        self.assertEqual(
            self.covered(consent),
            {(each, each == accounts[0]) for each in accounts},
        )
        consent._read_accounts()
        self.assertEqual(len(consent.covered_ids), 4)
        self.assertEqual(len(accounts[0].covered_ids), 2)

    def test_the_end_of_a_consent_closes_its_entries(self):
        consent = self.import_all().consent_id
        consent._end("expired", "consent_expired")
        self.assertTrue(all(consent.covered_ids.mapped("covered_until")))
        again = self.connect()
        self.assertEqual(
            len(again.covered_ids.filtered(lambda entry: not entry.covered_until)), 3
        )

    def test_from_a_line_to_the_run_and_the_consent(self):
        account = self.import_one("Driftskonto")
        first, old = account.consent_id, self.lines(account)
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        second = self.connect(accounts=["Driftskonto"])
        self.add(account, amount="-3.00", text="Efter")
        self.fetch_again(account)
        new = self.lines(account) - old
        user_lines = (old | new).with_user(self.bookkeeper)
        self.assertEqual(len(new), 1)
        self.assertEqual(old.open_banking_consent_id, first)
        self.assertEqual(new.open_banking_consent_id, second)
        self.assertEqual(new.open_banking_fetch_id, account.fetch_ids[0])
        self.assertEqual(new.open_banking_transaction_id.consent_id, second)
        for line in user_lines:
            self.assertTrue(line.open_banking_fetch_id.consent_id.display_name)
        domain = first.with_user(self.bookkeeper).action_open_lines()["domain"]
        self.assertEqual(
            self.env["account.bank.statement.line"].search(domain), old.sorted()
        )

    def test_a_run_does_not_change_its_consent_half_way(self):
        account = self.import_one("Driftskonto")
        self.bank.control("settings", {"max_page_size": 1})
        for number in range(4):
            self.add(account, amount="-25.00", text=f"Nr. {number}")
        account.next_attempt = fields.Datetime.now()
        account._work()
        run, first = account.fetch_ids[0], account.consent_id
        self.assertEqual((run.state, run.consent_id), ("reading", first))
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        second = self.connect(accounts=["Driftskonto"])
        self.assertEqual((run.state, run.error_code), ("failed", "interrupted"))
        self.run_jobs()
        self.assertEqual(account.fetch_ids[0].consent_id, second)
        self.assert_books_equal_bank(account, in_order=False)

    def test_who_consented_cannot_be_deleted(self):
        partner = self.env["res.partner"].create({"name": "Karen"})
        self.import_one("Driftskonto").consent_id.partner_id = partner
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            partner.unlink()
        partner.action_archive()

    def test_searching(self):
        account = self.import_one("Driftskonto")
        consents = self.env["open.banking.consent"].with_user(self.bookkeeper)
        mine = account.consent_id
        self.assertFalse(consents.search([("ends_soon", "=", True)]))
        mine.expires_on = self.today + timedelta(days=14)
        self.assertEqual(consents.search([("ends_soon", "=", True)]), mine)
        self.assertTrue(mine.ends_soon)
        mine._end("expired", "consent_expired")
        self.assertFalse(consents.search([("ends_soon", "=", True)]))
        self.assertFalse(mine.ends_soon)
        domain = [("covered_ids.number", "ilike", account.number[-8:])]
        self.assertEqual(consents.search(domain), mine)

    def test_the_forms_open(self):
        account = self.import_one("Driftskonto")
        consent = account.consent_id.with_user(self.bookkeeper)
        for name in ("accounts", "runs", "authorisations", "lines"):
            action = getattr(consent, f"action_open_{name}")()
            self.assertTrue(self.env[action["res_model"]].search(action["domain"]))
        self.assertEqual(Form(consent)._values["account_count"], 1)
        consent.sudo()._end("withdrawn", "disconnected", self.bookkeeper)
        address = consent.action_connect_again()["url"]
        token = address.rsplit("/", 1)[1]
        attempt = self.env["open.banking.authorisation"]._from_link(token)
        self.assertEqual(attempt.journal_id, account.journal_id)


@tagged("post_install", "-at_install")
class TestExport(ExportCase, OpenBankingCase):
    """Everything about one person, and nothing of others."""

    def test_everything_is_there_exactly(self):
        accounts = self.import_all()
        account = accounts[0]
        self.add(account, amount="-1234567.89", text="Æblegrød, håndværk")
        self.fetch_again(account)
        said = self.exported(accounts.consent_id)
        self.assertEqual(
            [contact["name"] for contact in said["contacts"]], [self.bookkeeper.name]
        )
        for name, model in (
            ("authorisations", "open.banking.authorisation"),
            ("consents", "open.banking.consent"),
            ("accounts_covered", "open.banking.consent.account"),
            ("accounts", "open.banking.account"),
            ("runs", "open.banking.fetch"),
            ("transactions", "open.banking.transaction"),
        ):
            self.assertEqual(
                sorted(each["id"] for each in said[name]),
                sorted(self.env[model].search([]).ids),
                name,
            )
        rows = {row["id"]: row for row in said["transactions"]}
        for row in self.env["open.banking.transaction"].search([]):
            exported = rows[row.id]
            self.assertEqual(exported["amount"], str(row._exact(row.amount)))
            self.assertEqual(exported["date"], row.date and row.date.isoformat())
            self.assertEqual(exported["raw"], row.raw)
        big = next(row for row in rows.values() if row["amount"] == "-1234567.89")
        self.assertEqual(big["text"], "Æblegrød, håndværk")
        ibans = {each["iban"] for each in said["accounts"]}
        self.assertEqual(ibans, set(accounts.mapped("iban")))
        consent = said["consents"][0]
        self.assertTrue(consent["authorised_on"].endswith("Z"))
        self.assertIsNone(consent["ended_on"])

    def test_no_secret_comes_along(self):
        consent = self.import_one("Driftskonto").consent_id
        text = json.dumps(self.exported(consent))
        for secret in (
            consent._access_token(),
            consent.access_token_encrypted,
            consent.refresh_token_encrypted,
            consent.covered_ids and self.last_attempt().link_hash,
            self.last_attempt().state_hash,
        ):
            self.assertTrue(secret)
            self.assertNotIn(secret, text)

    def last_attempt(self):
        return self.env["open.banking.authorisation"].search([], limit=1)

    def test_what_another_person_consented_to_stays_out(self):
        account = self.import_one("Driftskonto")
        first = account.consent_id
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        ole = self.env["res.partner"].create({"name": "Ole"})
        second = self.connect(accounts=["Driftskonto"])
        second.partner_id = ole
        self.last_attempt().partner_id = ole
        self.add(account, amount="-3.00", text="Kun hos Ole")
        self.fetch_again(account)
        hers = json.dumps(self.exported(first), ensure_ascii=False)
        his = self.exported(second)
        self.assertNotIn("Kun hos Ole", hers)
        self.assertEqual([row["text"] for row in his["transactions"]], ["Kun hos Ole"])
        partner = ole.with_user(self.bookkeeper)
        self.assertEqual(partner._open_banking_consents(), second)
        self.assertEqual(partner.open_banking_consent_count, 1)

    def test_a_long_feed_is_read_in_parts(self):
        account = self.import_one("Prøvekonto", transactions=25, days=7)
        self.patch(open_banking_consent_export, "ROWS_AT_ONCE", 10)
        said = self.exported(account.consent_id)
        ids = [row["id"] for row in said["transactions"]]
        self.assertEqual(ids, sorted(account.transaction_ids.ids))
        self.assertEqual(len(ids), 25)

    def test_a_feed_that_ends_with_a_part(self):
        account = self.import_one("Prøvekonto", transactions=20, days=7)
        self.patch(open_banking_consent_export, "ROWS_AT_ONCE", 10)
        self.assertEqual(len(self.exported(account.consent_id)["transactions"]), 20)

    def test_other_companies_stay_out(self):
        consent = self.import_one("Driftskonto").consent_id
        other = self.make_company("Sydlys Handel ApS")
        foreign = self.env["open.banking.consent"].create(
            {
                "external_id": "foreign",
                "company_id": other.id,
                "partner_id": consent.partner_id.id,
            }
        )
        with self.assertRaises(AccessError):
            foreign.with_user(self.bookkeeper).action_export()
        action = consent.partner_id.with_user(
            self.bookkeeper
        ).action_open_banking_export()
        self.assertTrue(action["url"].endswith(f"/consent/{consent.id}"))
        with self.assertRaisesRegex(UserError, "no bank consent"):
            self.env.user.partner_id.with_user(
                self.bookkeeper
            ).action_open_banking_export()


@tagged("post_install", "-at_install")
class TestExportDownload(ExportCase, OpenBankingHttpCase):
    """The same over HTTP."""

    def test_the_download(self):
        consent = self.import_one("Driftskonto").consent_id
        address = consent.with_user(self.bookkeeper).action_export()["url"]
        self.authenticate("bookkeeper", "bookkeeper")
        answer = self.url_open(address)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/zip")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertIn("bank-data.zip", answer.headers["Content-Disposition"])
        said = self.read_zip(io.BytesIO(answer.content))
        self.assertEqual([each["id"] for each in said["consents"]], consent.ids)
        self.assertEqual(
            len(said["transactions"]), self.count("open.banking.transaction")
        )
        log = consent.message_ids.filtered(lambda m: "exported" in (m.body or ""))
        self.assertEqual(len(log), 1)

    def test_who_gets_none(self):
        consent = self.import_one("Driftskonto").consent_id
        address = consent.with_user(self.bookkeeper).action_export()["url"]
        answer = self.url_open(address, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)  # to the login
        self.bookkeeper.group_ids = self.env.ref("account.group_account_readonly")
        self.authenticate("bookkeeper", "bookkeeper")
        for path in (address, f"{address},999999", "/open_banking/export/consent/x"):
            self.assertEqual(self.url_open(path).status_code, 404, path)
        self.assertFalse(
            consent.message_ids.filtered(lambda m: "exported" in (m.body or ""))
        )
