import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..rehearsal_bank.customer import Customer
from .disconnect import DisconnectCase


@tagged("post_install", "-at_install")
class TestErasure(DisconnectCase):
    """What nobody needs any more goes; the books and what tells a double stay."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            login="manager",
            groups="account.group_account_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def wizard_of(self, record, user=None):
        """Press Erase on a consent or a contact."""
        record = record.with_user(user or self.manager)
        button = (
            "action_erase"
            if record._name == "open.banking.consent"
            else "action_open_banking_erase"
        )
        action = getattr(record, button)()
        wizards = record.env[action["res_model"]].with_context(**action["context"])
        return Form(wizards).save()

    def erase(self, record):
        self.wizard_of(record).action_confirm()
        self.env.flush_all()
        self.env.invalidate_all()

    def with_all_kinds_of_rows(self):
        """An account with rows booked, left out, held and pending, disconnected."""
        account = self.import_one("Driftskonto")
        self.add(account, amount="-7.00", text="Udeladt hemmelighed", date=-1)
        self.add(account, amount="-8.00", text="Uafklaret hemmelighed", date=-2)
        self.add(
            account, amount="-9.00", text="Reserveret hemmelighed", state="Reserved"
        )
        account.next_attempt = self.env.cr.now() - timedelta(minutes=1)
        rows = account.transaction_ids
        while not rows.filtered(lambda row: "Udeladt" in (row.text or "")):
            account._work()
            rows = account.transaction_ids
        for row in rows.filtered(lambda row: "hemmelighed" in (row.text or "")):
            if "Udeladt" in row.text:
                row.with_user(self.bookkeeper).action_leave_out()
            elif "Uafklaret" in row.text:
                row._hold("refused_by_odoo", "en hemmelighed til")
        self.run_jobs()
        self.disconnect(account)
        return account

    def row(self, account, amount):
        return account.transaction_ids.filtered(lambda row: row.amount == amount)

    def test_it_says_first_what_goes_and_what_stays(self):
        account = self.with_all_kinds_of_rows()
        before = len(account.transaction_ids)
        wizard = self.wizard_of(account.consent_id)
        self.assertEqual(wizard.account_ids, account)
        self.assertEqual(wizard.cleared_count, 1)
        self.assertEqual(wizard.booked_count, len(self.lines(account)))
        self.assertEqual(
            wizard.deleted_count + wizard.cleared_count + wizard.booked_count, before
        )
        self.assertEqual(len(account.transaction_ids), before)

    def test_what_goes_and_what_stays(self):
        account = self.with_all_kinds_of_rows()
        lines = self.lines(account)
        kept = lines.read(["date", "amount", "payment_ref", "partner_name"])
        consent = account.consent_id
        self.erase(consent)
        self.assertEqual(
            lines.read(["date", "amount", "payment_ref", "partner_name"]), kept
        )
        rows = account.transaction_ids
        self.assertEqual(set(rows.mapped("booking_state")), {"booked", "left_out"})
        self.assertFalse(any(rows.mapped("raw")) or any(rows.mapped("previous_raw")))
        self.assertFalse(self.row(account, -8.0) | self.row(account, -9.0))
        left_out = self.row(account, -7.0)
        for name in ("text", "original_text", "counterpart_name", "references"):
            self.assertFalse(left_out[name], name)
        self.assertTrue(left_out.key and left_out.date and left_out.bank_amount)
        self.assertNotIn("hemmelighed", self.everything_stored())
        self.assertFalse(account.holder or account.has_booked_balance)
        self.assertTrue(account.iban)
        self.assert_no_tokens(consent)
        self.assertTrue(consent.erased_on)
        self.assertEqual(consent.erased_by_id, self.manager)
        self.assertEqual(consent.partner_id, self.bookkeeper.partner_id)
        said = consent.message_ids.filtered(lambda m: "erased" in (m.body or ""))
        self.assertEqual(len(said), 1)

    def everything_stored(self):
        """Return all that our tables hold, as text."""
        tables = (
            "open_banking_transaction",
            "open_banking_account",
            "open_banking_fetch",
            "open_banking_consent",
            "open_banking_authorisation",
            "open_banking_consent_account",
        )
        stored = []
        for table in tables:
            self.env.cr.execute(f"SELECT to_jsonb(t) FROM {table} t")  # noqa: S608
            stored += self.env.cr.fetchall()
        return json.dumps(stored, ensure_ascii=False)

    def connect_again_and_read(self, account):
        self.connect(accounts=["Driftskonto"])
        self.run_jobs()

    def check_nothing_twice(self, account):
        have = sorted(
            (line.date.isoformat(), f"{line.amount:.2f}", line.payment_ref)
            for line in self.lines(account)
        )
        # The bank has the row that was left out as well.
        said = sorted(
            (row["date"], row["amount"], row["wire"]["text"])
            for row in self.bank.booked(account.iban)
            if row["amount"] != "-7.00"
        )
        self.assertEqual(have, said)
        left_out = self.row(account, -7.0)
        self.assertEqual(left_out.booking_state, "left_out")
        self.assertEqual(left_out.reason_code, "left_out_by_user")

    def test_connecting_again_books_nothing_twice_and_leaves_no_gap(self):
        account = self.with_all_kinds_of_rows()
        self.erase(account.consent_id)
        for _run in range(2):
            self.connect_again_and_read(account)
            self.check_nothing_twice(account)
        # What was held comes again, and is booked now that nothing is wrong with it.
        self.assertEqual(self.row(account, -8.0).booking_state, "booked")
        self.assertEqual(self.row(account, -9.0).state, "pending")

    def test_connecting_again_under_other_ids(self):
        account = self.with_all_kinds_of_rows()
        self.erase(account.consent_id)
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        self.connect_again_and_read(account)
        self.check_nothing_twice(account)

    def test_old_undecided_rows_come_again(self):
        """They lie before the days that a reading usually covers."""
        account = self.import_one("Driftskonto", since=self.today - timedelta(days=90))
        self.add(account, amount="-6.00", text="Gammel", date=-60)
        account._note_change(self.today - timedelta(days=61))
        account.next_attempt = self.env.cr.now() - timedelta(minutes=1)
        self.run_jobs()
        row = self.row(account, -6.0)
        row._remove_lines(False)
        row._hold("refused_by_odoo")
        self.disconnect(account)
        self.erase(account.consent_id)
        self.assertFalse(self.row(account, -6.0))
        self.connect_again_and_read(account)
        self.assertEqual(self.row(account, -6.0).booking_state, "booked")
        self.assert_books_equal_bank(account, in_order=False)

    def test_not_while_it_is_active(self):
        account = self.import_one("Driftskonto")
        for record in (account.consent_id, account.consent_id.partner_id):
            with self.assertRaisesRegex(UserError, "Disconnect the bank first"):
                self.wizard_of(record)
        self.disconnect(account)
        wizard = self.wizard_of(account.consent_id)
        account.consent_id.state = "active"
        with self.assertRaisesRegex(UserError, "Disconnect the bank first"):
            wizard.action_confirm()
        self.assertTrue(all(account.transaction_ids.mapped("raw")))

    def test_not_by_everybody(self):
        account = self.import_one("Driftskonto")
        self.disconnect(account)
        basic = new_test_user(
            self.env,
            login="basic",
            groups="account.group_account_basic",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaisesRegex(UserError, "managers"):
            self.wizard_of(account.consent_id, basic)
        with self.assertRaises(UserError):
            account.consent_id.with_user(basic)._erase()
        with self.assertRaises(AccessError):
            self.env["open.banking.erasure"].with_user(basic).create({})
        self.assertTrue(all(account.transaction_ids.mapped("raw")))

    def test_accounts_of_a_newer_consent_are_not_touched(self):
        account = self.import_one("Driftskonto")
        first = account.consent_id
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        self.connect(accounts=["Driftskonto"])
        first._end("replaced", "replaced")
        self.erase(first)
        self.assertTrue(all(account.transaction_ids.mapped("raw")))
        self.assertTrue(account.holder)
        self.assertTrue(first.erased_on)

    def test_by_contact(self):
        account = self.with_all_kinds_of_rows()
        consent = account.consent_id
        self.erase(consent.partner_id)
        self.assertTrue(consent.erased_on)
        self.assertFalse(any(account.transaction_ids.mapped("raw")))

    def test_not_while_the_books_are_being_written(self):
        account = self.import_one("Driftskonto")
        self.disconnect(account)
        account.fetch_ids[0].state = "booking"
        with self.assertRaisesRegex(UserError, "try again"):
            self.wizard_of(account.consent_id).action_confirm()
