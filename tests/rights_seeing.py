"""The rows of the README's table that are about seeing."""

import json

from odoo.fields import Command

from .rights import row

REPORT = "account_mastercard_open_banking.open_banking_proof"


class Seeing:
    """Probes for `RightsCase`; `self.account` is read from the bank."""

    def find(self, user, model, field, wanted):
        """Open a list as a browser does; what is wanted must stand in it."""
        found = self.rpc_on_model(
            user, model, "web_search_read", [], {field: {}}, limit=500
        )
        self.assertTrue(set(wanted) <= {each["id"] for each in found["records"]})

    @row("See bank accounts and their balances")
    def see_accounts(self, user):
        yield
        self.find(user, "open.banking.account", "booked_balance", self.accounts.ids)

    @row("See the bank's transactions")
    def see_transactions(self, user):
        yield
        rows = self.account.transaction_ids
        self.find(user, "open.banking.transaction", "amount", rows.ids)

    @row("See the bank log")
    def see_log(self, user):
        yield
        self.find(user, "open.banking.fetch", "state", self.account.fetch_ids.ids)

    @row("See consents and what they cover")
    def see_consents(self, user):
        yield
        self.find(user, "open.banking.consent", "state", self.consent.ids)
        covered = self.consent.covered_ids
        self.find(user, "open.banking.consent.account", "number", covered.ids)

    @row("See links and how far they are")
    def see_links(self, user):
        attempt = self.link()
        yield
        self.find(user, "open.banking.authorisation", "state", attempt.ids)

    @row("See Mastercard's messages")
    def see_messages(self, user):
        values = {"delivery_key": "key", "name": "SyncDone"}
        message = self.env["open.banking.event"].create(
            {"company_id": self.company.id, **values}
        )
        yield
        self.find(user, "open.banking.event", "state", message.ids)

    @row("See which reminders were sent")
    def see_reminders(self, user):
        reminder = self.env["open.banking.reminder.line"].create(
            {"consent_id": self.consent.id, "day": self.today, "kind": "mail"}
        )
        yield
        self.find(user, "open.banking.reminder.line", "kind", reminder.ids)

    @row("See the board of connections")
    def see_board(self, user):
        yield
        self.find(user, "open.banking.board", "urgency", self.accounts.ids)

    @row("See the strip of days")
    def see_days(self, user):
        yield
        self.assertEqual(len(self.rpc(user, self.account, "read_days")["days"]), 90)

    @row("See on the journal's card how the bank is")
    def see_card(self, user):
        yield
        [read] = self.rpc(user, self.journal, "read", ["kanban_dashboard"])
        card = json.loads(read["kanban_dashboard"])["open_banking"]
        self.assertEqual(card["bank"], self.account.provider_name)

    @row("See the bank's own words on a statement line")
    def see_line(self, user):
        line = self.lines(self.account)[-1:]
        yield
        [read] = self.rpc(user, line, "read", ["open_banking_details"])
        self.assertIn("<table", read["open_banking_details"])

    @row("See a contact's consents")
    def see_contact(self, user):
        contact = self.consent.partner_id
        yield
        self.assertIn("domain", self.rpc(user, contact, "action_open_banking_consents"))

    @row("Print the proof for the auditor")
    def print_proof(self, user):
        yield
        action = self.rpc(user, self.account, "action_print_proof")
        # As a browser, which sends what the context has suggested.
        accounts = action["context"]["default_account_ids"]
        wizard = self.wizard(user, action, account_ids=[Command.set(accounts)])
        self.rpc(user, wizard, "action_print")
        self.env.flush_all()
        page = self.page(user, f"/report/html/{REPORT}/{wizard.id}")
        self.assertIn(self.account.number, page.text)

    @row("Export bank data")
    def export(self, user):
        yield
        action = self.rpc(user, self.consent, "action_export")
        self.assertTrue(self.page(user, action["url"]).content.startswith(b"PK"))

    @row("Export all bank data of a contact")
    def export_contact(self, user):
        contact = self.consent.partner_id
        yield
        action = self.rpc(user, contact, "action_open_banking_export")
        self.assertTrue(self.page(user, action["url"]).content.startswith(b"PK"))

    # === SETTINGS === #

    @row("See the health of the connection")
    def see_health(self, user):
        yield
        settings = self.settings(user)
        [read] = self.rpc(user, settings, "read", ["open_banking_health"])
        self.assertIn("data-state", read["open_banking_health"])

    @row("Enter the credentials (nobody can read them)")
    def enter_credentials(self, user):
        before = self.company.open_banking_client_secret_encrypted
        yield
        values = {"open_banking_client_id": "new", "open_banking_client_secret": "new"}
        self.rpc(user, self.settings(user, **values), "execute")
        self.assertEqual(self.company.open_banking_client_id, "new")
        self.assertNotEqual(self.company.open_banking_client_secret_encrypted, before)

    @row("Test the credentials")
    def try_credentials(self, user):
        self.assertFalse(self.company.open_banking_tested_on)
        settings = self.env["res.config.settings"]
        yield
        self.rpc(user, settings, "action_open_banking_test_credentials")
        self.assertTrue(self.company.open_banking_tested_on)

    @row("Change the days of reminders")
    def change_reminders(self, user):
        yield
        self.rpc(user, self.settings(user, open_banking_notices="9, 1"), "execute")
        self.assertEqual(self.company.open_banking_notices, "9, 1")

    @row("Choose how many import jobs run")
    def choose_lanes(self, user):
        lanes = self.env["open.banking.account"]._lanes()
        self.assertEqual(len(lanes.filtered("active")), 1)
        yield
        self.rpc(user, self.settings(user, open_banking_lanes=3), "execute")
        self.assertEqual(len(lanes.filtered("active")), 3)

    @row("Choose how statement lines are made")
    def choose_way(self, user):
        yield
        settings = self.settings(user, open_banking_booking_way="core")
        self.rpc(user, settings, "execute")
        self.assertEqual(self.company.open_banking_booking_way, "core")

    def settings(self, user, **values):
        """Open the settings, and fill some of them in."""
        model = "res.config.settings"
        [number] = self.rpc_on_model(user, model, "create", [values])
        return self.env[model].browse(number)
