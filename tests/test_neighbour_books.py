from datetime import datetime, timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..const import FEED_SOURCE
from .common import OpenBankingCase
from .neighbours import AS_ALWAYS, ONLINE, RECONCILE, BesideNeighbours

LINE = "account.bank.statement.line"
MANY = {"transactions": 60, "days": 40}


def two_a_day(_provider, since, until):
    """What a connector of OCA's feed returns for some days."""
    lines = [
        {
            "date": since + timedelta(hours=hour),
            "amount": hour,
            "payment_ref": f"At {hour}",
            "unique_import_id": f"{since:%Y%m%d}-{hour}",
        }
        for hour in (9, 15)
        if since + timedelta(hours=hour) < until
    ]
    return lines, {}


@tagged("post_install", "-at_install")
class TestNeighbourBooks(BesideNeighbours, OpenBankingCase):
    """Beside OCA's bank feed and OCA's reconciliation."""

    def new_journal(self, name, **values):
        company = self.company.id
        return self.env["account.journal"].create(
            {"name": name, "type": "bank", "company_id": company, **values}
        )

    def online_feed(self, journal):
        """Let OCA's feed read a journal from a bank that has two lines a day."""
        providers = self.env["online.bank.statement.provider"]
        self.patch(type(providers), "_obtain_statement_data", two_a_day)
        return providers.create({"journal_id": journal.id, "service": "dummy"})

    def run_online_job(self, feed):
        """Run OCA's scheduled job, as if it had not run for two hours."""
        feed.next_run = datetime.now().replace(microsecond=0) - timedelta(hours=2)
        job = self.env.ref(f"{ONLINE}.ir_cron_account_pull_online_bank_statements")
        self.env.flush_all()
        with self.own_cursors():
            self.assertIsInstance(job.method_direct_trigger(), bool)
        self.env.invalidate_all()

    def lines_in(self, journal):
        return self.env[LINE].search([("journal_id", "=", journal.id)])

    def customer_invoice(self, amount, **values):
        """Post an invoice of an amount, without tax."""
        invoice = (
            self.env["account.move"]
            .with_company(self.company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.env["res.partner"].create({"name": "Buyer"}).id,
                    "invoice_date": self.today - timedelta(days=60),
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Thing",
                                "price_unit": amount,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                    **values,
                }
            )
        )
        invoice.action_post()
        return invoice

    def claim(self, invoice):
        return invoice.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )

    def reconcile(self, line, invoice):
        """Choose the invoice in OCA's screen and press Reconcile."""
        line = line.with_user(self.bookkeeper)
        view = f"{RECONCILE}.bank_statement_line_form_reconcile_view"
        with Form(line, view) as form:
            form.add_account_move_line_id = self.claim(invoice).with_user(
                self.bookkeeper
            )
            self.assertTrue(form.can_reconcile)
        line.reconcile_bank_line()
        self.assertTrue(line.is_reconciled)

    # === BOTH KINDS OF FEED === #

    def test_both_kinds_of_feed_each_on_its_journal(self):
        other = self.new_journal("Other feed")
        feed = self.online_feed(other)
        account = self.import_one("Driftskonto")
        self.run_online_job(feed)
        theirs = self.lines_in(other)
        self.assertTrue(theirs)
        self.assertFalse(theirs.open_banking_transaction_id)
        self.assert_books_equal_bank(account)
        self.assertEqual(other.bank_statements_source, "online")
        self.assertEqual(self.journal.bank_statements_source, FEED_SOURCE)
        self.add(account, amount="-17.05", text="Kaffe")
        self.fetch_again(account)
        self.run_online_job(feed)
        self.assert_books_equal_bank(account)
        self.assertEqual(self.lines_in(other), theirs)

    def test_both_kinds_of_feed_can_be_chosen(self):
        journals = self.env["account.journal"]
        sources = dict(journals._get_bank_statements_available_sources())
        self.assertGreaterEqual(sources.keys(), {"undefined", "online", FEED_SOURCE})

    def test_a_journal_of_the_other_feed_is_left_to_it(self):
        """By itself, and when a user would choose it."""
        self.online_feed(self.journal)
        account = self.connect(accounts=["Driftskonto"]).account_ids
        self.assertFalse(account._suggest_journal(self.journal))
        wizard = self.env["open.banking.account.map"].with_user(self.bookkeeper)
        wizard = wizard._for_accounts(account.with_user(self.bookkeeper), self.journal)
        wizard.line_ids.write({"action": "journal", "journal_id": self.journal.id})
        with self.assertRaisesRegex(UserError, "fed already"):
            wizard.action_confirm()
        self.assertEqual(self.journal.bank_statements_source, "online")
        self.assertTrue(self.journal.online_bank_statement_provider_id)

    # === RECONCILIATION === #

    def test_a_line_is_reconciled_with_an_invoice_and_the_feed_goes_on(self):
        account = self.import_one("Storkonto", **MANY)
        line = self.lines(account).filtered(lambda each: each.amount > 0)[:1]
        invoice = self.customer_invoice(line.amount)
        self.reconcile(line, invoice)
        self.assertEqual(invoice.amount_residual, 0)
        self.assert_books_equal_bank(account)
        self.add(account, amount="-17.05", text="Kaffe")
        self.fetch_again(account)
        self.assert_books_equal_bank(account)
        self.assertTrue(line.is_reconciled)
        line.with_user(self.bookkeeper).unreconcile_bank_line()
        self.assertFalse(line.is_reconciled)
        self.assertEqual(invoice.amount_residual, line.amount)
        self.assert_books_equal_bank(account)

    def test_lines_are_reconciled_as_they_come(self):
        """OCA looks for the invoice when a line is made, whichever way that is."""
        account = self.import_one("Driftskonto")
        reference = "INV/OWN/0001"
        invoice = self.customer_invoice(875.5, payment_reference=reference)
        self.add(account, amount="875.50", text=reference)
        for number in range(3):
            self.add(account, amount="-10.00", text=f"Kaffe {number}")
        self.fetch_again(account)
        account.fetch_ids[0].with_user(self.bookkeeper).action_undo()
        rows = account.transaction_ids.filtered(lambda row: row.reason_code == "undone")
        self.assertEqual(len(rows), 4)
        rows.with_user(self.bookkeeper).with_context(**AS_ALWAYS).action_book()
        self.assert_books_equal_bank(account)
        new = self.lines(account).filtered("is_reconciled")
        self.assertEqual(new.payment_ref, reference)
        self.assertEqual(invoice.amount_residual, 0)

    def test_two_that_pay_one_invoice_are_both_booked(self):
        """OCA refuses both together; one after the other it takes."""
        account = self.import_one("Driftskonto")
        reference = "INV/OWN/0002"
        self.customer_invoice(500, payment_reference=reference)
        for _number in range(2):
            self.add(account, amount="500.00", text=reference)
        self.fetch_again(account)
        account.fetch_ids[0].with_user(self.bookkeeper).action_undo()
        rows = account.transaction_ids.filtered(lambda row: row.reason_code == "undone")
        rows.with_user(self.bookkeeper).with_context(**AS_ALWAYS).action_book()
        self.assertEqual(rows.mapped("booking_state"), ["booked"] * 2)
        self.assert_books_equal_bank(account)
        paid = rows.statement_line_ids.filtered("is_reconciled")
        self.assertEqual(len(paid), 1)

    def test_what_is_reconciled_outlasts_the_undo_of_its_run(self):
        account = self.import_one("Driftskonto")
        line = self.lines(account).filtered(lambda each: each.amount > 0)[:1]
        self.reconcile(line, self.customer_invoice(line.amount))
        run = account.fetch_ids.with_user(self.bookkeeper)
        run.action_undo()
        self.assertEqual(self.lines(account), line)
        with self.assertRaisesRegex(UserError, "reconciled"):
            run.action_undo()
        rows = account.transaction_ids.with_user(self.bookkeeper)
        rows.filtered(lambda row: row.reason_code == "undone").action_book()
        self.assert_books_equal_bank(account, in_order=False)

    def test_how_lines_are_made_is_told(self):
        account = self.import_one("Storkonto", **MANY)
        run = account.fetch_ids.filtered("booked_count")
        self.assertEqual(run.batched_count, MANY["transactions"], run.way_reason)
        self.assertTrue(run.way_reason)
        self.assert_books_equal_bank(account)
