from contextlib import contextmanager, suppress

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .endpoints import MAY_CALL, EndpointsCase, public_methods
from .rights import is_about_rights

QUIET = ("odoo.addons.base.models.ir_rule", "odoo.models")


@tagged("post_install", "-at_install")
class TestPublicMethods(EndpointsCase):
    """Each method without an underscore can be called by everybody who has a login."""

    @contextmanager
    def nothing_changes(self):
        """What is done within is undone afterwards, and must not have done anything."""
        with self.env.cr.savepoint() as point:
            before = self.checksum()
            yield
            self.assertEqual(self.checksum(), before)
            point.rollback()
        self.env.invalidate_all()

    # === OUR OWN METHODS === #

    def test_each_is_known_with_those_who_may(self):
        self.assertEqual(public_methods(self.env.registry), set(MAY_CALL))
        self.assertLessEqual({model for model, _name in MAY_CALL}, set(self.samples))

    @mute_logger(*QUIET)
    def test_users_without_the_right(self):
        for (model, name), may in MAY_CALL.items():
            with self.nothing_changes():
                for login, user in self.users.items():
                    if login not in may:
                        with self.subTest(model=model, method=name, user=login):
                            self.check_refused(user, self.samples[model], name)

    def check_refused(self, user, record, name):
        with self.assertRaises(UserError) as caught:
            self.call(user, record, name)
        self.assertTrue(is_about_rights(caught.exception), caught.exception)

    @mute_logger(*QUIET)
    def test_users_of_another_company(self):
        """They have all rights of accounting there, and none here."""
        for model, name in MAY_CALL:
            with self.subTest(model=model, method=name), self.nothing_changes():
                with self.assertRaises(AccessError):
                    self.call(self.theirs_user, self.samples[model], name)

    @mute_logger(*QUIET)
    def test_without_any_record(self):
        """A call for no record at all does nothing, be it refused or not."""
        for model, name in MAY_CALL:
            if name in ("create", "action_send_link"):
                continue  # these are for no record in particular
            nothing = self.samples[model].browse()
            for user in (self.users["internal"], self.theirs_user):
                with self.subTest(model=model, method=name), self.nothing_changes():
                    # "Expected one record" is a ValueError.
                    with suppress(UserError, ValueError):
                        self.call(user, nothing, name)

    # === WHAT EVERY MODEL HAS === #

    def stored(self):
        """Return the models of ours that keep something."""
        return sorted(
            model._name
            for model in self.env.registry.models.values()
            if model._name.startswith("open.banking.")
            and not model._abstract
            and not model._transient
        )

    def test_nobody_may_write_the_feed(self):
        """Not even by the rights of the models: all that changes goes by an action."""
        changing = ["|", "|", ("perm_write", "=", True), ("perm_create", "=", True)]
        rights = self.env["ir.model.access"].search(
            [*changing, ("perm_unlink", "=", True)]
        )
        self.assertGreater(len(self.stored()), 12)
        self.assertFalse(set(self.stored()) & set(rights.mapped("model_id.model")))

    @mute_logger(*QUIET)
    def test_models_cannot_be_written_by_general_methods(self):
        for model in self.stored():
            record = self.env[model].search([], limit=1)
            with self.nothing_changes():
                for login, user in self.users.items():
                    for name, *args in self.general_calls(model, record):
                        with self.subTest(model=model, method=name, user=login):
                            with self.assertRaises(AccessError):
                                self.rpc_on_model(user, model, name, *args)

    def general_calls(self, model, record):
        """Give what a browser can call on any model, to change something."""
        field = next(n for n in ("name", "state", "id") if n in self.env[model]._fields)
        yield from (
            ("create", [{field: "forged"}]),
            *([("name_create", "forged")] if field == "name" else []),
            ("web_save", [], {field: "forged"}, {}),
            ("onchange", [], {}, [], {"display_name": {}}),
        )
        if record:
            yield from (
                ("write", record.ids, {field: "forged"}),
                ("web_save", record.ids, {field: "forged"}, {}),
                ("web_save_multi", record.ids, [{field: "forged"}], {}),
                ("onchange", record.ids, {}, [], {"display_name": {}}),
                ("copy", record.ids),
                ("unlink", record.ids),
            )

    @mute_logger(*QUIET)
    def test_models_cannot_be_imported_into(self):
        for model in self.stored():
            field = "name" if "name" in self.env[model]._fields else "id"
            with self.nothing_changes():
                for login, user in self.users.items():
                    with self.subTest(model=model, user=login):
                        try:
                            found = self.rpc_on_model(
                                user, model, "load", [field], [["forged"]]
                            )
                        except AccessError:
                            continue
                        self.assertFalse(found["ids"])

    # === CHATTER === #

    @mute_logger(*QUIET)
    def test_chatter(self):
        """As on any record that may be read only: nobody posts, all may follow."""
        for model in (
            "open.banking.account",
            "open.banking.authorisation",
            "open.banking.consent",
        ):
            record = self.samples[model]
            kind = self.env.ref("mail.mail_activity_data_todo")
            activity = {
                "res_model_id": self.env["ir.model"]._get_id(model),
                "res_id": record.id,
                "activity_type_id": kind.id,
                "user_id": self.env.uid,
            }
            with self.nothing_changes():
                for login, user in self.users.items():
                    with self.subTest(model=model, user=login):
                        with self.assertRaises(AccessError):
                            self.rpc(user, record, "message_post", body="forged")
                        with self.assertRaises(AccessError):
                            self.rpc(user, record, "activity_schedule")
                        with self.assertRaises(AccessError):
                            self.rpc_on_model(
                                user, "mail.activity", "create", [activity]
                            )

    def test_an_activity_is_done_by_the_one_it_is_for(self):
        record = self.samples["open.banking.consent"]
        for login in ("basic", "accountant", "manager", "readonly"):
            user = self.users[login]
            activity = record.activity_schedule(
                "mail.mail_activity_data_todo", summary="do", user_id=user.id
            )
            with self.subTest(user=login):
                self.rpc(user, activity, "action_feedback", feedback="done")
                self.assertFalse(activity.exists().filtered("active"))
                self.assertIn("done", record.message_ids[0].body)

    @mute_logger(*QUIET)
    def test_the_matter_of_an_activity_cannot_be_forged(self):
        """Who could take a matter's name would silence its alarm."""
        user = self.users["basic"]
        activity = self.samples["open.banking.account"].activity_schedule(
            "mail.mail_activity_data_todo", summary="do", user_id=user.id
        )
        with self.nothing_changes(), self.assertRaises(AccessError):
            self.rpc(user, activity, "write", {"open_banking_matter": "1/timeout"})

    @mute_logger(*QUIET)
    def test_followers_are_not_added_by_others(self):
        record = self.samples["open.banking.consent"]
        other = self.users["basic"].partner_id
        with self.nothing_changes():
            for user in (self.theirs_user, self.users["internal"]):
                himself = user.partner_id
                self.rpc(user, record, "message_subscribe", himself.ids)
                self.assertNotIn(himself, record.message_partner_ids)
                with self.assertRaises(AccessError):
                    self.rpc(user, record, "message_subscribe", other.ids)

    # === LINES === #

    @mute_logger(*QUIET)
    def test_a_line_of_the_feed_can_still_be_worked_with(self):
        """The guard against forged links leaves daily work alone."""
        user, line = self.users["basic"], self.samples["account.bank.statement.line"]
        self.rpc(user, line, "web_save", {"payment_ref": "Rent"}, {})
        self.assertEqual(line.payment_ref, "Rent")
        statement = self.rpc_on_model(
            user,
            "account.bank.statement",
            "create",
            [{"line_ids": [Command.set(line.ids)]}],
        )
        self.assertEqual(line.statement_id.ids, statement)
        self.rpc(user, line, "unlink")
        row = self.samples["open.banking.transaction"]
        self.assertEqual(row.reason_code, "line_deleted")
