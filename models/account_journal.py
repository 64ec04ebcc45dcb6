from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..const import FEED_SOURCE, OTHER_FEEDS
from .error_words import words


# The class must have core's own name: the method below is private to that name.
class AccountJournal(models.Model):
    _inherit = "account.journal"

    open_banking_account_ids = fields.One2many("open.banking.account", "journal_id")
    open_banking_has_other_feed = fields.Boolean(
        string="Fed by Another Bank Feed",
        compute="_compute_open_banking_has_other_feed",
        help="Two feeds on one journal would book everything twice.",
    )

    @api.depends("bank_statements_source")
    def _compute_open_banking_has_other_feed(self):
        for journal in self:
            source = journal.bank_statements_source
            journal.open_banking_has_other_feed = source in OTHER_FEEDS

    def __get_bank_statements_available_sources(self):
        # pylint: disable=super-method-mismatch
        sources = super()._AccountJournal__get_bank_statements_available_sources()
        return [*sources, (FEED_SOURCE, self.env._("Mastercard Open Banking"))]

    def unlink(self):
        """Let the accounts of journals that go wait for another one.

        Odoo deletes journals without lines by itself when a company gets a chart of
        accounts. That PostgreSQL empties the link alone would not be noticed.
        """
        self.check_access("unlink")
        accounts = self.env["open.banking.account"].sudo()
        accounts.search([("journal_id", "in", self.ids)]).journal_id = False
        return super().unlink()

    # === ACTIONS === #

    def action_open_banking_connect(self):
        """Open the page from which the user goes to his bank."""
        self.ensure_one()
        self._open_banking_check_right()
        self.company_id._open_banking_client()  # says what is missing, if anything is
        address = self.env["open.banking.authorisation"]._make_link(
            self.company_id, self, self.env.user
        )
        return {"type": "ir.actions.act_url", "url": address, "target": "self"}

    def action_open_banking_send_link(self):
        """Let the customer give the consent himself, by a link he gets by e-mail."""
        self.ensure_one()
        self._open_banking_check_right()
        self.company_id._open_banking_client()  # says what is missing, if anything is
        return self.env["open.banking.link"]._for_journal(self)

    def action_open_banking_accounts(self):
        """Show the bank accounts registered for the journal's company."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_account_action"
        )
        action["domain"] = [("company_id", "=", self.company_id.id)]
        action["context"] = {"open_banking_journal_id": self.id}
        return action

    def action_open_banking_fetch(self):
        """Fetch the newest transactions of this journal in the background."""
        self.ensure_one()
        return self.open_banking_account_ids.action_fetch_now()

    def action_open_banking_synchronise(self):
        """Ask the bank of this journal for news, with the customer if it must be."""
        self.ensure_one()
        return self.open_banking_account_ids.action_synchronise()

    def action_open_banking_fetch_request(self):
        """Choose the days to fetch, and see first what they would bring."""
        self.ensure_one()
        return self.open_banking_account_ids.action_fetch_request()

    def action_open_banking_disconnect(self):
        """Stop reading from the bank that feeds this journal, after asking."""
        self.ensure_one()
        return self.open_banking_account_ids.action_disconnect()

    def action_open_banking_log(self):
        """Show the bank log of this journal."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_fetch_action"
        )
        action["domain"] = [("account_id", "in", self.open_banking_account_ids.ids)]
        return action

    def action_open_banking_questions(self):
        """Show what is held, pending, or changed by the bank after booking."""
        self.ensure_one()
        return self.open_banking_account_ids.action_open_questions()

    def open_action(self):
        """A fed journal opens its lines: Community has statements only."""
        self.ensure_one()
        if (
            self.bank_statements_source != FEED_SOURCE
            or self.type not in ("bank", "credit")
            or self.env.context.get("action_name")
        ):
            return super().open_action()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.account_bank_statement_line_action"
        )
        action["domain"] = [("journal_id", "=", self.id)]
        action["context"] = {"default_journal_id": self.id}
        return action

    def _open_banking_check_right(self):
        if not self.env.user.has_group("account.group_account_basic"):
            raise UserError(self.env._("Only bookkeepers can connect a bank."))
        self.check_access("read")
        elsewhere = self.company_id.sudo() - self.env.companies
        if elsewhere:
            # The user of a branch sees the journals of the company it belongs to.
            raise AccessError(
                self.env._(
                    "The journal belongs to %(company)s. Only users who work in that "
                    "company can connect its bank.",
                    company=elsewhere[0].name,
                )
            )

    # === DASHBOARD === #

    def _fill_bank_cash_dashboard_data(self, dashboard_data):
        """Add what the card says of the bank connection."""
        super()._fill_bank_cash_dashboard_data(dashboard_data)
        journals = self.filtered(lambda journal: journal.type in ("bank", "credit"))
        # The user of a branch sees the journals of the company it belongs to.
        mine = journals.filtered(lambda each: each.company_id in self.env.companies)
        for journal in journals - mine:
            dashboard_data[journal.id]["open_banking"] = {"state": "none"}
        for journal, card in mine._open_banking_cards().items():
            dashboard_data[journal.id]["open_banking"] = card
            if card["state"] != "none":
                # The only statement is the one that holds the opening balance.
                dashboard_data[journal.id]["last_statement_visible"] = False

    def _open_banking_cards(self):
        """Return the cards' facts, with the same few queries for any number of cards.

        :rtype: dict[account.journal, dict]
        """
        accounts = self.env["open.banking.account"].sudo()
        accounts = accounts.search([("journal_id", "in", self.ids)])
        by_journal = {account.journal_id.id: account for account in accounts}
        progress = accounts._progress()
        return {
            journal: self._open_banking_card(account, progress.get(account.id))
            if (account := by_journal.get(journal.id))
            else {"state": "none", "connect": not journal.open_banking_has_other_feed}
            for journal in self
        }

    def _open_banking_card(self, account, progress):
        """Return the card's facts for one account.

        :param str progress: what an unfinished run says of itself, if there is one
        :rtype: dict
        """
        card = {
            "state": "fine",
            "connect": False,
            "disconnect": account.consent_state == "active",
            "bank": account.provider_name,
            "questions": account.question_count,
            "last_fetch": self._open_banking_ago(account.last_fetch_on),
            "until": account.consent_until
            and self.env["ir.qweb.field.date"].value_to_html(account.consent_until, {}),
        }
        if account.consent_state != "active":
            return {
                **card,
                "state": account.consent_id._card_state(),
                "connect": True,
                "text": account.consent_end_text,
            }
        if account.consent_id.is_ending:
            return {**card, "state": "running", "text": words(self.env, "ending")}
        consent = account.consent_id
        if consent.pause_text:
            return {**card, "state": "paused", "text": consent.pause_text}
        if account.error_text:
            return {**card, "state": "error", "text": account.error_text}
        if progress or not account.last_fetch_on:
            first = self.env._("The first import starts in a moment.")
            return {**card, "state": "running", "text": progress or first}
        if consent.news_asked_on:
            text = self.env._(
                "The bank was asked for news. They arrive within a few minutes."
            )
            return {**card, "state": "running", "text": text}
        if consent.may_be_renewed:
            return {
                **card,
                "state": "renewal",
                "text": consent._words_of_end(self.env),
            }
        if account.stale_text:
            return {**card, "state": "stale", "text": account.stale_text}
        if account.proof_state == "differs":
            return {
                **card,
                "state": "differs",
                "text": account.with_env(self.env).sudo()._difference_text(),
            }
        return card

    def _open_banking_ago(self, moment):
        """Say how long ago something was, in words."""
        if not moment:
            return self.env._("not yet fetched")
        minutes = int((fields.Datetime.now() - moment).total_seconds() // 60)
        if minutes < 2:
            return self.env._("just now")
        if minutes < 120:
            return self.env._("%(minutes)s minutes ago", minutes=minutes)
        if minutes < 2 * 24 * 60:
            return self.env._("%(hours)s hours ago", hours=minutes // 60)
        return self.env._("%(days)s days ago", days=minutes // (24 * 60))
