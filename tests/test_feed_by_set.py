from dataclasses import replace

from odoo.tests import tagged
from odoo.tools import SQL

from ..models import open_banking_transaction_insert as by_set
from .common import OpenBankingCase

NOT_COMPARED = ("id", "create_date", "write_date")


@tagged("post_install", "-at_install")
class TestFeedBySet(OpenBankingCase):
    """Rows of the feed are written as the ORM would, and only when there is news."""

    def mapped(self, **options):
        """An account that is about to be read for the first time, and its run."""
        self.bank.control("accounts", {"name": "Prøvekonto", **options})
        account = self.map_all(self.connect(accounts=["Prøvekonto"]))
        self.env.flush_all()
        with self.own_cursors():
            account.consent_id._renew_tokens()
        return account, self.env["open.banking.fetch"]._open_run(account)

    def stored(self, account, columns=None):
        """The columns of an account's rows, by their keys."""
        self.env.flush_all()
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT %s FROM open_banking_transaction WHERE account_id = %s",
                SQL(columns or "*"),
                account.id,
            )
        )
        return {
            row["key"]: {k: row[k] for k in row if k not in NOT_COMPARED}
            for row in rows
        }

    def forget(self, account):
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM open_banking_transaction WHERE account_id = %s", [account.id]
        )
        self.env.invalidate_all()

    def odd_rows(self, account):
        """What a column may hold, and what it may not."""
        euro = {"amount": "-100.55", "currency": "EUR", "rate": "7.46"}
        unknown = {"amount": "-100.55", "currency": "XYZ", "rate": "7.46"}
        self.add(account, amount="-750.10", conversion=euro)
        self.add(account, amount="-750.20", conversion=unknown)
        self.add(account, amount="0.01", text='"quoted" \\u0041 \\ {a}, æøå \U0001f600')
        self.add(account, amount="9999999999.99", reference="0130Y9", message="Tak")
        self.add(account, amount="-5.00", state="Reserved")
        self.add(account, amount="7.00", date=-200, counterpart="Skagen Fisk ApS")
        damage = {
            "transactions.0.transactionAmount.value": 1.005,
            "transactions.1.transactionAmount.value": 123456789012345.67,
            "transactions.2.date": None,
            "transactions.3.transactionAmount.currency": "SEK",
            "transactions.4.balance": None,
            "transactions.5.transactionAmount.value": -0.0,
            "transactions.6.id": None,
            "transactions.7.id": "x" * 300,
            "transactions.8.text": "a\0b",
        }
        fault = {"endpoint": "transactions_query", "times": None, "patch": damage}
        self.bank.control("faults", fault)

    def both_ways(self, account, run):
        page = self.first_page(account, run)
        rows = self.env["open.banking.transaction"]
        self.assertTrue(rows._is_ours_alone())
        counts = rows._store_page(run, page)
        with_set = self.stored(account)
        self.forget(account)
        self.patch(type(rows), "_is_ours_alone", lambda self: False)
        self.assertEqual(rows._store_page(run, page), counts)
        self.assertEqual(len(page.entries), len(with_set))
        with_orm = self.stored(account)
        self.assertEqual(with_set.keys(), with_orm.keys())
        for key, row in with_orm.items():
            with self.subTest(key):
                self.assertEqual(with_set[key], row)

    def test_every_column_is_as_the_orm_leaves_it(self):
        account, run = self.mapped(transactions=40)
        self.odd_rows(account)
        self.both_ways(account, run)

    def test_a_currency_in_steps_of_five(self):
        account, run = self.mapped(transactions=30)
        account.currency_id.rounding = 0.05
        self.both_ways(account, run)

    def test_records_know_what_was_written_under_them(self):
        account, run = self.mapped(transactions=10)
        self.assertFalse(account.transaction_ids)
        self.env["open.banking.transaction"]._store_page(
            run, self.first_page(account, run)
        )
        self.assertEqual(len(account.transaction_ids), 10)
        row = account.transaction_ids[0]
        self.assertEqual(
            (row.fetch_id, row.company_id, row.currency_id, row.create_uid),
            (run, account.company_id, account.currency_id, self.env.user),
        )
        self.assertIn(row.text, row.display_name)

    def test_the_orm_is_taken_when_somebody_else_has_a_hand_in_it(self):
        rows = self.env["open.banking.transaction"]
        self.assertTrue(rows._is_ours_alone())
        self.env["ir.default"].set(rows._name, "message", "Anything")
        self.assertFalse(rows._is_ours_alone())
        self.env["ir.default"].search([("field_id.model", "=", rows._name)]).unlink()
        self.assertTrue(rows._is_ours_alone())

        def create(self, vals_list):
            return create.origin(self, vals_list)

        create.origin = type(rows).create
        self.patch(type(rows), "create", create)
        self.assertFalse(rows._is_ours_alone())

    def test_a_field_of_another_module_is_written_by_the_orm(self):
        rows = self.env["open.banking.transaction"]
        self.patch(by_set, "EMPTY", by_set.EMPTY[1:])
        self.assertFalse(rows._is_ours_alone())

    # === WHAT IS KNOWN === #

    def versions(self, account):
        """Which transaction of PostgreSQL wrote each row, by its key."""
        return self.stored(account, "key, xmin::text, ctid::text")

    def test_known_rows_are_not_written(self):
        account = self.import_one("Prøvekonto", transactions=60)
        before = self.versions(account)
        account.synced_until = False
        self.fetch_again(account)
        self.assertEqual(account.fetch_ids[0].known_count, 60)
        self.assertEqual(self.versions(account), before)

    def test_known_rows_are_not_read(self):
        account = self.import_one("Prøvekonto", transactions=60)
        run = self.env["open.banking.fetch"]._start(account)
        entries = self.first_page(account, run).entries
        rows = self.env["open.banking.transaction"]
        self.assertEqual(len(entries), 60)
        self.assertEqual(rows._pass_by_unchanged(run, entries), ({}, set()))

    def test_what_the_feed_has_not_is_not_looked_for(self):
        account = self.import_one("Prøvekonto", transactions=9)
        run = self.env["open.banking.fetch"]._start(account)
        entries = self.first_page(account, run).entries
        rows = account.transaction_ids
        gone = rows.filtered(lambda row: row.external_id == entries[2].id)
        gone.unlink()
        left, absent = rows._pass_by_unchanged(run, entries)
        self.assertEqual((list(left), absent), ([2], {entries[2].id}))
        bank_rows, _said = rows._read_rows(account, {2: left[2].parse()})
        with self.assertQueryCount(0):
            self.assertEqual(rows._known_rows(run, bank_rows, absent)[0], [])
        known, _seen = rows._known_rows(run, bank_rows, set())
        self.assertEqual(known, [])

    def test_what_is_not_the_same_is_read(self):
        account = self.import_one("Prøvekonto", transactions=9)
        run = self.env["open.banking.fetch"]._start(account)
        entries = self.first_page(account, run).entries
        rows = account.transaction_ids.sorted("bank_order", reverse=True)
        rows[0].state = "withdrawn"
        rows[1].booking_state = "to_book"
        rows[2].bank_change = "vanished"
        rows[3].wire_hash = False
        key = f"{rows[4].key}#0123456789abcdef"
        rows[4].copy({"key": key, "state": "booked"})
        rows[5].write({"booking_state": "left_out", "reason_code": "before_start"})
        run.is_asked = True
        changed = replace(entries[6], digest="0")
        twice = [*entries[:6], changed, entries[7], entries[7], entries[8]]
        left, absent = account.transaction_ids._pass_by_unchanged(run, twice)
        self.assertEqual(list(left), list(range(9)))
        self.assertFalse(absent)

    def test_a_twin_whose_text_is_damaged_is_no_change_of_the_other(self):
        account = self.import_one("Prøvekonto", transactions=9, days=5)
        row = account.transaction_ids[4]
        text = row.text
        twin = {"id": row.external_id}
        amount, day = f"{row.amount:.2f}", row.date.isoformat()
        self.add(account, amount=amount, date=day, text="a\0b", patch=twin)
        self.fetch_again(account)
        run = account.fetch_ids[0]
        self.assertEqual((run.new_count, run.changed_count), (1, 0))
        self.assertEqual(row.text, text)
        self.assertEqual(len(self.lines(account)), 10)
