from odoo.tests import tagged

from .common import OpenBankingCase

SCHEDULE = "odoo.addons.account_mastercard_open_banking.models"
# What PostgreSQL itself raises: disk full, out of memory, a statement cancelled.
TROUBLES = {"disk_full": "53100", "out_of_memory": "53200", "query_canceled": "57014"}


@tagged("post_install", "-at_install")
class TestDatabaseTrouble(OpenBankingCase):
    """PostgreSQL refuses to store: it is told, and afterwards the books are right."""

    def refuse(self, table, sqlstate):
        self.env.cr.execute(
            f"""
            CREATE OR REPLACE FUNCTION refuse() RETURNS trigger AS $$
            BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'; END
            $$ LANGUAGE plpgsql;
            CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse()
            """
        )

    def relent(self, table):
        self.env.cr.execute(f"DROP TRIGGER refuse ON {table}")

    def fetch_quietly(self, account):
        with self.assertLogs(SCHEDULE, "ERROR") as log, self.assertLogs("odoo.sql_db"):
            self.fetch_again(account)
        self.assertNotIn("Girokort", "".join(log.output))

    def check_table(self, table):
        account = self.import_one("Driftskonto")
        for trouble, sqlstate in TROUBLES.items():
            with self.subTest(trouble=trouble):
                lines = self.count("account.bank.statement.line")
                self.add(account, amount="-25.00", text="Girokort")
                self.refuse(table, sqlstate)
                self.fetch_quietly(account)
                self.assertEqual(account.error_code, "database")
                self.assertGreater(account.next_attempt, self.env.cr.now())
                self.assertEqual(self.count("account.bank.statement.line"), lines)
                self.relent(table)
                self.fetch_again(account)
                self.assertFalse(account.error_code)
                self.assert_books_equal_bank(account)

    def test_when_lines_cannot_be_stored(self):
        self.check_table("account_bank_statement_line")

    def test_when_the_feed_cannot_be_stored(self):
        self.check_table("open_banking_transaction")
