import threading
from contextlib import contextmanager
from datetime import date

from odoo import SUPERUSER_ID, api
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..models.booking.fast import BATCHED, CORE, REPLICATED, create_lines, replicate

LINE = "account.bank.statement.line"
COUNT = 12
# A thread that waits longer than this does not wait, it hangs.
SECONDS = 60


@tagged("post_install", "-at_install")
class TestEqualityTogether(TransactionCase):
    """Two workers in one journal at the same time, with connections of their own."""

    def setUp(self):
        super().setUp()
        self.patch(replicate, "FEWEST", COUNT)

    @contextmanager
    def committed_journal(self):
        """Yield the id of a journal that is really there, for as long as needed."""
        with self.registry.cursor() as cursor:
            env = api.Environment(cursor, SUPERUSER_ID, {})
            journal = env["account.journal"].create(
                {
                    "name": "Together",
                    "type": "bank",
                    "code": "BTOG",
                    "company_id": env.ref("base.main_company").id,
                }
            )
            accounts = journal.default_account_id
            cursor.commit()
            try:
                yield journal.id
            finally:
                cursor.rollback()
                env[LINE].search([("journal_id", "=", journal.id)]).unlink()
                journal.unlink()
                accounts.unlink()
                cursor.commit()

    def values(self, journal_id, month=1):
        return [
            {
                "journal_id": journal_id,
                "date": date(2025, month, 1 + place),
                "payment_ref": f"Tx {place}",
                "amount": place + 1,
            }
            for place in range(COUNT)
        ]

    def together(self, journal_id, first_way, second_way):
        """Let a second worker begin while the first has not committed yet.

        :return: the names and gap marks of both, in the order of their lines
        """
        result = {}
        with self.registry.cursor() as cursor:
            env = api.Environment(cursor, SUPERUSER_ID, {})
            self.make(env, journal_id, first_way)
            thread = threading.Thread(
                target=self.second, args=(journal_id, second_way, result)
            )
            thread.start()
            self.wait_until_locked(thread)
            cursor.commit()
            thread.join(SECONDS)
            self.assertFalse(thread.is_alive(), "the second worker hangs")
        if "error" in result:
            raise result["error"]
        return self.numbers(journal_id)

    def make(self, env, journal_id, way):
        made = create_lines(env[LINE], self.values(journal_id), way)
        self.assertEqual((made.way, made.reason), (way, ""))
        return made.lines

    def second(self, journal_id, way, result):
        try:
            with self.registry.cursor() as cursor:
                self.make(api.Environment(cursor, SUPERUSER_ID, {}), journal_id, way)
                cursor.commit()
        except Exception as error:
            result["error"] = error

    def wait_until_locked(self, thread):
        """Wait until the second worker waits for the first, or is through."""
        for _turn in range(SECONDS * 20):
            with self.registry.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type"
                    " = 'Lock' AND datname = current_database()"
                )
                if cursor.fetchone()[0]:
                    return
            thread.join(0.05)
            if not thread.is_alive():
                return
        self.fail("the second worker neither waits nor ends")

    def numbers(self, journal_id):
        with self.registry.cursor() as cursor:
            env = api.Environment(cursor, SUPERUSER_ID, {})
            lines = env[LINE].search([("journal_id", "=", journal_id)], order="id")
            return [(line.name, line.move_id.made_sequence_gap) for line in lines]

    def numbered_by(self, first_way, second_way):
        with mute_logger("odoo.sql_db"), self.committed_journal() as journal_id:
            return self.together(journal_id, first_way, second_way)

    def test_two_workers_number_as_core_does(self):
        expected = self.numbered_by(CORE, CORE)
        names = [name for name, _gap in expected]
        self.assertEqual(
            names, [f"BTOG/2025/{n + 1:05d}" for n in range(2 * COUNT)], "core itself"
        )
        for ways in (
            (REPLICATED, REPLICATED),
            (BATCHED, BATCHED),
            (REPLICATED, CORE),
            (CORE, REPLICATED),
            (BATCHED, REPLICATED),
        ):
            with self.subTest(ways=ways):
                self.assertEqual(self.numbered_by(*ways), expected)
