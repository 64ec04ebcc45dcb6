import json
from contextlib import suppress

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .walls import BOARD, LINE, WALLED, WallsCase

QUIET = ("odoo.addons.base.models.ir_rule", "odoo.models", "odoo.http")
# Banks themselves are no secret: the same list for everybody.
FOR_ALL_COMPANIES = {"open.banking.provider"}


@tagged("post_install", "-at_install")
class TestCompanyWalls(WallsCase):
    """Bank data belongs to the company that holds the consent, and to no other.

    Neither to the company of which it is a branch, nor to a branch of it.
    """

    # === WHAT IS FOUND === #

    def test_every_model_has_a_wall(self):
        """Each model of ours that anybody can read is limited by a rule for all."""
        rules = self.env["ir.rule"].search([("groups", "=", False)])
        walled = set(rules.model_id.mapped("model"))
        readable = self.env["ir.model.access"].search([("perm_read", "=", True)])
        ours = {
            name
            for name in readable.model_id.mapped("model")
            if name.startswith("open.banking.")
        }
        self.assertGreater(len(ours), 15)
        self.assertEqual(ours - walled, FOR_ALL_COMPANIES)
        self.assertLessEqual(set(WALLED), walled)

    @mute_logger(*QUIET)
    def test_each_finds_his_own_companies_only(self):
        for name, user, own, _others in self.sides():
            for model in WALLED:
                with self.subTest(user=name, model=model):
                    self.check_found(user, model, self.of(own, model))

    def check_found(self, user, model, mine):
        every = [("id", "in", self.every(model).ids)]
        count = len(mine)

        def ask(method, *args, **options):
            return self.rpc_on_model(user, model, method, *args, **options)

        self.assertEqual(set(ask("search", every)), set(mine.ids))
        self.assertEqual(ask("search_count", every), count)
        for listed in (
            ask("search_read", every, ["id"]),
            ask("web_search_read", every, {"id": {}})["records"],
        ):
            self.assertEqual({each["id"] for each in listed}, set(mine.ids))
        self.assertEqual({i for i, _name in ask("name_search", "", every)}, {*mine.ids})
        groups = ask("formatted_read_group", every, ["company_id"], ["__count"])
        self.assertEqual({g["company_id"][0] for g in groups}, {*user.company_ids.ids})
        groups = ask("web_read_group", every, ["company_id"])["groups"]
        self.assertEqual(sum(group["__count"] for group in groups), count)

    @mute_logger(*QUIET)
    def test_a_family_sees_what_it_has_chosen(self):
        user = self.people["family"]
        for company in user.company_ids:
            for model in WALLED:
                found = self.rpc_on_model(
                    user,
                    model,
                    "search",
                    [("id", "in", self.every(model).ids)],
                    context={"allowed_company_ids": company.ids},
                )
                self.assertEqual(found, self.of(company, model).ids, model)

    @mute_logger(*QUIET)
    def test_a_company_of_others_cannot_be_chosen(self):
        for name, user, own, others in self.sides():
            for company in others:
                chosen = {"allowed_company_ids": [*own.ids, company.id]}
                with self.subTest(user=name), self.assertRaises(AccessError):
                    self.rpc_on_model(
                        user, "open.banking.account", "search", [], context=chosen
                    )

    def test_lists_behind_menus_and_buttons(self):
        actions = self.env["ir.actions.act_window"].search([])
        seen = set()
        for action in actions.filtered(lambda each: each.res_model in WALLED):
            domain = safe_eval(action.domain or "[]", {"uid": self.env.uid})
            seen.add(action.res_model)
            for name, user, own, _others in self.sides():
                with self.subTest(user=name, action=action.name):
                    found = self.rpc_on_model(user, action.res_model, "search", domain)
                    found = self.env[action.res_model].browse(found)
                    self.assertLessEqual(found.company_id, own)
        self.assertGreaterEqual(len(seen), 8)

    # === WHAT IS ASKED FOR BY ITS NUMBER === #

    @mute_logger(*QUIET)
    def test_records_of_others_are_out_of_reach(self):
        before = self.checksum()
        for name, user, _own, others in self.sides():
            for model in WALLED:
                for record in self.of(others, model):
                    self.check_out_of_reach(name, user, record)
        self.assertEqual(self.checksum(), before)

    def check_out_of_reach(self, name, user, record):
        calls = (
            ("read", ["display_name"]),
            ("read", ["company_id"]),
            ("web_read", {"display_name": {}}),
            ("export_data", ["display_name"]),
            ("write", {"company_id": user.company_id.id}),
            ("web_save", {"company_id": user.company_id.id}, {}),
            ("copy",),
            ("unlink",),
            ("get_metadata",),
            ("onchange", {}, [], {"display_name": {}}),
        )
        for method, *args in calls:
            if record._name == BOARD and method == "get_metadata":
                continue  # of a view it tells nothing but the number that was asked
            with self.subTest(user=name, model=record._name, call=method):
                with self.assertRaises(UserError) as caught:
                    self.rpc(user, record, method, *args)
                self.assertIsInstance(caught.exception, (AccessError, MissingError))

    # === FORGED DIALOGS === #

    @mute_logger(*QUIET)
    def test_forged_dialogs(self):
        """A dialog that was filled by hand with what belongs to others."""
        for name, user, own, others in self.sides():
            for company in others:
                for model, values, fields, action in self.forgeries(own, company):
                    before = self.checksum()
                    with self.subTest(user=name, model=model, of=company.name):
                        self.check_forgery(user, model, values, fields, action)
                        self.assertEqual(self.checksum(), before)

    def forgeries(self, own, company):
        """Give dialogs with what they are forged from, show, and do."""
        theirs = self.records[company]
        account = [Command.set(theirs["open.banking.account"].ids)]
        consent = [Command.set(theirs["open.banking.consent"].ids)]
        days = {"date_from": "2026-01-01", "date_to": "2026-01-31"}
        request = {"account_ids": account, **days}
        contact = self.env["res.partner"].create(
            {"name": "theirs", "email": "them@example.com", "company_id": company.id}
        )
        # Of its parent a branch sees journals and contacts: core wants it so.
        may_see = company in own.parent_ids
        journal = self.records[own[0]]["open.banking.account"].journal_id
        link = theirs["open.banking.authorisation"]
        return (
            ("open.banking.proof", {"account_ids": account}, [], "action_print"),
            ("open.banking.fetch.request", request, [], "action_fetch"),
            ("open.banking.fetch.request", request, [], "action_preview"),
            (
                "open.banking.disconnect",
                {"consent_ids": consent},
                ["account_ids", "contacts"],
                "action_confirm",
            ),
            (
                "open.banking.erasure",
                {"consent_ids": consent},
                ["account_ids", "booked_count"],
                "action_confirm",
            ),
            (
                "open.banking.link",
                {"journal_id": theirs["open.banking.account"].journal_id.id},
                [] if may_see else ["company_id"],
                "action_copy_link",
            ),
            (
                "open.banking.link",
                {"journal_id": journal.id, "partner_id": contact.id},
                [] if may_see else ["email"],
                None if may_see else "action_send",
            ),
            (
                "open.banking.link.shown",
                {"authorisation_id": link.id},
                ["expires_on", "text"],
                None,
            ),
            (
                "open.banking.account.map",
                {"company_id": company.id},
                ["company_id"],
                "action_confirm",
            ),
        )

    def check_forgery(self, user, model, values, fields, action):
        """Nothing is shown and nothing is done, at whatever step it is refused."""
        context = {"context": {"open_banking_link": "https://forged.example"}}

        def make():
            made = self.rpc_on_model(user, model, "create", [values], **context)
            self.env.invalidate_all()
            return self.env[model].browse(made)

        for field in fields:  # one by one: else the first hides the others
            with self.env.cr.savepoint() as point:
                with suppress(AccessError):
                    [shown] = self.rpc(user, make(), "read", [field], **context)
                    self.assertFalse(shown[field], shown)
                point.rollback()
        if action:
            with self.env.cr.savepoint() as point:
                with self.assertRaises(UserError):
                    self.rpc(user, make(), action)
                point.rollback()
        self.env.invalidate_all()

    # === FORGED LINKS INTO THE FEED === #

    @mute_logger(*QUIET)
    def test_a_line_cannot_be_linked_to_a_row_by_hand(self):
        """Else its deletion would leave out the row, be it of another company."""
        for name, user, own, others in self.sides():
            for company in (*own, *others):
                row = self.records[company]["open.banking.transaction"]
                self.lines_of(row).open_banking_transaction_id = False
                values = {
                    "journal_id": self.of(own[0], LINE).journal_id.id,
                    "date": "2026-01-01",
                    "payment_ref": "forged",
                }
                link = {"open_banking_transaction_id": row.id}
                default = {f"default_{field}": value for field, value in link.items()}
                with self.subTest(user=name, of=company.name):
                    for vals, context in (({**values, **link}, {}), (values, default)):
                        self.check_refused(
                            *(user, LINE, "create", [vals]), context=context
                        )
                    line = self.of(own[0], LINE)
                    self.check_refused(user, LINE, "write", line.ids, link)
                    self.check_refused(user, LINE, "web_save", line.ids, link, {})
                    self.assertFalse(self.lines_of(row))

    def lines_of(self, row):
        return self.env[LINE].search([("open_banking_transaction_id", "=", row.id)])

    @mute_logger(*QUIET)
    def test_a_statement_cannot_be_made_the_feeds_by_hand(self):
        model = "account.bank.statement"
        for name, user, own, others in self.sides():
            for company in (*own, *others):
                account = self.records[company]["open.banking.account"]
                link = {"open_banking_account_id": account.id}
                line = self.of(own[0], LINE)
                made = self.rpc_on_model(
                    user, model, "create", [{"line_ids": [Command.set(line.ids)]}]
                )
                with self.subTest(user=name, of=company.name):
                    self.check_refused(user, model, "create", [link])
                    self.check_refused(user, model, "write", made, link)
                    self.check_refused(
                        *(user, model, "create", [{}]),
                        context={"default_open_banking_account_id": account.id},
                    )

    @mute_logger(*QUIET)
    def test_a_journal_cannot_take_an_account_by_hand(self):
        for name, user, own, others in self.sides():
            journal = self.of(own[0], LINE).journal_id
            for company in (*own, *others):
                account = self.records[company]["open.banking.account"]
                for command in (
                    *([Command.link(account.id)] if company not in own else []),
                    Command.update(account.id, {"left_out": True}),
                    Command.delete(account.id),
                ):
                    with self.subTest(user=name, of=company.name, command=command):
                        self.check_refused(
                            *(user, "account.journal", "write", journal.ids),
                            {"open_banking_account_ids": [command]},
                        )

    def check_refused(self, user, model, method, *args, **options):
        with self.env.cr.savepoint() as point:
            with self.assertRaises(AccessError):
                self.rpc_on_model(user, model, method, *args, **options)
                self.env.flush_all()
            point.rollback()
        self.env.invalidate_all()

    # === A BRANCH AND ITS PARENT === #

    def card(self, user, journal):
        self.env.invalidate_all()  # as a request of its own
        [read] = self.rpc(user, journal, "read", ["kanban_dashboard"])
        return json.loads(read["kanban_dashboard"])["open_banking"]

    def test_a_branch_sees_the_parents_journal_but_not_its_bank(self):
        account = self.ours["open.banking.account"]
        account.write({"provider_name": "Fjordbank", "error_code": "timeout"})
        card = self.card(self.people["parent"], self.journal)
        self.assertEqual(card["state"], "error")
        self.assertEqual(
            self.card(self.people["branch"], self.journal), {"state": "none"}
        )
        own = self.card(self.people["branch"], self.branch_journal)
        self.assertEqual(own["state"], "running")

    @mute_logger(*QUIET)
    def test_a_branch_does_not_connect_the_parents_bank(self):
        user, before = self.people["branch"], self.checksum()
        for action in ("action_open_banking_connect", "action_open_banking_send_link"):
            with self.assertRaisesRegex(AccessError, "belongs to Nordlys Handel"):
                self.rpc(user, self.journal, action)
        for action in (
            "action_open_banking_fetch",
            "action_open_banking_synchronise",
            "action_open_banking_disconnect",
            "action_open_banking_send_renewal",
            "action_open_banking_remedy",
        ):
            with self.subTest(action), self.assertRaises(UserError):
                self.rpc(user, self.journal, action)
        self.assertEqual(self.checksum(), before)

    def test_a_branch_connects_its_own_bank(self):
        user = self.people["branch"]
        self.rpc(user, self.branch_journal, "action_open_banking_connect")
        attempt = self.env["open.banking.authorisation"].search([], limit=1)
        self.assertEqual(attempt.company_id, self.branch)
        self.assertEqual(attempt.journal_id, self.branch_journal)

    def test_an_account_is_offered_journals_of_its_own_company_only(self):
        for user, company in (("family", self.company), ("family", self.branch)):
            account = self.records[company]["open.banking.account"]
            journals = account.with_user(self.people[user])._free_journals()
            self.assertIn(account.journal_id, journals)
            self.assertEqual(journals.company_id, company)

    def test_the_board_of_a_family(self):
        rows = self.env[BOARD].with_user(self.people["family"]).search([])
        self.assertEqual(rows.company_id, self.company | self.branch)
