"""The rows of the README's table that are about connecting, reading and choosing."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from .rights import row

ATTEMPT = "open.banking.authorisation"


class Doing:
    """Probes for `RightsCase`; `self.account` is read from the bank."""

    def link(self):
        """Return a link that was sent to a customer."""
        attempts = self.env[ATTEMPT]
        address = attempts._make_link(
            self.company,
            self.journal,
            self.bookkeeper,
            partner_id=self.consent.partner_id.id,
            expires_on=fields.Datetime.now() + timedelta(days=9),
        )
        attempt = attempts._from_link(address.rsplit("/", 1)[1])
        attempt.write({"state": "sent", "sent_on": fields.Datetime.now()})
        return attempt

    # === CONSENTS AND LINKS === #

    @row("Connect a bank")
    def connect_bank(self, user):
        links = self.count(ATTEMPT)
        yield
        action = self.rpc(user, self.journal, "action_open_banking_connect")
        self.assertEqual(self.page(user, action["url"]).status_code, 200)
        self.assertEqual(self.count(ATTEMPT), links + 1)

    @row("Connect an ended consent again")
    def connect_again(self, user):
        self.consent._mark_expired()
        links = self.count(ATTEMPT)
        yield
        self.rpc(user, self.consent, "action_connect_again")
        self.assertEqual(self.count(ATTEMPT), links + 1)

    @row("Send a customer a link")
    def send_link(self, user):
        sent = [("state", "=", "sent")]
        before = self.count(ATTEMPT, sent)
        yield
        action = self.rpc(user, self.journal, "action_open_banking_send_link")
        contact = self.consent.partner_id
        wizard = self.wizard(user, action, partner_id=contact.id)
        self.rpc(user, wizard, "action_send")
        self.assertEqual(self.count(ATTEMPT, sent), before + 1)

    @row("Send a link once more")
    def resend(self, user):
        attempt = self.link()
        old = attempt.link_hash
        yield
        self.rpc(user, attempt, "action_resend")
        self.assertNotEqual(attempt.link_hash, old)

    @row("Copy a link")
    def copy_link(self, user):
        attempt = self.link()
        yield
        action = self.rpc(user, attempt, "action_copy_link")
        link = action["context"]["open_banking_link"]
        self.assertEqual(self.env[ATTEMPT]._from_link(link.rsplit("/", 1)[1]), attempt)

    @row("Withdraw a link")
    def withdraw(self, user):
        attempt = self.link()
        yield
        self.rpc(user, attempt, "action_withdraw")
        self.assertEqual(attempt.state, "withdrawn")

    @row("Send a renewal request")
    def send_renewal(self, user):
        links = self.count(ATTEMPT)
        yield
        self.rpc(user, self.consent, "action_send_renewal")
        self.assertEqual(self.count(ATTEMPT), links + 1)

    @row("Disconnect")
    def disconnect(self, user):
        yield
        action = self.rpc(user, self.consent, "action_disconnect")
        consents = action["context"]["default_consent_ids"]
        wizard = self.wizard(user, action, consent_ids=[Command.set(consents)])
        self.rpc(user, wizard, "action_confirm")
        self.assertNotEqual(self.consent.state, "active")

    @row("Erase bank data of an ended consent")
    def erase(self, user):
        self.consent._mark_expired()
        yield
        action = self.rpc(user, self.consent, "action_erase")
        consents = action["context"]["default_consent_ids"]
        wizard = self.wizard(user, action, consent_ids=[Command.set(consents)])
        self.rpc(user, wizard, "action_confirm")
        self.assertTrue(self.consent.erased_on)

    # === JOURNALS === #

    @row("Choose a bank account's journal")
    def choose_journal(self, user):
        journal = self.free_account.journal_id
        self.free_account.write({"journal_id": False, "mapping": "unmapped"})
        yield
        self.map_by_wizard(user, journal_id=journal.id, action="journal")
        self.assertEqual(self.free_account.journal_id, journal)

    @row("Make a new journal while choosing")
    def choose_new_journal(self, user):
        journal = self.free_account.journal_id
        self.free_account.write({"journal_id": False, "mapping": "unmapped"})
        yield
        self.map_by_wizard(user, journal_id=False, action="new")
        self.assertTrue(self.free_account.journal_id)
        self.assertNotEqual(self.free_account.journal_id, journal)

    @row("Change the day from which is imported")
    def change_start(self, user):
        start = self.today - timedelta(days=3)
        yield
        self.map_by_wizard(user, start_date=start)
        self.assertEqual(self.free_account.start_date, start)

    @row("Give an account in use another journal")
    def change_journal(self, user):
        other = self.free_account.journal_id.copy({"name": "Other", "code": "OTH"})
        yield
        self.map_by_wizard(user, journal_id=other.id)
        self.assertEqual(self.free_account.journal_id, other)

    @row("Leave a bank account out")
    def leave_account_out(self, user):
        self.free_account.journal_id = False
        yield
        self.rpc(user, self.free_account, "action_leave_out")
        self.assertTrue(self.free_account.left_out)

    def map_by_wizard(self, user, **line):
        """Choose journals as a browser does, for the account whose feed is empty."""
        action = self.rpc(user, self.free_account, "action_choose_journals")
        [lines] = self.env[action["res_model"]].browse(action["res_id"]).line_ids
        change = [Command.update(lines.id, line)]
        wizard = self.wizard(user, action, line_ids=change, note="As agreed.")
        self.rpc(user, wizard, "action_confirm")

    @row("Have bank statements made")
    def set_statements(self, user):
        yield
        self.rpc(
            user,
            self.account,
            "action_set_statement_period",
            context={"statement_period": "month"},
        )
        self.assertEqual(self.account.statement_period, "month")

    # === READING === #

    @row("Fetch now")
    def fetch_now(self, user):
        calls = self.count("open.banking.call")
        yield
        self.rpc(user, self.account, "action_fetch_now")
        self.assertEqual(self.count("open.banking.call"), calls + 1)

    @row("Fetch a period again")
    def fetch_period(self, user):
        runs = self.count("open.banking.fetch")
        yield
        self.rpc(user, self.request(user), "action_fetch")
        self.assertEqual(self.count("open.banking.fetch"), runs + 1)

    @row("See what a period would bring")
    def preview(self, user):
        yield
        wizard = self.request(user)
        self.rpc(user, wizard, "action_preview")
        self.assertEqual(len(wizard.line_ids), 1)

    def request(self, user):
        action = self.rpc(user, self.account, "action_fetch_request")
        accounts = action["context"]["default_account_ids"]
        return self.wizard(
            user,
            action,
            account_ids=[Command.set(accounts)],
            date_from=self.today - timedelta(days=9),
            date_to=self.today,
        )

    @row("Ask the bank for news")
    def synchronise(self, user):
        self.consent.news_asked_on = False
        yield
        self.rpc(user, self.consent, "action_synchronise")
        self.assertTrue(self.consent.news_asked_on)
