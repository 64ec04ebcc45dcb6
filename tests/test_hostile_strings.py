import base64
import json
import re
import zipfile
from datetime import datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import vobject
from freezegun import freeze_time
from odoo import fields
from odoo.tests import common, tagged
from odoo.tools import mute_logger

from ..controllers.public import COOKIE
from .hostile import FORMULA, HEADER, HOSTILE, MARK, as_read, carried_out
from .test_links import LinkCase
from .test_tour import CustomersBrowser

REPORT = "account_mastercard_open_banking.open_banking_proof_report"


@tagged("post_install", "-at_install")
class TestHostileStrings(LinkCase):
    """Whatever a bank calls itself, its accounts and its transactions: it is text."""

    browser_size = "1366x900"

    def setUp(self):
        super().setUp()
        name = {"accounts.*.accountProvider.name": HOSTILE + HEADER}
        alone = {"accountProvider.name": HOSTILE + HEADER}
        banks = {"*.name": HOSTILE}
        self.bank.control(
            "faults",
            {
                "faults": [
                    {"endpoint": "accounts", "patch": name, "times": 0},
                    {"endpoint": "account", "patch": alone, "times": 0},
                    {"endpoint": "providers", "patch": banks, "times": 0},
                ]
            },
        )
        self.bank.control(
            "accounts",
            {"name": HOSTILE, "owner": HOSTILE, "transactions": 2, "days": 20},
        )
        self.karen.name = f"Karen {HOSTILE}"

    def import_hostile(self):
        """Connect by a link, and import; returns the account."""
        link = self.send()
        answer = self.press(self.url_open(link), "open_banking_continue")
        place = answer.headers["Location"]
        page = self.url_open(
            self.customer.walk(place, bank=self.bank_id, accounts=[HOSTILE])
        )
        self.assert_text(page.text, HOSTILE.split("\u202e")[0][:60])
        self.assert_text(self.url_open(link).text, MARK)
        account = self.map_all(self.last_attempt().consent_id)
        self.assertIn(MARK, account.name)
        self.assertIn(MARK, account.provider_name)
        self.bank.control(
            "transactions/add",
            {
                "account": account.iban,
                "transactions": [
                    {
                        "amount": "-7.00",
                        "date": -1,
                        "text": HOSTILE,
                        "original_text": HOSTILE + HEADER,
                        "message": HOSTILE,
                        "reference": HOSTILE,
                        "type": HOSTILE,
                        "counterpart": {"name": HOSTILE, "country": "<b>DK</b>"},
                    },
                    {"amount": "-8.00", "date": -1, "text": FORMULA},
                ],
            },
        )
        with self.assertLogs("odoo.addons", "DEBUG") as log:
            self.run_jobs()
        said = "\n".join(log.output)
        for word in (MARK, "evil.example", "calc", "txt.exe"):
            self.assertNotIn(word, said)
        return account

    def assert_text(self, found, shown=None):
        """It is text only; what should be shown is shown, letter by letter."""
        self.assertEqual(carried_out(found), [])
        if shown:
            self.assertIn(shown, as_read(found))

    # === PAGES, MAILS AND RECORDS === #

    def test_books_chatter_and_activities(self):
        account = self.import_hostile()
        self.assert_books_equal_bank(account, in_order=False)
        line = self.lines(account).filtered(lambda line: MARK in line.payment_ref)
        self.assertEqual(line.amount, -7)
        self.assertNotIn("\n", line.payment_ref)
        self.assert_text(line.open_banking_details, MARK)
        consent = account.consent_id
        account.proof_state = "differs"
        consent.partner_id.email = False
        consent._ask_user(consent._words_of_contact)
        consent._tell_responsible("revoked")
        wizard = self.env["open.banking.account.map"].with_user(self.bookkeeper)
        wizard = wizard._for_accounts(account.with_user(self.bookkeeper), self.journal)
        wizard.note = HOSTILE
        wizard.line_ids.action = "leave_out"
        wizard.action_confirm()
        records = (consent, account, account.journal_id, self.last_attempt())
        told = [record.message_ids.mapped("body") for record in records]
        told.append(
            self.env["mail.activity"]
            .search([("res_model", "like", "open.banking")])
            .mapped("note")
        )
        self.assertTrue(all(told[:2]) and told[-1])
        for text in sum(told, []):
            self.assert_text(text)
        self.assertIn(MARK, as_read(" ".join(sum(told, []))))

    def test_mails_and_their_headers(self):
        with mute_logger("odoo.addons.account_mastercard_open_banking"):
            account = self.import_hostile()
        consent = account.consent_id
        name = consent.name + HEADER
        consent.partner_id.name = f"Karen {HOSTILE}{HEADER}"
        self.company.name = self.bookkeeper.name = HOSTILE
        self.env.cr.execute(
            "UPDATE open_banking_consent SET name = %s WHERE id = %s",
            [name, consent.id],
        )
        self.env.invalidate_all()
        self.send(message=HOSTILE)
        consent._tell_customer_of_end()
        morning = datetime.combine(self.today, time(9))
        consent.authorised_on = morning - timedelta(days=80)
        consent.expires_on = morning + timedelta(days=7)
        job = self.env.ref("account_mastercard_open_banking.ir_cron_remind")
        with freeze_time(morning):
            self.assertIs(job.method_direct_trigger(), True)
        mails = self.env["mail.mail"].search([])
        self.assertGreaterEqual(len(mails), 3)
        for mail in mails:
            with self.subTest(mail.subject):
                self.assert_text(mail.body_html, MARK)
                self.assert_one_message(mail)
        calendars = mails.attachment_ids.filtered(lambda a: a.name.endswith(".ics"))
        self.assertTrue(calendars)
        for each in calendars:
            self.assert_calendar(base64.b64decode(each.datas))

    def assert_one_message(self, mail):
        """The message on its way has our headers and no other."""
        servers = self.env["ir.mail_server"]
        for each in mail._prepare_outgoing_list():
            message = servers._build_email__(
                mail.email_from, each["email_to"], each["subject"], each["body"]
            )
            self.assertIsNone(message["Bcc"])
            self.assertNotIn("\n", message["Subject"])
            head = re.split(r"\r?\n\r?\n", message.as_string(), maxsplit=1)[0]
            self.assertIn("Subject", head)
            for line in head.splitlines():
                self.assertFalse(line.startswith(("Bcc", "BEGIN")), line)

    def assert_calendar(self, content):
        text = content.decode()
        calendar = vobject.readOne(text)
        self.assertIn(MARK, calendar.vevent.summary.value)
        self.assertNotIn("valarm", calendar.vevent.contents)
        for line in text.splitlines():
            self.assertFalse(line.startswith(("BEGIN:VALARM", "Bcc")), line)

    def test_pages_of_the_customer(self):
        self.company.name = self.bookkeeper.name = HOSTILE
        bank = self.env["open.banking.provider"].create(
            {"name": HOSTILE, "external_id": "x", "service": self.bank.url}
        )
        link = self.send(provider_id=bank.id)
        page = self.url_open(link)
        self.assert_text(page.text, MARK)
        self.press(page, "open_banking_continue")
        for code in ("timeout", "consent_of_other_company", "cancelled"):
            self.last_attempt()._fail(code)
            self.assert_text(self.url_open("/open_banking/outcome").text, MARK)
        odd = self.url_open(f"{link}?lang={HOSTILE}")
        self.assert_text(odd.text, MARK)
        self.opener.cookies.set(COOKIE, HOSTILE.encode().hex())
        dead = self.url_open("/open_banking/callback?code=<script>&state=" + HOSTILE)
        self.assertNotIn(MARK, dead.text)

    def test_report_and_export(self):
        account = self.import_hostile()
        self.company.name = HOSTILE
        wizard = (
            self.env["open.banking.proof"]
            .with_user(self.bookkeeper)
            .create(
                {
                    "account_ids": [fields.Command.set(account.ids)],
                    "period": "own",
                    "date_from": self.today - timedelta(days=30),
                    "date_to": self.today,
                }
            )
        )
        reports = self.env["ir.actions.report"].with_user(self.bookkeeper)
        content, _kind = reports._render_qweb_html(REPORT, wizard.ids)
        self.assert_text(content.decode(), MARK)
        self.authenticate("bookkeeper", "bookkeeper")
        action = account.consent_id.with_user(self.bookkeeper).action_export()
        file = zipfile.ZipFile(BytesIO(self.url_open(action["url"]).content))
        names = file.namelist()
        self.assertTrue(all(MARK not in name and "/" not in name for name in names))
        texts = [file.read(name).decode() for name in names]
        for text in texts:
            json.loads(text)  # no CSV, so no formula of a spreadsheet either
        self.assertIn(FORMULA, "".join(json.loads(json.dumps(texts))))

    # === THE WEB CLIENT === #

    def test_the_screens_in_a_browser(self):
        """Real screens in Chromium: nothing of it runs, and all of it is shown."""
        account = self.import_hostile()
        account.journal_id.name = HOSTILE
        row = account.transaction_ids.filtered(lambda row: MARK in (row.text or ""))
        row.write({"booking_state": "held", "reason_code": "locked"})
        module = "account_mastercard_open_banking"
        actions = (
            "open_banking_transaction_action",
            "open_banking_fetch_action",
            "open_banking_authorisation_action",
        )
        numbers = [
            self.env.ref(f"{module}.{name}", raise_if_not_found=False)
            for name in actions
        ]
        paths = [
            "/odoo/accounting",
            "/odoo/registered-bank-accounts",
            f"/odoo/registered-bank-accounts/{account.id}",
            "/odoo/bank-connections",
            f"/odoo/open.banking.consent/{account.consent_id.id}",
            f"/odoo/open.banking.transaction/{row.id}",
            f"/odoo/account.bank.statement.line/{row.statement_line_ids.id}",
            *(f"/odoo/action-{each.id}" for each in numbers if each),
        ]
        script = Path(__file__).with_name("hostile.js").read_text()
        for name, value in (("PATHS", paths), ("MARK", MARK)):
            script = script.replace(name, json.dumps(value))
        with (
            patch.object(CustomersBrowser, "script", script),
            patch.object(common, "ChromeBrowser", CustomersBrowser),
        ):
            self.browser_js(
                f"/{module}/static/src/consent_page.css",
                f"setTimeout(() => {{ location.href = '{paths[0]}'; }})",
                login="bookkeeper",
                timeout=180,
            )
