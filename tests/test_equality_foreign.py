from contextlib import ExitStack

from odoo.tests import tagged

from ..models.booking.fast import BATCHED, REPLICATED
from .equality_case import LINE, EqualityCase
from .equality_foreign import module_loaded
from .equality_scenarios import Scenario, but, made, partner

PLAIN = Scenario("plain", but(made(), partner("plain"), 2))
# Modules by whether core refuses their lines.
MODULES = {
    "equality_line_create": False,
    "equality_move_create": False,
    "equality_item_create": False,
    "equality_move_post": False,
    "equality_line_rule": True,
    "equality_numbers": False,
    "equality_prepared": False,
    "equality_line_field": False,
    "equality_move_field": False,
    "equality_item_field": False,
    "equality_tracked_field": False,
    "equality_default_field": False,
    "equality_partner_field": False,
    "equality_journal_field": False,
}
# These only depend on the lines: their values are computed after the copies.
HANG_ON = {"equality_partner_field", "equality_journal_field"}
TABLES = (
    "account_move",
    "account_move_line",
    "account_bank_statement_line",
    "mail_message",
)
TRIGGER = """
    CREATE FUNCTION equality_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.{column} = {value}; RETURN NEW; END $$;
    CREATE TRIGGER equality_{table} BEFORE {event} ON {table}
    FOR EACH ROW EXECUTE FUNCTION equality_{table}();
"""
CHANGES = {
    "account_move": ("ref", "'by a trigger ' || NEW.name"),
    "account_move_line": ("ref", "'by a trigger ' || NEW.id % 2"),
    "account_bank_statement_line": ("transaction_type", "'by a trigger'"),
    "mail_message": ("subject", "'by a trigger'"),
}


@tagged("post_install", "-at_install")
class TestEqualityForeign(EqualityCase):
    """What other people's modules add is there on lines of each way as on core's."""

    def check_refused(self, scenario):
        """Equal to core's, and not made as copies."""
        taken = self.check(scenario)
        self.assertNotEqual(taken.get(REPLICATED, ("",))[0], REPLICATED)
        return taken

    def check_module(self, module, fails):
        scenario = Scenario("module", PLAIN.values, fails=fails)
        with ExitStack() as stack:
            stack.enter_context(module_loaded(self.env, module))
            if module in HANG_ON:
                taken = self.check(scenario)
            else:
                taken = self.check_refused(scenario)
        return taken

    def test_plain_lines_are_replicated_when_no_module_is_there(self):
        """Else nothing here would prove anything."""
        taken = self.check(PLAIN, (REPLICATED, BATCHED))
        self.assertEqual(taken[REPLICATED], (REPLICATED, ""))
        self.assertEqual(taken[BATCHED], (BATCHED, ""))

    def test_a_trigger_on_insertion(self):
        for table in TABLES:
            with self.subTest(table):
                self.check_trigger(table, "INSERT")

    def test_a_trigger_on_change(self):
        for table in TABLES[:3]:
            with self.subTest(table):
                self.check_trigger(table, "UPDATE")

    def check_trigger(self, table, event):
        column, value = CHANGES[table]
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                TRIGGER.format(table=table, column=column, value=value, event=event)
            )
            self.check_refused(PLAIN)
            savepoint.close(rollback=True)

    def test_a_column_that_no_field_stands_for(self):
        self.env.cr.execute(
            "ALTER TABLE account_move ADD COLUMN equality_note text DEFAULT 'note'"
        )
        self.check(PLAIN)

    def test_a_column_that_the_database_computes(self):
        self.env.cr.execute(
            "ALTER TABLE account_bank_statement_line ADD COLUMN equality_double numeric"
            " GENERATED ALWAYS AS (amount * 2) STORED"
        )
        self.check(PLAIN)

    def test_a_column_whose_default_is_another_each_time(self):
        for table in TABLES[:3]:
            with self.subTest(table):
                self.check_unique_default(table)

    def check_unique_default(self, table):
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                f"ALTER TABLE {table} ADD COLUMN equality_key uuid"
                " DEFAULT gen_random_uuid()"
            )
            notes = []
            maker = self.maker(REPLICATED, notes)
            lines = maker(self.model_for(PLAIN), PLAIN.values(self))
            self.env.flush_all()
            self.env.cr.execute(
                f"SELECT count(*) - count(DISTINCT equality_key) FROM {table}"
            )
            self.assertEqual(self.env.cr.fetchone(), (0,), notes)
            self.assertEqual(len(lines), len(PLAIN.values(self)))
            savepoint.close(rollback=True)

    def test_a_rule_of_the_database(self):
        self.env.cr.execute(
            "CREATE RULE equality AS ON INSERT TO account_bank_statement_line DO ALSO"
            " UPDATE account_journal SET name = name WHERE id = NEW.journal_id"
        )
        self.check(PLAIN)

    def test_a_field_made_by_a_user(self):
        model = self.env["ir.model"]._get(LINE)
        field = self.env["ir.model.fields"].create(
            {
                "name": "x_equality",
                "model_id": model.id,
                "ttype": "char",
                "compute": "for r in self: r['x_equality'] = r.payment_ref",
                "depends": "payment_ref",
                "store": True,
            }
        )
        try:
            self.check_refused(PLAIN)
        finally:
            field.unlink()

    def test_a_default_set_by_a_user(self):
        self.env["ir.default"].set(LINE, "transaction_type", "By default")
        values = made()(self)
        for line in values:
            del line["transaction_type"]
        self.check(Scenario("default", lambda _world: values))

    def test_a_hook_put_over_create(self):
        """As automation rules do it: a function in the place of the method."""
        for model in (LINE, "account.move", "account.move.line"):
            with self.subTest(model):
                self.check_hook(model)

    def check_hook(self, name):
        def create(records, vals_list):
            made = origin(records, vals_list)
            for record in made:
                record.with_context(skip_readonly_check=True).ref = f"hook {len(made)}"
            return made

        registry_class = type(self.env[name])
        origin = registry_class.create
        create.origin = origin
        create._api_model = True
        registry_class.create = create
        try:
            self.check_refused(PLAIN)
        finally:
            del registry_class.create


def _add_tests(cls):
    for module, fails in MODULES.items():

        def test(self, module=module, fails=fails):
            self.check_module(module, fails)

        setattr(cls, f"test_{module.replace('equality', 'module')}", test)


_add_tests(TestEqualityForeign)
