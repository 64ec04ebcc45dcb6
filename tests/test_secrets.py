import logging
import traceback

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..bank_api import TokenSet
from ..controllers.log_mask import LinkFilter, masked
from .access import SECRETS, AccessCase

GROUPS = (
    "account.group_account_manager",
    "account.group_account_user",
    "base.group_allow_export",
    "base.group_system",
    "mail.group_mail_template_editor",
)


@tagged("post_install", "-at_install")
class TestSecrets(AccessCase):
    """The administrator, with every right there is, tries every way to a secret."""

    def setUp(self):
        super().setUp()
        self.admin = self.env.ref("base.user_admin")
        self.admin.company_ids += self.company
        self.admin.group_ids += self.env["res.groups"].concat(
            *map(self.env.ref, GROUPS)
        )
        self.records = {**self.ours, "res.company": self.company}
        self.company.sudo().open_banking_webhook_secret_encrypted = "xyz of webhooks"

    def each_secret(self):
        """Return a record as the administrator sees it, the field, and its value."""
        return [
            (
                self.records[name].with_user(self.admin),
                field,
                self.records[name].sudo()[field],
            )
            for name, secrets in SECRETS.items()
            for field in sorted(secrets)
        ]

    def refused(self, record, method, *args, **options):
        with self.assertRaises(AccessError, msg=f"{method} {args} {options}"):
            call_kw(record.browse(), method, args, options)

    @mute_logger("odoo.models")
    def test_reading_and_searching(self):
        for record, field, _value in self.each_secret():
            spec = {field: {}}
            self.refused(record, "read", record.ids, [field])
            self.refused(record, "web_read", record.ids, spec)
            self.refused(record, "web_search_read", [], spec)
            self.refused(record, "search_read", [], [field])
            self.refused(record, "export_data", record.ids, [field])
            self.refused(record, "web_save", record.ids, {field: "x"}, spec)
            self.refused(record, "search", [], order=field)
            self.refused(record, "search", [], order=f"{field} desc, id")
            for operator, value in (
                ("=", "x"),
                ("!=", False),
                ("in", ["x"]),
                (">", "a"),
                ("=like", "s%"),
                ("ilike", "s"),
                ("=ilike", "S%"),
                ("not ilike", "s"),
            ):
                if record._fields[field].type == "boolean":
                    if operator not in ("=", "!=", "in"):
                        continue
                    value = [True] if operator == "in" else True
                elif record._fields[field].type != "char":
                    if "like" in operator:
                        continue
                    value = ["2020-01-01"] if operator == "in" else "2020-01-01"
                domain = [(field, operator, value)]
                self.refused(record, "search", domain)
                self.refused(record, "search_count", domain)
                self.refused(record, "search_read", domain, ["id"])
                self.refused(record, "web_search_read", domain, {"id": {}})
                self.refused(record, "name_search", "", domain)
                self.refused(record, "formatted_read_group", domain, [], ["__count"])

    @mute_logger("odoo.models")
    def test_grouping(self):
        for record, field, _value in self.each_secret():
            self.refused(record, "formatted_read_group", [], [field], ["__count"])
            for aggregate in ("max", "min", "array_agg", "count", "count_distinct"):
                with self.assertRaises(Exception) as caught:
                    call_kw(
                        record.browse(),
                        "formatted_read_group",
                        [[], [], [f"{field}:{aggregate}"]],
                        {},
                    )
                self.assertIsInstance(caught.exception, AccessError | ValueError)

    @mute_logger("odoo.models")
    def test_paths_from_other_records(self):
        account = self.ours["open.banking.account"].with_user(self.admin)
        for path in (
            ("open.banking.account", "consent_id", "refresh_token_encrypted"),
            (
                "open.banking.account",
                "company_id",
                "open_banking_client_secret_encrypted",
            ),
            ("account.journal", "company_id", "open_banking_webhook_secret_encrypted"),
            ("open.banking.fetch", "account_id", "consent_id.access_token_encrypted"),
        ):
            model, link, field = path
            records = account.env[model]
            for domain in (
                [(f"{link}.{field}", "=like", "s%")],
                [(link, "any", [(field, "!=", False)])],
                [(link, "not any", [(field, "ilike", "s")])],
            ):
                with self.subTest(str(domain)):
                    self.refused(records, "search", domain)
                    self.refused(records, "search_count", domain)
            with self.subTest(f"{link}/{field}"):
                found = records.search([], limit=1)
                names = [f"{link}/{field}".replace(".", "/")]
                self.refused(found, "export_data", found.ids, names)
                with self.assertRaises(Exception) as caught:
                    records.search([], order=f"{link}.{field}")
                self.assertIsInstance(caught.exception, ValueError | UserError)
                if "." not in field:
                    spec = {link: {"fields": {field: {}}}}
                    self.refused(records, "web_search_read", [], spec)

    @mute_logger("odoo.models")
    def test_forms_and_copies(self):
        for record, field, value in self.each_secret():
            shown = [record.fields_get(), record.read()[0]]
            shown.append(call_kw(record.browse(), "default_get", [[field]], {}))
            for text in map(str, shown):
                self.assertNotIn(f"'{field}'", text)
            try:
                shown = call_kw(
                    record, "onchange", [record.ids, {}, [], {field: {}}], {}
                )
            except AccessError:
                shown = {"value": {}}
            self.assertFalse(shown["value"].get(field))
            if value and record._name != "res.company":
                self.assertNotIn(str(value), str(record.read()))

    def test_no_copy_carries_a_secret(self):
        consent = self.ours["open.banking.consent"].sudo()
        copy = consent.copy({"external_id": "another"})
        for field in SECRETS["open.banking.consent"]:
            self.assertFalse(copy[field], field)

    def test_nothing_is_tracked_in_the_chatter(self):
        consent = self.ours["open.banking.consent"].sudo()
        consent._store_tokens(TokenSet("access-in-clear", "refresh-in-clear", 3600))
        self.flush_tracking()
        values = self.env["mail.tracking.value"].search([]).mapped("field_id.name")
        self.assertFalse(
            {field for names in SECRETS.values() for field in names} & set(values)
        )

    def flush_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()

    # === WHAT ADMINISTRATORS CAN PROGRAM === #

    @mute_logger(
        "odoo.models",
        "odoo.addons.mail.models.mail_render_mixin",
        "odoo.addons.mail.models.mail_template",
        "odoo.addons.base.models.ir_qweb",
    )
    def test_mail_templates(self):
        templates = self.env["mail.template"].with_user(self.admin)
        for record, field, value in self.each_secret():
            for part in ("{{ object.%s }}", '<t t-out="object.%s"/>'):
                where = "subject" if part.startswith("{{") else "body_html"
                try:
                    template = templates.create(
                        {
                            "name": "curious",
                            "model_id": self.env["ir.model"]._get_id(record._name),
                            where: part % field,
                        }
                    )
                    said = str(template._render_field(where, record.ids))
                except Exception as error:
                    self.assertNotIn(str(value), str(error))
                    continue
                self.assertFalse(value and str(value) in said, said)

    @mute_logger("odoo.models", "odoo.addons.base.models.ir_actions")
    def test_server_actions_and_filters(self):
        actions = self.env["ir.actions.server"].with_user(self.admin)
        for record, field, value in self.each_secret():
            action = actions.create(
                {
                    "name": "curious",
                    "model_id": self.env["ir.model"]._get_id(record._name),
                    "state": "code",
                    "code": f"action = {{'name': str(record.{field})}}",
                }
            )
            try:
                said = action.with_context(
                    active_model=record._name, active_id=record.id
                ).run()
            except (AccessError, UserError, ValueError) as error:
                said = error
            self.assertFalse(value and str(value) in str(said), said)
            filters = self.env["ir.filters"].with_user(self.admin)
            filters.create(
                {
                    "name": f"curious {field}",
                    "model_id": record._name,
                    "domain": f"[('{field}', '!=', False)]",
                }
            )
            self.refused(record, "search", [(field, "!=", False)])

    @mute_logger("odoo.models", "odoo.addons.mail.models.mail_render_mixin")
    def test_who_may_not_program_gets_nothing_in_clear(self):
        """Code of server actions, and templates with free expressions, run in the
        server and can do what it can. Nobody gets at them without the rights to."""
        editors = self.env.ref("mail.group_mail_template_editor")
        self.env.ref("base.group_user").implied_ids -= editors
        user = self.users["accountant"]
        user.group_ids -= editors
        self.assertFalse(user.has_group("mail.group_mail_template_editor"))
        consent = self.ours["open.banking.consent"]
        for method in ("_access_token()", "sudo().refresh_token_encrypted"):
            with self.subTest(method), self.assertRaises(AccessError):
                self.env["mail.template"].with_user(user).create(
                    {
                        "name": "curious",
                        "model_id": self.env["ir.model"]._get_id(consent._name),
                        "subject": "{{ object." + method + " }}",
                    }
                )
        for login in self.users:
            if login == "system":
                continue
            with self.subTest(login), self.assertRaises(AccessError):
                self.env["ir.actions.server"].with_user(self.users[login]).create(
                    {
                        "name": "curious",
                        "model_id": self.env["ir.model"]._get_id(consent._name),
                        "state": "code",
                        "code": "pass",
                    }
                )

    @mute_logger("odoo.models")
    def test_what_decrypts_is_not_for_rpc(self):
        for name, method in (
            ("open.banking.vault", "_decrypt"),
            ("open.banking.vault", "_open"),
            ("open.banking.vault", "_rotate"),
            ("open.banking.vault", "_keys_from_file"),
            ("open.banking.consent", "_access_token"),
            ("res.company", "_open_banking_client"),
        ):
            model = self.env[name].with_user(self.admin)
            with self.subTest(method), self.assertRaises(AccessError):
                call_kw(model, method, [[1]], {})

    # === LOGS, ERRORS === #

    def test_no_repr_shows_a_token(self):
        tokens = TokenSet("access-in-clear", "refresh-in-clear", 3600)
        try:
            raise ValueError(tokens)
        except ValueError:
            shown = traceback.format_exc()
        for text in (repr(tokens), str(tokens), f"{tokens}", shown):
            self.assertNotIn("in-clear", text)
        client = self.company._open_banking_client()
        self.assertNotIn("rehearsal-secret", f"{client!r} {client}")

    def test_links_and_codes_are_masked_in_the_access_log(self):
        for path, left in (
            ("/open_banking/consent/abc-DEF_12?lang=da", "/open_banking/consent/…"),
            ("/open_banking/consent/abc/not-me", "/open_banking/consent/…"),
            ("/open_banking/callback?code=a%2Fb&state=c", "/open_banking/callback?…"),
            ("/open_banking/webhook/1-abcdef", "/open_banking/webhook/…"),
            ("/open_banking/outcome", "/open_banking/outcome"),
            ("/web/login?redirect=x", "/web/login?redirect=x"),
        ):
            line = f'"GET {path} HTTP/1.1" 200 -'
            self.assertEqual(masked(line), f'"GET {left} HTTP/1.1" 200 -')
        filters = logging.getLogger("werkzeug").filters
        ours = [each for each in filters if type(each).__name__ == LinkFilter.__name__]
        self.assertEqual(len(ours), 1)
        record = logging.LogRecord(
            "werkzeug",
            20,
            "",
            0,
            '"%s" %s',
            ("GET /open_banking/consent/abc", 200),
            None,
        )
        self.assertTrue(ours[0].filter(record))
        self.assertEqual(record.getMessage(), '"GET /open_banking/consent/…" 200')
