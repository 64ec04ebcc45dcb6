from contextlib import closing

from odoo.exceptions import UserError
from odoo.tests import tagged

from .equality import compare, core, outcome
from .equality_case import EqualityCase
from .equality_rows import Mark, differences
from .equality_scenarios import made
from .equality_scenarios_plain import fed

# What a wrong maker does to core's lines in the database, and what must be seen.
WRONG = {
    "UPDATE account_move_line SET name = 'x'"
    " WHERE id = %(item)s": "account_move_line.name",
    "UPDATE account_move_line SET balance = balance * 2, debit = debit * 2, credit ="
    " credit * 2 WHERE move_id = %(move)s": "account_move_line.balance",
    "UPDATE account_move_line SET amount_residual = 1"
    " WHERE id = %(item)s": "account_move_line.amount_residual",
    "UPDATE account_move SET name = 'X/2025/1'"
    " WHERE id = %(move)s": "account_move.name",
    "UPDATE account_move SET made_sequence_gap = NOT made_sequence_gap"
    " WHERE id = %(move)s": "account_move.made_sequence_gap",
    "UPDATE account_bank_statement_line SET amount = amount::numeric(20, 4)"
    " WHERE id = %(line)s": "account_bank_statement_line.amount",
    "UPDATE account_bank_statement_line SET partner_name = ''"
    " WHERE id = %(line)s": "account_bank_statement_line.partner_name",
    "UPDATE account_bank_statement_line SET create_date = create_date - '1 h'::interval"
    " WHERE id = %(line)s": "account_bank_statement_line.create_date",
    "UPDATE account_bank_statement_line SET internal_index = '2' || internal_index"
    " WHERE id = %(line)s": "account_bank_statement_line.internal_index",
    "DELETE FROM mail_message WHERE model = 'account.move'"
    " AND res_id = %(move)s": "mail_message: core",
    "UPDATE mail_message SET body = 'x' WHERE model = 'account.move'"
    " AND res_id = %(move)s": "mail_message.body",
    "DELETE FROM mail_followers WHERE res_model = 'account.move'"
    " AND res_id = %(move)s": "mail_followers: core",
    "DELETE FROM mail_followers_mail_message_subtype_rel WHERE mail_followers_id IN"
    " (SELECT id FROM mail_followers WHERE res_model = 'account.move'"
    " AND res_id = %(move)s)": "mail_followers_mail_message_subtype_rel: core",
    "UPDATE res_company SET name = name || '!'": "res_company: core 0 rows",
    "DELETE FROM res_currency_rate": "older rows left alone",
    "INSERT INTO ir_config_parameter (key, value) VALUES ('a', 'b')": (
        "ir_config_parameter: core 0 rows"
    ),
}


@tagged("post_install", "-at_install")
class TestEqualityHarness(EqualityCase):
    """What the other tests of equality rely on: each difference is seen."""

    def setUp(self):
        super().setUp()
        company = self.companies["danish"]
        self.model = (
            self.env["account.bank.statement.line"]
            .with_user(self.users["danish"])
            .with_company(company)
        )
        self.values = made(count=3, partner_name=False)(self)
        self.theirs = self.look(core)

    def look(self, maker, after=None):
        return outcome(self.model, self.values, maker, after)

    def assert_seen(self, maker, words, after=None, theirs=None):
        found = compare(theirs or self.theirs, self.look(maker, after))
        self.assertTrue(any(words in text for text in found), found)

    def test_core_equals_itself(self):
        self.assertEqual(compare(self.theirs, self.look(core)), [])
        self.assertEqual(len(self.theirs.rows["account_move_line"]), 6)
        self.assertIn("mail_followers", self.theirs.rows)
        self.assertEqual(compare(self.theirs, self.theirs), [])

    def test_cores_cache_says_what_the_database_does(self):
        self.assertEqual(differences(self.theirs.cached, self.theirs.read), [])

    def test_nothing_changes_when_core_computes_anew(self):
        theirs = self.theirs
        self.assertEqual(differences(theirs.rows, theirs.recomputed), [])

    def test_a_wrong_row_is_seen(self):
        for query, words in WRONG.items():

            def wrong(model, values, query=query):
                lines = core(model, values)
                lines.env.cr.flush()
                line = lines.sudo()[1]
                ids = {
                    "line": line.id,
                    "move": line.move_id.id,
                    "item": line.move_id.line_ids.ids[0],
                }
                lines.env.cr.execute(query, ids)
                lines.env.invalidate_all()
                return lines

            with self.subTest(query):
                self.assert_seen(wrong, words)

    def test_a_stale_cache_is_seen(self):
        def stale(model, values):
            lines = core(model, values)
            lines.env.flush_all()
            lines._fields["payment_ref"]._update_cache(lines[:1], "stale")
            return lines

        table = "account_bank_statement_line as seen"
        self.assert_seen(stale, f"cache: {table}.payment_ref")

    def test_what_is_not_computed_is_seen(self):
        """A value that only a later computation puts right."""

        def forgetful(model, values):
            lines = core(model, values)
            lines.env.flush_all()
            lines.env.cr.execute(
                "UPDATE account_bank_statement_line SET is_reconciled = true"
                " WHERE id = %s",
                [lines.ids[0]],
            )
            return lines

        self.assert_seen(forgetful, "account_bank_statement_line.is_reconciled")
        found = compare(self.look(forgetful), self.look(core))
        self.assertTrue(any("read again" in text for text in found), found)

    def test_another_order_is_seen(self):
        self.assert_seen(
            lambda model, values: core(model, values)[::-1], "order of the lines"
        )
        self.assert_seen(
            lambda model, values: core(model, values[::-1])[::-1],
            "account_bank_statement_line.payment_ref",
        )

    def test_another_answer_afterwards_is_seen(self):
        self.assert_seen(core, "told afterwards", lambda lines: [{"n": 1}])

    def test_other_errors_are_seen(self):
        def refuses(words):
            def refuse(model, values):
                raise UserError(words)

            return refuse

        self.assert_seen(refuses("No"), "error")
        theirs = self.look(refuses("No 17"))
        self.assert_seen(refuses("Never"), "error", theirs=theirs)
        self.assertEqual(compare(theirs, self.look(refuses("No 18"))), [])

    def test_no_table_is_overlooked(self):
        """PostgreSQL's own counting names every table that was written."""
        values = [{**line, **more} for line, more in zip(self.values, fed(self))]  # noqa: B905
        with closing(self.env.cr.savepoint()):
            mark = Mark(self.env.cr)
            core(self.model.sudo(), values)
            self.env.cr.flush()
            counted, every = mark.rows(), mark.rows(everywhere=True)
        self.assertEqual(counted.tables.keys(), every.tables.keys())
        self.assertGreater(len(counted.tables), 4)

    def test_an_outcome_leaves_nothing_behind(self):
        self.assertFalse(
            self.model.search_count([("journal_id", "=", self.journals["bank"].id)])
        )
