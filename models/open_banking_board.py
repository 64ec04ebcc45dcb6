from odoo import api, fields, models
from odoo.tools import SQL

from .error_words import words
from .open_banking_account_silence import NOT_READ_FOR

URGENCY = [
    ("0_ended", "Consent has ended"),
    ("1_expiring", "Consent ends soon"),
    ("2_failing", "Reading fails"),
    ("3_stale", "Nothing new for long"),
    ("4_unmapped", "Waits for a journal"),
    ("5_differs", "Balance differs"),
    ("6_held", "Waits for a decision"),
    ("7_fine", "Fine"),
    ("8_off", "Not in use"),
]


class OpenBankingBoard(models.Model):
    """Every bank account of every company the user may see, the most urgent first.

    A view of the database: what is urgent changes with the day, without a write.
    """

    _name = "open.banking.board"
    _description = "Bank Connections by Urgency"
    _auto = False
    _order = "urgency, consent_until, company_id, id"

    account_id = fields.Many2one("open.banking.account", readonly=True)
    name = fields.Char(related="account_id.name", string="Bank Account")
    number = fields.Char(related="account_id.number")
    company_id = fields.Many2one("res.company", readonly=True)
    consent_id = fields.Many2one("open.banking.consent", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    user_id = fields.Many2one("res.users", string="Responsible", readonly=True)
    provider_name = fields.Char(string="Bank", readonly=True)
    urgency = fields.Selection(URGENCY, readonly=True)
    consent_until = fields.Date(readonly=True)
    days_left = fields.Integer(readonly=True, aggregator="min")
    last_transaction_on = fields.Date(string="Last Transaction", readonly=True)
    last_fetch_on = fields.Datetime(string="Last Fetch", readonly=True)
    question_count = fields.Integer(string="To Decide", readonly=True)
    count = fields.Integer(string="Accounts", readonly=True)
    text = fields.Text(compute="_compute_text", string="What to Do")

    @property
    def _table_query(self):
        """In SQL: urgency is made of four tables and of today, and is sorted by."""
        return SQL(
            """
            SELECT facts.*,
                   1 AS count,
                   facts.consent_until - %(today)s AS days_left,
                   CASE
                       WHEN left_out OR closed_by_user THEN '8_off'
                       WHEN consent_state <> 'active' THEN '0_ended'
                       WHEN journal_id IS NULL THEN '4_unmapped'
                       WHEN consent_until <= %(today)s + 14
                            OR renewal_needed_on IS NOT NULL THEN '1_expiring'
                       WHEN error_code IS NOT NULL THEN '2_failing'
                       WHEN stale THEN '3_stale'
                       WHEN proof_state = 'differs' THEN '5_differs'
                       WHEN question_count > 0 THEN '6_held'
                       ELSE '7_fine'
                   END AS urgency
              FROM (%(facts)s) facts
            """,
            today=self.env["open.banking.fetch"]._bank_today(),
            facts=self._facts_query(),
        )

    @api.model
    def _facts_query(self):
        return SQL(
            """
            SELECT account.id, account.id AS account_id, account.company_id,
                   account.journal_id, account.provider_name, account.left_out,
                   account.last_transaction_on, account.last_fetch_on,
                   account.proof_state, account.error_code, account.consent_id,
                   consent.partner_id, consent.user_id,
                   consent.state AS consent_state, consent.renewal_needed_on,
                   consent.expires_on AS consent_until,
                   consent.state <> 'active' AND (
                       account.journal_id IS NULL
                       OR consent.error_code IS NOT DISTINCT FROM 'disconnected'
                   ) AS closed_by_user,
                   account.is_orphaned IS NOT TRUE AND (
                       account.bank_synchronized_on < %(old)s
                       OR account.usual_silence > 0
                       AND %(today)s - account.last_transaction_on
                           > account.usual_silence
                   ) AS stale,
                   COALESCE(asked.count, 0) AS question_count
              FROM open_banking_account account
              JOIN open_banking_consent consent ON consent.id = account.consent_id
              LEFT JOIN (
                       SELECT account_id, COUNT(*) AS count
                         FROM open_banking_transaction
                        WHERE booking_state = 'held' OR bank_change IS NOT NULL
                     GROUP BY account_id
                   ) asked ON asked.account_id = account.id
            """,
            old=fields.Datetime.now() - NOT_READ_FOR,
            today=self.env["open.banking.fetch"]._bank_today(),
        )

    @api.depends("urgency")
    @api.depends_context("lang", "tz")
    def _compute_text(self):
        for row in self:
            row.text = row._text()

    def _text(self):
        """Say in words why the account stands where it does, and what to do."""
        account = self.account_id
        says = {
            "0_ended": lambda: account.consent_end_text,
            "1_expiring": lambda: words(self.env, "consent_ends_soon"),
            "2_failing": lambda: account.error_text,
            "3_stale": lambda: account.stale_text,
            "4_unmapped": lambda: words(self.env, "no_journal"),
            "5_differs": lambda: account._difference_text(),
            "6_held": lambda: self.env._(
                "To decide: %s transaction(s).", self.question_count
            ),
        }
        return says.get(self.urgency, lambda: "")()

    # === WHAT CAN BE DONE WITH TICKED ROWS === #

    def action_fetch_now(self):
        """Fetch the newest transactions of these accounts."""
        return self.account_id.action_fetch_now()

    def action_synchronise(self):
        """Ask the banks of these accounts for news."""
        return self.account_id.action_synchronise()

    def action_send_renewal(self):
        """Ask the contacts of these accounts to renew, each by one mail."""
        return self.account_id.action_send_renewal()

    def action_choose_journals(self):
        """Choose the journals of these accounts."""
        return self.account_id.action_choose_journals()

    def action_open_account(self):
        """Open the bank account."""
        self.ensure_one()
        self.check_access("read")
        return self.account_id._open_form()


class OpenBankingAccount(models.Model):
    """An account says of itself what the board says of it."""

    _inherit = "open.banking.account"

    urgency = fields.Selection(URGENCY, string="State", compute="_compute_urgency")
    urgency_text = fields.Text(string="In Words", compute="_compute_urgency")

    @api.depends_context("lang", "tz")
    def _compute_urgency(self):
        """Ask the board, once for all of them."""
        board = self.env["open.banking.board"]
        rows = {row.account_id.id: row for row in board.search(self._of_board())}
        for account in self:
            row = rows.get(account.id, board)
            account.urgency = row.urgency
            account.urgency_text = row.text

    def _of_board(self):
        self.env.flush_all()  # the board reads what is in the database
        return [("account_id", "in", self.ids)]
