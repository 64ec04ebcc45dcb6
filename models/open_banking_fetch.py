from datetime import timedelta

import pytz
from odoo import api, fields, models

from ..bank_api import Malformed, PagingTokenRejected
from ..const import BANK_TIMEZONE, PAGE_SIZE
from .error_words import words

# A half-read list is taken up again within this time; later its place in the list
# means nothing any more.
RUN_STAYS_OPEN = timedelta(hours=12)

# More pages than any account can have: a peer that pages for ever is stopped.
MAX_PAGES = 5000

# What a page gets that is too much for the peer, or for us: then we ask for less.
TOO_MUCH = ("timeout", "too_large")

OPEN_STATES = ("reading", "booking")
UNFINISHED_STATES = ("waiting", *OPEN_STATES)

# What a unit of work needs of its run, in one query.
RUN_FIELDS = (
    "account_id",
    "state",
    "started_on",
    "window_from",
    "window_to",
    "is_asked",
    "user_id",
    "moves_watermark",
    "changes_noted",
    "paging_token",
    "pages",
    "received_count",
    "new_count",
    "known_count",
    "changed_count",
    "withdrawn_count",
    "held_count",
    "booked_count",
    "unreadable",
    "bank_balance",
    "has_bank_balance",
)


class OpenBankingFetch(models.Model):
    """The bank log: one run for one account, from the first page to the proof.

    A run survives the worker that started it: which page comes next, and what is still
    to be booked, stand in the database.
    """

    _name = "open.banking.fetch"
    _description = "Bank Log"
    _order = "id desc"
    _check_company_auto = True

    account_id = fields.Many2one(
        "open.banking.account", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    consent_id = fields.Many2one(
        "open.banking.consent", ondelete="set null", index="btree_not_null"
    )
    journal_id = fields.Many2one(
        "account.journal", ondelete="set null", index="btree_not_null"
    )
    currency_id = fields.Many2one(related="account_id.currency_id")
    trigger = fields.Selection(
        [
            ("schedule", "Schedule"),
            ("button", "Button"),
            ("webhook", "Message from Mastercard"),
            ("first", "First fetch"),
        ],
        default="schedule",
        required=True,
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("reading", "Reading"),
            ("booking", "Booking"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        default="reading",
        required=True,
    )
    window_from = fields.Date(string="From")
    window_to = fields.Date(string="To")
    started_on = fields.Datetime(default=fields.Datetime.now)
    finished_on = fields.Datetime()
    duration = fields.Integer(
        string="Duration (s)", compute="_compute_duration", store=True
    )
    paging_token = fields.Char(groups=fields.NO_ACCESS, copy=False)
    pages = fields.Integer()
    received_count = fields.Integer(string="Received")
    new_count = fields.Integer(string="New")
    known_count = fields.Integer(string="Already Known")
    changed_count = fields.Integer(string="Changed")
    withdrawn_count = fields.Integer(string="Withdrawn")
    held_count = fields.Integer(string="Held")
    booked_count = fields.Integer(string="Booked")
    unreadable = fields.Integer(help="Entries of the bank's list that are no records.")
    bank_balance = fields.Monetary(string="Balance at the Bank")
    books_balance = fields.Monetary(string="Balance in the Books")
    error_code = fields.Char()
    error_text = fields.Char(compute="_compute_error_text", string="What happened")
    correlation_id = fields.Char(string="Mastercard's Reference")

    _one_open_run = models.UniqueIndex(
        "(account_id) WHERE state IN ('reading', 'booking')"
    )

    @api.depends("account_id", "started_on")
    def _compute_display_name(self):
        for run in self:
            run.display_name = f"{run.account_id.display_name} #{run.id}"

    @api.depends("started_on", "finished_on")
    def _compute_duration(self):
        for run in self:
            end = run.finished_on or run.started_on
            run.duration = (end - run.started_on).total_seconds() if end else 0

    @api.depends("error_code")
    @api.depends_context("lang")
    def _compute_error_text(self):
        for run in self:
            run.error_text = words(self.env, run.error_code)

    # === OPENING AND CLOSING A RUN === #

    @api.model
    def _open_run(self, account):
        """Return the run to go on with, or start one."""
        runs = self.search_fetch(
            [("account_id", "=", account.id), ("state", "in", UNFINISHED_STATES)],
            RUN_FIELDS,
            order="id",
        )
        waiting = runs.filtered(lambda run: run.state == "waiting")
        run = runs - waiting
        too_old = fields.Datetime.now() - RUN_STAYS_OPEN
        if run and run.state == "reading" and run.started_on < too_old:
            run._close("failed", "interrupted")
            return self._open_run(account)
        return run or self._start(account, waiting)

    @api.model
    def _start_values(self, account):
        return {
            "account_id": account.id,
            "consent_id": account.consent_id.id,
            "journal_id": account.journal_id.id,
            "trigger": "schedule" if account.synced_until else "first",
        }

    @api.model
    def _bank_today(self):
        zone = pytz.timezone(BANK_TIMEZONE)
        return fields.Datetime.now().replace(tzinfo=pytz.utc).astimezone(zone).date()

    def _close(self, state, error_code=False):
        self.write(
            {
                "state": state,
                "error_code": error_code,
                "finished_on": fields.Datetime.now(),
                "paging_token": False,
            }
        )

    def _stop(self, error_code):
        """End these runs for good. Not `_close`: it asks again for a user's days."""
        self.write(
            {
                "state": "failed",
                "error_code": error_code,
                "finished_on": fields.Datetime.now(),
                "paging_token": False,
            }
        )

    @api.model
    def _note_failure(self, account, code, error):
        """Show a failure in the log; a run that can be taken up stays open."""
        run = self.search(
            [("account_id", "=", account.id), ("state", "in", OPEN_STATES)]
        )
        lost = isinstance(error, PagingTokenRejected)
        resumable = run and account.consent_id.state == "active" and not lost
        run = run or self.create(self._start_values(account))
        run.error_code = code
        run.correlation_id = getattr(error, "correlation_id", False)
        if not resumable:
            run._close("failed", code)

    def _progress(self, waiting):
        """Say how far this run is.

        :param int waiting: rows of the feed that are still to be booked
        :rtype: str
        """
        if self.state == "reading":
            return self.env._(
                "Reading: %(count)s transactions so far", count=self.received_count
            )
        return self.env._(
            "Importing: %(done)s of %(total)s transactions",
            done=self.booked_count,
            total=self.booked_count + waiting,
        )

    # === THE WORK, A UNIT AT A TIME === #

    def _step(self, token):
        """Do the next unit of this run: a page, a chunk, or the proof.

        :param str token: an access token
        :return: whether there is more to do
        :rtype: bool
        :raise bank_api.BankApiError: when the page could not be read
        """
        self.ensure_one()
        if self.state == "reading":
            self._read_page(token)
            return True
        if self._book_chunk() or self.account_id._make_statements():
            return True
        self._prove()
        self._close("done")
        self.account_id._note_success()
        return False

    def _read_page(self, token):
        """Read one page of the bank's list and store it in the feed."""
        account = self.account_id
        client = account.company_id._open_banking_client()
        if not self.pages:
            self._read_balance(client, token)
        try:
            page = self._fetch_page(client, token)
        except PagingTokenRejected as error:
            self._start_again(error)
        else:
            self._store_page(page)

    def _fetch_page(self, client, token):
        account, consent = self.account_id, self.account_id.consent_id

        def read(page_size):
            return client.transactions_page(
                token,
                account.external_id,
                date_from=self.window_from,
                date_to=self.window_to,
                page_size=page_size,
                paging_token=self.paging_token or None,
                own=account._as_bank_account(),
            )

        too_much = account.failures if account.error_code in TOO_MUCH else 0
        if self.paging_token:
            return consent._next_page(PAGE_SIZE, read, too_much)
        return consent._first_page(PAGE_SIZE, read, too_much)

    def _start_again(self, error):
        """The place in the list is lost: read from the top, but not for ever.

        In a run of its own, because rows without an id are counted within a run.
        """
        if self.account_id.failures:
            raise error
        self.account_id.failures = 1
        self._close("failed", error.code)

    def _read_balance(self, client, token):
        bank_account = client.account(token, self.account_id.external_id)
        self.account_id._store_balance(bank_account)
        if bank_account.booked:
            self.bank_balance = bank_account.booked.value

    def _store_page(self, page):
        if page.paging_token and page.paging_token == self.paging_token:
            raise Malformed("malformed", "the paging token repeats")
        if self.pages >= MAX_PAGES:
            raise Malformed("malformed", "the list of pages does not end")
        counts = self.env["open.banking.transaction"]._store_page(self, page)
        self.write(
            {
                "pages": self.pages + 1,
                "paging_token": page.paging_token or False,
                "received_count": self.received_count + len(page.entries),
                "unreadable": self.unreadable + page.malformed_rows,
                **{name: self[name] + count for name, count in counts.items()},
            }
        )
        if not page.paging_token:
            self._reading_done()

    def _reading_done(self):
        """The window was read to its end: only now the watermark may move."""
        counts = self.env["open.banking.transaction"]._settle(self)
        self.write({name: self[name] + count for name, count in counts.items()})
        self.state = "booking"
        self._note_window_read()
