from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from odoo import fields
from odoo.tests import tagged

from .common import OpenBankingCase
from .rehearsal import CLIENT_SECRET


@tagged("post_install", "-at_install")
class TestMatters(OpenBankingCase):
    """A person is asked when one is needed, once for each matter, until it is over."""

    def setUp(self):
        super().setUp()
        self.env["res.currency"].with_context(active_test=False).search(
            [("name", "in", ("EUR", "NOK"))]
        ).active = True
        self.accounts = self.map_all(self.connect(accounts=["EUR-konto", "NOK-konto"]))
        self.run_jobs()
        self.account = self.accounts[0]
        self.consent = self.account.consent_id

    def asked(self):
        """What Odoo asks people to do about errors now."""
        return self.env["mail.activity"].search([("open_banking_matter", "!=", False)])

    def fault(self, account, **what):
        ident = {"account": account.external_id, "times": None}
        self.bank.control("faults", {"endpoint": "account", **ident, **what})

    def mend(self):
        self.bank.control("faults", method="DELETE")

    def credentials(self, secret):
        self.company.sudo().open_banking_client_secret_encrypted = self.env[
            "open.banking.vault"
        ]._encrypt(secret)
        self.consent.sudo().access_token_until = False

    # === WHEN === #

    def test_what_odoo_mends_itself_calls_nobody_on_the_first_day(self):
        self.fault(self.account, status=500)
        self.fetch_again(self.account)
        self.assertEqual(self.account.error_code, "server_error")
        self.assertFalse(self.asked())

    def test_what_lasts_for_a_day_calls_the_responsible_user(self):
        self.fault(self.account, status=500)
        self.fetch_again(self.account)
        self.account.error_since -= timedelta(hours=23)
        self.fetch_again(self.account)
        self.assertFalse(self.asked())
        self.account.error_since -= timedelta(hours=1)
        self.fetch_again(self.account)
        activity = self.asked()
        self.assertEqual(activity.user_id, self.bookkeeper)
        self.assertEqual(activity.res_id, self.account.id)
        self.assertIn("has a fault at the moment", activity.note)
        self.fetch_again(self.account)
        self.assertEqual(self.asked(), activity)
        self.mend()
        self.fetch_again(self.account)
        self.assertFalse(self.account.error_code)
        self.assertFalse(activity.exists())

    def test_what_needs_a_person_calls_him_at_once(self):
        self.fault(self.account, status=403)
        self.fetch_again(self.account)
        self.assertIn("does not allow this reading", self.asked().note)
        self.mend()
        self.fetch_again(self.account)
        self.assertFalse(self.asked())

    def test_the_customers_part_is_left_to_the_renewal(self):
        long_ago = fields.Datetime.now() - timedelta(days=9)
        theirs = {"error_code": "connection_removed", "error_since": long_ago}
        self.account.write(theirs)
        self.account._sound_alarm()
        self.assertFalse(self.asked())
        self.account.write({**theirs, "error_code": "server_error"})
        self.account._sound_alarm()
        self.assertTrue(self.asked())

    def test_of_an_ended_consent_nothing_is_asked(self):
        self.consent._mark_expired()
        self.account.error_since = fields.Datetime.now() - timedelta(days=9)
        self.account._note_failure(ValueError())
        self.assertFalse(self.asked())

    # === ONE FOR EACH MATTER === #

    def test_rejected_credentials_are_one_matter_for_all_accounts(self):
        self.credentials("wrong")
        self.fetch_again(self.accounts)
        self.assertEqual(
            set(self.accounts.mapped("error_code")), {"credentials_rejected"}
        )
        activity = self.asked()
        self.assertEqual(len(activity), 1)
        self.assertIn("An administrator", activity.note)
        self.credentials(CLIENT_SECRET)
        self.fetch_again(self.account)
        self.assertFalse(self.account.error_code)
        self.assertTrue(self.accounts[1].error_code)
        self.assertTrue(activity.exists(), "another account still has it")
        self.fetch_again(self.accounts)
        self.assertFalse(activity.exists())

    def test_another_error_of_the_same_account_is_the_same_matter(self):
        self.fault(self.account, status=403)
        self.fetch_again(self.account)
        activity = self.asked()
        self.mend()
        self.fault(self.account, status=404)
        self.fetch_again(self.account)
        self.assertEqual(self.asked(), activity)
        self.assertIn("no longer knows", activity.note)

    def test_what_the_user_has_ticked_off_is_not_asked_again(self):
        self.fault(self.account, status=403)
        self.fetch_again(self.account)
        self.asked().action_feedback("Jeg ringer til banken")
        self.fetch_again(self.account)
        self.assertFalse(self.asked())
        self.mend()
        self.fetch_again(self.account)
        self.fault(self.account, status=403)
        self.fetch_again(self.account)
        self.assertTrue(self.asked(), "it was over, and has come back")

    def test_two_workers_that_look_at_once_ask_once(self):
        self.fault(self.account, status=403)
        self.fetch_again(self.account)
        nothing = self.env["mail.activity"]
        account = type(self.account)
        with patch.object(account, "_alarms", lambda *_args: nothing):
            self.account._sound_alarm()  # as one that cannot see the other's yet
        self.assertEqual(len(self.asked()), 1)

    # === WHO, AND ITS END === #

    def test_without_a_responsible_user_an_administrator_of_the_books_is_asked(self):
        self.consent.user_id = False
        self.fault(self.account, status=403)
        self.fetch_again(self.account)
        user = self.asked().user_id
        self.assertTrue(user.has_group("account.group_account_manager"))
        self.assertIn(self.company, user.company_ids)

    def test_the_end_of_the_consent_ends_it(self):
        self.fault(self.account, status=403)
        self.fetch_again(self.account)
        self.assertTrue(self.asked())
        self.consent._mark_expired()
        self.assertFalse(self.asked())

    def test_a_consent_that_cannot_be_kept_alive(self):
        self.credentials("wrong")
        job = self.env.ref("account_mastercard_open_banking.ir_cron_keep_alive")
        with freeze_time(fields.Datetime.now() + timedelta(days=2)):
            self.env.flush_all()
            with self.own_cursors():
                self.assertIsInstance(job.method_direct_trigger(), bool)
            self.env.invalidate_all()
        self.assertEqual(self.consent.error_code, "credentials_rejected")
        self.assertEqual(self.asked().res_model, "open.banking.consent")

    def test_a_run_without_error_asks_nothing_of_the_database(self):
        said = []
        search = type(self.env["open.banking.account"])._alarms

        def counted(record, keys):
            said.append(keys)
            return search(record, keys)

        with patch.object(type(self.account), "_alarms", counted):
            self.fetch_again(self.accounts)
        self.assertFalse(said)

    # === THE BUTTON === #

    def test_the_button_beside_an_error(self):
        self.fault(self.account, status=500)
        self.fetch_again(self.account)
        mine = self.account.with_user(self.bookkeeper)
        self.assertEqual(mine.remedy_label, "Try Now")
        self.assertEqual(mine.remedy_who, "Nothing needs to be done.")
        card = self.account.journal_id.with_user(self.bookkeeper)._open_banking_cards()
        self.assertEqual(card[self.account.journal_id]["remedy"], "Try Now")
        self.mend()
        mine.fetch_ids[0].action_remedy()
        self.run_jobs()
        self.assertFalse(self.account.error_code)
        self.assertFalse(mine.remedy_label)
        self.assertFalse(mine.fetch_ids[1].remedy_label, "an old run is no matter")
        self.assertFalse(mine.action_remedy())

    def test_an_administrators_button_is_for_administrators(self):
        self.account.write({"error_code": "credentials_rejected"})
        mine = self.account.with_user(self.bookkeeper)
        self.assertFalse(mine.remedy_label)
        self.assertEqual(mine.remedy_who, "An administrator is needed.")
        admin = self.env.ref("base.user_admin")
        admin.company_ids += self.company
        admin.group_ids += self.env.ref("account.group_account_manager")
        theirs = self.account.with_user(admin)
        self.assertEqual(theirs.remedy_label, "Open Settings")
        self.assertEqual(theirs.action_remedy()["res_model"], "res.config.settings")

    def test_an_orphaned_account_says_so(self):
        self.account.is_orphaned = True
        mine = self.account.with_user(self.bookkeeper)
        self.assertIn("no longer delivers", mine.error_text)
        self.assertEqual(mine.remedy_label, "Connect to Bank")
        self.assertEqual(mine.action_remedy()["type"], "ir.actions.act_url")
