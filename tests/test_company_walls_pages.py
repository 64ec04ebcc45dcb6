import io
import json
import zipfile

from odoo.tests import tagged
from odoo.tools import mute_logger

from .rights_seeing import REPORT
from .walls import WallsCase

CHATTERS = (
    "open.banking.account",
    "open.banking.authorisation",
    "open.banking.consent",
)


@tagged("post_install", "-at_install")
class TestCompanyWallsPages(WallsCase):
    """What a browser can ask a server for, beside the models."""

    def log_in(self, user):
        self.authenticate(user.login, user.login)

    def pairs(self):
        """Give each user, logged in, with each company that is not his."""
        for name, user, own, others in self.sides():
            self.log_in(user)
            for company in others:
                with self.subTest(user=name, of=company.name):
                    yield user, own, self.records[company]

    # === PROOF === #

    def wizard(self, user, *accounts):
        """Return a user's dialog of a proof, filled with accounts without asking."""
        wizard = self.env["open.banking.proof"].with_user(user).create({}).sudo()
        wizard.account_ids = self.env["open.banking.account"].concat(*accounts)
        wizard.write({"date_from": "2026-01-01", "date_to": "2026-01-31"})
        return wizard

    def theirs_of(self, account):
        """Return one who may see an account."""
        [user, *_more] = [
            user for _n, user, own, _o in self.sides() if account.company_id in own
        ]
        return user

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule", "odoo.models")
    def test_the_proof_of_another_company(self):
        for user, own, theirs in self.pairs():
            account = theirs["open.banking.account"]
            mine = self.records[own[0]]["open.banking.account"]
            for wizard in (
                self.wizard(user, account),  # his own, but forged
                self.wizard(user, mine, account),
                self.wizard(self.theirs_of(account), account),
            ):
                self.check_no_page(wizard, account)

    def check_no_page(self, wizard, account):
        self.env.flush_all()
        for kind in ("html", "pdf"):
            page = self.url_open(f"/report/{kind}/{REPORT}/{wizard.id}")
            self.assertNotIn(account.iban, page.text)
            self.assertNotIn(account.name, page.text)

    def test_the_proof_of_ones_own_company(self):
        for _name, user, own, _others in self.sides():
            self.log_in(user)
            account = self.records[own[0]]["open.banking.account"]
            wizard = self.wizard(user, account)
            self.env.flush_all()
            page = self.url_open(f"/report/html/{REPORT}/{wizard.id}")
            self.assertIn(account.iban, page.text)

    # === EXPORT === #

    def export(self, *consents):
        ids = ",".join(str(consent.id) for consent in consents)
        return self.url_open(f"/open_banking/export/consent/{ids}")

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_the_export_of_another_company(self):
        notes = self.count("mail.message")
        for _user, own, theirs in self.pairs():
            mine = self.records[own[0]]["open.banking.consent"]
            for asked in (
                [theirs["open.banking.consent"]],
                [mine, theirs["open.banking.consent"]],
            ):
                self.assertEqual(self.export(*asked).status_code, 404)
        self.assertEqual(self.count("mail.message"), notes)

    def test_the_export_of_ones_own_company(self):
        for _name, user, own, others in self.sides():
            self.log_in(user)
            mine = self.records[own[0]]["open.banking.consent"]
            page = self.export(mine)
            self.assertEqual(page.status_code, 200)
            with zipfile.ZipFile(io.BytesIO(page.content)) as archive:
                text = archive.read("bank-data.json").decode()
            self.assertIn(mine.external_id, text)
            for company in others:
                self.assertNotIn(f"consent of {company.name}", text)

    # === CHATTER === #

    def ask(self, path, **params):
        """Send a request as the web client does.

        :return: the answer's result, or the name of the error
        """
        answer = self.url_open(path, json={"jsonrpc": "2.0", "params": params}).json()
        if "error" in answer:
            return answer["error"]["data"]["name"].rsplit(".", 1)[-1]
        return answer["result"]

    def note(self, record):
        return record.message_post(body=f"a word on {record.company_id.name}")

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule", "odoo.models")
    def test_the_chatter_of_another_company(self):
        for user, own, theirs in self.pairs():
            for model in CHATTERS:
                mine, record = self.records[own[0]][model], theirs[model]
                self.note(mine), self.note(record)
                self.env.flush_all()
                words = f"a word on {record.company_id.name}"
                self.assertIn("a word on", json.dumps(self.messages(mine)))
                self.assertNotIn(words, json.dumps(self.messages(record)))
                before = self.checksum()
                for path, extra in (
                    ("/mail/message/post", {"post_data": {"body": "hello"}}),
                    ("/mail/thread/subscribe", {"partner_ids": user.partner_id.ids}),
                    ("/mail/data", {"fetch_params": []}),
                ):
                    thread = {"thread_model": model, "thread_id": record.id}
                    if path == "/mail/thread/subscribe":
                        thread = {"res_model": model, "res_id": record.id}
                    if path == "/mail/data":
                        request = ["mail.thread", {**thread, "request_list": []}]
                        thread, extra = {"fetch_params": [request]}, {}
                    answer = self.ask(path, **thread, **extra)
                    self.assertNotIn(words, json.dumps(answer))
                self.env.invalidate_all()
                self.assertEqual(self.checksum(), before)
                self.assertNotIn(user.partner_id, record.message_partner_ids)

    def messages(self, record):
        thread = {"thread_model": record._name, "thread_id": record.id}
        return self.ask("/mail/thread/messages", **thread)

    def is_found(self, user, record):
        """Whether a user finds a message, an activity of his, or a file."""
        place = [("res_id", "=", record.res_id), ("id", "=", record.id)]
        if record._name == "ir.attachment":
            place.append(("res_model", "=", record.res_model))
        return bool(self.rpc_on_model(user, record._name, "search", place))

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule", "odoo.models")
    def test_messages_activities_and_files_of_another_company(self):
        made = {}
        self.workers = {
            self.company: self.people["parent"],
            self.branch: self.people["branch"],
            self.other_company: self.people["other"],
        }
        for company, records in self.records.items():
            for model in CHATTERS:
                record = records[model]
                file = {"name": "file", "raw": f"file of {company.name}".encode()}
                link = {"res_model": model, "res_id": record.id}
                made[company, model] = (
                    self.note(record),
                    record.activity_schedule(
                        "mail.mail_activity_data_todo",
                        summary="do",
                        user_id=self.workers[company].id,
                    ),
                    self.env["ir.attachment"].create({**file, **link}),
                )
        self.env.flush_all()
        for name, user, own, _others in self.sides():
            self.log_in(user)
            for (company, model), records in made.items():
                with self.subTest(user=name, of=company.name, model=model):
                    may = company in own
                    note, activity, file = records
                    for record in (note, file):
                        seen = record.with_user(user).has_access("read")
                        self.assertEqual(seen, may)
                        self.assertEqual(self.is_found(user, record), may)
                    # Core shows activities on records nobody may write to those only
                    # whom they are for.
                    mine = self.workers[company] == user
                    self.assertEqual(self.is_found(user, activity), mine)
                    page = self.url_open(f"/web/content/{records[2].id}")
                    self.assertEqual(company.name in page.text, may)
