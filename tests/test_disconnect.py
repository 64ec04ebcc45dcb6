from datetime import timedelta

import psycopg2
from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models import open_banking_fetch
from ..rehearsal_bank.customer import Customer
from .common import OpenBankingCase


class DisconnectCase(OpenBankingCase):
    def wizard(self, record, user=None):
        """Press Disconnect on a consent, an account or a journal."""
        record = record.with_user(user or self.bookkeeper)
        button = (
            "action_open_banking_disconnect"
            if record._name == "account.journal"
            else "action_disconnect"
        )
        action = getattr(record, button)()
        wizards = record.env[action["res_model"]].with_context(**action["context"])
        return Form(wizards).save()

    def disconnect(self, record, user=None, **values):
        wizard = self.wizard(record, user)
        wizard.write(values)
        result = wizard.action_confirm()
        self.env.flush_all()
        self.env.invalidate_all()
        return result

    def mails(self, consent):
        """Return those to the customer; the responsible user gets others."""
        return self.env["mail.mail"].search(
            [
                ("model", "=", consent._name),
                ("res_id", "=", consent.id),
                ("subject", "like", "no longer reads"),
            ]
        )

    def card(self, account):
        journal = account.journal_id.with_user(self.bookkeeper)
        return journal._open_banking_cards()[journal]

    def facts(self, accounts):
        return [
            (
                account.id,
                account.journal_id,
                account.start_date,
                account.synced_until,
                account.mapping,
                self.lines(account).ids,
                len(account.transaction_ids),
            )
            for account in accounts
        ]

    def assert_no_tokens(self, consent):
        for name in ("access_token", "refresh_token"):
            self.assertFalse(consent[f"{name}_encrypted"])
            self.assertFalse(consent[f"{name}_until"])


@tagged("post_install", "-at_install")
class TestDisconnect(DisconnectCase):
    """A bookkeeper disconnects the bank: all of it stops, and nothing is lost."""

    def test_it_says_first_what_will_happen(self):
        accounts = self.import_all()
        before = accounts.consent_id.state, self.facts(accounts)
        for record in (accounts.consent_id, accounts[0], accounts[0].journal_id):
            wizard = self.wizard(record)
            self.assertEqual(wizard.consent_ids, accounts.consent_id)
            self.assertEqual(wizard.account_ids, accounts)
            self.assertIn("bookkeeper@nordlys.example", wizard.contacts)
            self.assertTrue(wizard.has_email and wizard.tell_customer)
            self.assertTrue(wizard.hub_url.startswith("https://"))
        self.assertEqual((accounts.consent_id.state, self.facts(accounts)), before)

    def test_all_of_it_stops_and_nothing_is_lost(self):
        accounts = self.import_all()
        consent, before = accounts.consent_id, self.facts(accounts)
        accounts.with_user(self.bookkeeper).action_fetch_now()
        consent.rate_limited_until = fields.Datetime.now()
        accounts[0].write({"failures": 2, "error_code": "timeout"})
        result = self.disconnect(accounts[0].journal_id, reason="Skifter bank")
        self.assertEqual(result["params"]["type"], "success")
        self.assertEqual(consent.state, "withdrawn")
        self.assertEqual(consent.error_code, "disconnected")
        self.assertEqual(consent.ended_by_id, self.bookkeeper)
        self.assertEqual(consent.end_note, "Skifter bank")
        self.assertTrue(consent.ended_on)
        self.assertFalse(consent.rate_limited_until)
        self.assert_no_tokens(consent)
        self.assertFalse(any(accounts.mapped("next_attempt")))
        self.assertFalse(any(accounts.mapped("error_code")))
        self.assertFalse(self.count("open.banking.call"))
        self.assertFalse(self.count("open.banking.disconnection"))
        self.assertEqual(self.facts(accounts), before)

    def test_no_call_to_the_bank_any_more(self):
        accounts = self.import_all()
        self.disconnect(accounts.consent_id)
        calls = len(self.bank.wire_calls())
        with self.assertRaisesRegex(UserError, "consent has ended"):
            accounts.with_user(self.bookkeeper).action_fetch_now()
        accounts.next_attempt = fields.Datetime.now()
        accounts._fetch_soon(user_id=self.bookkeeper.id)
        accounts._note_change(self.today)
        self.run_jobs()
        accounts.consent_id.tokens_issued_at = self.env.cr.now() - timedelta(days=3)
        with self.own_cursors():
            self.env.ref(
                "account_mastercard_open_banking.ir_cron_keep_alive"
            ).method_direct_trigger()
        self.assertEqual(len(self.bank.wire_calls()), calls)

    def test_the_customer_is_told_without_any_secret(self):
        accounts = self.import_all()
        consent = accounts.consent_id
        tokens = consent._access_token()
        self.disconnect(consent)
        mail = self.mails(consent)
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.recipient_ids, self.bookkeeper.partner_id)
        self.assertIn(self.company.name, mail.subject)
        self.assertIn(consent.name, mail.body_html)
        self.assertIn(self.company.open_banking_hub_url, mail.body_html)
        self.assertTrue(tokens)
        self.assertNotIn(tokens, mail.body_html)

    def test_the_customer_is_not_told_when_the_user_does_not_want_it(self):
        consent = self.import_one("Driftskonto").consent_id
        self.disconnect(consent, tell_customer=False)
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(self.mails(consent))

    def test_the_customer_reads_it_in_his_language(self):
        self.env["res.lang"]._activate_lang("da_DK")
        module = self.env["ir.module.module"].search(
            [("name", "=", "account_mastercard_open_banking")]
        )
        module._update_translations("da_DK")
        consent = self.import_one("Driftskonto").consent_id
        consent.partner_id.lang = "da_DK"
        self.disconnect(consent)
        mail = self.env["mail.mail"].search([("subject", "like", "læser ikke længere")])
        self.assertEqual(mail.res_id, consent.id)
        self.assertIn("har afbrudt forbindelsen til", mail.body_html)
        self.assertIn("bogføringsloven", mail.body_html)

    def test_a_contact_without_an_address(self):
        consent = self.import_one("Driftskonto").consent_id
        consent.partner_id.email = False
        wizard = self.wizard(consent)
        self.assertFalse(wizard.has_email)
        wizard.action_confirm()
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(self.mails(consent))

    def test_a_spoiled_template_keeps_no_consent_alive(self):
        consent = self.import_one("Driftskonto").consent_id
        template = self.env.ref(
            "account_mastercard_open_banking.mail_template_disconnect"
        )
        # Odoo tries a template when it is saved, on a consent that has not ended.
        template.body_html = "<t t-out='1 / 0 if object.ended_on else 1'/>"
        with mute_logger(
            "odoo.addons.account_mastercard_open_banking.models"
            ".open_banking_consent_end",
            "odoo.addons.mail.models.mail_render_mixin",
        ):
            self.disconnect(consent)
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(self.mails(consent))
        self.assertTrue(
            consent.message_ids.filtered(
                lambda m: "could not be made" in (m.body or "")
            )
        )

    def test_the_card_says_when_and_by_whom(self):
        account = self.import_one("Driftskonto")
        self.assertTrue(self.card(account)["disconnect"])
        self.disconnect(account)
        card = self.card(account)
        self.assertEqual((card["state"], card["connect"]), ("disconnected", True))
        self.assertFalse(card["disconnect"])
        self.assertIn(self.bookkeeper.name, card["text"])
        self.assertIn("Disconnected on", card["text"])
        self.assertEqual(account.consent_end_text, account.consent_id.end_text)

    def test_renewal_links_stop_and_others_stay(self):
        consent = self.import_one("Driftskonto").consent_id
        attempts = self.env["open.banking.authorisation"]
        renewal = attempts._make_link(self.company, renews=consent)
        fresh = attempts._make_link(self.company, self.journal, self.bookkeeper)
        self.disconnect(consent)
        self.assertFalse(attempts._from_link(renewal.rsplit("/", 1)[1]))
        self.assertTrue(attempts._from_link(fresh.rsplit("/", 1)[1]))
        ended = attempts.search([("renews_id", "=", consent.id)])
        self.assertEqual((ended.state, ended.error_code), ("withdrawn", "disconnected"))

    def test_what_odoo_asked_users_to_do_is_off_and_their_own_stays(self):
        consent = self.import_one("Driftskonto").consent_id
        consent._ask_for_renewal("consent_expired")
        own = consent.activity_schedule(summary="Ring til Karen", automated=False)
        self.disconnect(consent)
        self.assertEqual(consent.activity_ids, own)

    def test_a_second_press(self):
        consent = self.import_one("Driftskonto").consent_id
        wizards = self.wizard(consent), self.wizard(consent)
        for wizard in wizards:
            wizard.action_confirm()
        self.assertEqual(len(self.mails(consent)), 1)
        with self.assertRaisesRegex(UserError, "not connected"):
            self.wizard(consent)

    def test_connecting_again_goes_on_without_a_gap(self):
        accounts = self.import_all()
        consent, before = accounts.consent_id, self.facts(accounts)
        self.disconnect(consent)
        for account in accounts:
            self.add(account, amount="-11.00", text="I mellemtiden", date=-1)
        self.connect()
        self.assertEqual(
            [fact[:5] for fact in self.facts(accounts)], [fact[:5] for fact in before]
        )
        self.run_jobs()
        for account, (*_rest, lines, _rows) in zip(accounts, before, strict=True):
            self.assertLessEqual(set(lines), set(self.lines(account).ids))
            self.assertEqual(len(self.lines(account)), len(lines) + 1)
            self.assert_books_equal_bank(account, in_order=False)

    def test_the_same_consent_given_again(self):
        """Mastercard may know the customer's consent by the same name as before."""
        self.bank.control("settings", {"reuse_consent": True})
        accounts = self.import_all()
        consent = accounts.consent_id
        self.disconnect(consent, reason="En fejl")
        for account in accounts:
            self.add(account, amount="-11.00", text="I mellemtiden", date=-1)
        self.assertEqual(self.connect(), consent)
        self.assertEqual(consent.state, "active")
        self.assertFalse(consent.end_note or consent.ended_on or consent.end_text)
        self.assertEqual(len(consent.covered_ids), 6)
        self.run_jobs()
        for account in accounts:
            self.assert_books_equal_bank(account, in_order=False)

    def test_an_account_that_a_newer_consent_left_behind(self):
        accounts = self.import_all()
        first = accounts.consent_id
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        self.connect(accounts=["Driftskonto"])
        first._end("replaced", "replaced")
        left = first.account_ids
        self.assertEqual(len(left), 2)
        self.assertIn("does not cover this account", self.card(left[0])["text"])
        self.assertIn("does not cover", left[0].consent_end_text)
        self.assertEqual(first.end_text, "Renewed by a newer consent.")


@tagged("post_install", "-at_install")
class TestDisconnectDuringARun(DisconnectCase):
    """Somebody disconnects while the import is at work."""

    def begin(self, pages=1, rows=6):
        """Import an account; then let a second run read its first page."""
        account = self.import_one("Driftskonto")
        self.bank.control("settings", {"max_page_size": 2})
        self.patch(open_banking_fetch, "PAGE_SIZE", 2)
        for number in range(rows):
            self.add(account, amount=f"-{number + 1}.00", text=f"Nr. {number}")
        account.next_attempt = fields.Datetime.now()
        for _page in range(pages):
            self.assertTrue(account._work())
        return account, account.fetch_ids[0]

    def test_while_a_run_reads(self):
        account, run = self.begin()
        self.assertEqual(run.state, "reading")
        before, watermark = self.lines(account), account.synced_until
        self.disconnect(account)
        self.assertEqual((run.state, run.error_code), ("failed", "disconnected"))
        self.run_jobs()
        self.assertEqual(self.lines(account), before)
        self.assertEqual(account.synced_until, watermark)
        self.connect(accounts=["Driftskonto"])
        self.run_jobs()
        self.assert_books_equal_bank(account, in_order=False)

    def test_while_a_run_books(self):
        """The bank has said all of it: what was read is put into the books."""
        account, run = self.begin()
        while run.state == "reading":
            account._work()
        self.assertEqual(run.state, "booking")
        before = len(self.lines(account))
        self.disconnect(account)
        self.assertEqual(run.state, "booking")
        calls = len(self.bank.wire_calls())
        self.run_jobs()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(self.lines(account)), before + 6)
        self.assertEqual(len(self.bank.wire_calls()), calls)
        self.assertFalse(account.next_attempt)
        self.assert_books_equal_bank(account, in_order=False)

    def test_days_a_user_asked_for(self):
        account = self.import_one("Driftskonto")
        window = (self.today - timedelta(days=9), self.today)
        account.with_user(self.bookkeeper)._ask_for(window)
        asked = account.fetch_ids.filtered(lambda run: run.state == "waiting")
        self.assertTrue(asked)
        self.disconnect(account)
        self.assertEqual((asked.state, asked.error_code), ("failed", "disconnected"))
        states = set(account.fetch_ids.mapped("state"))
        self.assertEqual(states, {"done", "failed"})


@tagged("post_install", "-at_install")
class TestDisconnectBesideAWorker(DisconnectCase):
    """Two connections to the database: only committed rows can be locked."""

    def test_nobody_waits_and_the_worker_ends_it(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            worker = api.Environment(first, SUPERUSER_ID, {})
            account = self.committed_account(worker)
            first.commit()
            try:
                self.check_worker_ends_it(account, second)
            finally:
                first.rollback()
                second.rollback()
                consent = account.consent_id
                consent.covered_ids.unlink()
                account.unlink()
                consent.unlink()
                first.commit()

    def committed_account(self, env):
        company = env.ref("base.main_company")
        consent = env["open.banking.consent"].create(
            {"external_id": "beside", "company_id": company.id}
        )
        return env["open.banking.account"].create(
            {
                "name": "beside",
                "account_key": "beside",
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "consent_id": consent.id,
            }
        )

    def check_worker_ends_it(self, account, second):
        account.next_attempt = fields.Datetime.now() - timedelta(minutes=1)
        account.flush_recordset()
        consent = account.consent_id
        consent.try_lock_for_update(allow_referencing=True)
        second.execute("SET LOCAL lock_timeout = '1s'")
        theirs = consent.with_env(api.Environment(second, SUPERUSER_ID, {}))
        theirs._disconnect(theirs.env.user, "Nu")
        self.assertEqual(theirs.state, "active")
        self.assertTrue(theirs.is_ending)
        second.commit()
        # The worker ends its unit, and looks before the next one.
        account.env.cr.commit()
        account.env.invalidate_all()
        account._take_calls()
        self.assertEqual(consent.state, "withdrawn")
        self.assertEqual(consent.end_note, "Nu")
        self.assertFalse(consent.is_ending)
        second.rollback()
        theirs.env.invalidate_all()
        self.assertEqual(theirs.state, "withdrawn")

    def test_a_worker_that_committed_meanwhile(self):
        """What the user's transaction sees is older than what the worker wrote."""
        with self.registry.cursor() as first, self.registry.cursor() as second:
            worker = api.Environment(first, SUPERUSER_ID, {})
            account = self.committed_account(worker)
            first.commit()
            try:
                user = api.Environment(second, SUPERUSER_ID, {})
                theirs = account.consent_id.with_env(user)
                self.assertEqual(theirs.state, "active")
                account.consent_id.error_code = "timeout"
                first.commit()
                with self.assertRaises(psycopg2.OperationalError), second.savepoint():
                    theirs._lock_with_accounts()
                theirs._disconnect(theirs.env.user)
                second.commit()
                account.env.invalidate_all()
                account._take_calls()
                self.assertEqual(account.consent_id.state, "withdrawn")
            finally:
                first.rollback()
                second.rollback()
                consent = account.consent_id
                account.unlink()
                consent.unlink()
                first.commit()


@tagged("post_install", "-at_install")
class TestEndedAtTheBank(DisconnectCase):
    """The consent ends at the bank's side: said as kindly, once, in words."""

    def test_revoked_by_the_customer(self):
        account = self.import_one("Driftskonto")
        consent, before = account.consent_id, self.facts(account)
        for _delivery in range(2):
            consent._end("withdrawn", "consent_revoked")
        self.assertEqual(consent.state, "withdrawn")
        self.assertFalse(consent.ended_by_id)
        self.assert_no_tokens(consent)
        self.assertFalse(account.next_attempt)
        self.assertEqual(len(consent.activity_ids), 1)
        self.assertEqual(consent.activity_ids.user_id, self.bookkeeper)
        self.assertIn("account holder", consent.activity_ids.note)
        self.assertFalse(self.mails(consent))
        said = consent.message_ids.filtered(
            lambda m: "account holder" in (m.body or "")
        )
        self.assertEqual(len(said), 1)
        card = self.card(account)
        self.assertEqual((card["state"], card["connect"]), ("ended", True))
        self.assertIn("account holder", card["text"])
        self.assertEqual(self.facts(account), before)

    def test_refused_tokens(self):
        account = self.import_one("Driftskonto")
        self.bank.control("consents/expire", {"mode": "tokens"})
        account.consent_id.access_token_until = False
        self.fetch_again(account)
        self.assertEqual(account.consent_id.state, "expired")
        self.assertEqual(self.card(account)["state"], "ended")
        self.assertTrue(account.consent_end_text)

    def test_given_again_after_it_was_revoked(self):
        account = self.import_one("Driftskonto")
        account.consent_id._end("withdrawn", "consent_revoked")
        self.add(account, amount="-11.00", text="I mellemtiden")
        self.connect(accounts=["Driftskonto"])
        self.run_jobs()
        self.assert_books_equal_bank(account, in_order=False)


@tagged("post_install", "-at_install")
class TestDisconnectAccess(DisconnectCase):
    def test_who_may_not(self):
        consent = self.import_one("Driftskonto").consent_id
        other = self.make_company("Sydlys Handel ApS")
        foreign = self.env["open.banking.consent"].create(
            {"external_id": "foreign", "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            self.wizard(foreign)
        with self.assertRaises(AccessError):
            self.wizard(consent).consent_ids = foreign
        forged = self.env["open.banking.disconnect"].create(
            {"consent_ids": foreign.ids, "create_uid": self.bookkeeper.id}
        )
        with self.assertRaises(UserError):
            forged.with_user(self.bookkeeper).action_confirm()
        self.assertEqual((consent.state, foreign.state), ("active", "active"))
