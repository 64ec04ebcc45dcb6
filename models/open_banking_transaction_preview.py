from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import monotonic

from odoo import models
from odoo.exceptions import UserError

from ..bank_api import AccessTokenRejected, BankApiError, ConsentExpired
from ..const import PAGE_SIZE
from ..feed import BOOKED, BookedRow, families, match, settled_window, suspects
from .error_words import words

# A preview is made while the user waits, and keeps the jobs away from the account.
MAX_PAGES = 60
MAX_SECONDS = 45


@dataclass(frozen=True)
class Preview:
    """What a fetch would do. ``held``: how many rows, by the code of the reason.

    ``before_start``: rows dated before the account's start date that would be booked.
    ``locked_days``: closed days that would get rows. ``is_complete``: the whole list
    was read; else the numbers are the least.
    """

    new: int = 0
    known: int = 0
    changed: int = 0
    withdrawn: int = 0
    held: Counter = field(default_factory=Counter)
    before_start: int = 0
    locked_days: tuple[date, ...] = ()
    is_complete: bool = True


class OpenBankingAccount(models.Model):
    """Looking at the bank's list without storing anything of it."""

    _inherit = "open.banking.account"

    def _preview(self, window, deadline=None):
        """Read some days at the bank and say what fetching them would do.

        :param tuple[date, date] window: first and last day, both included
        :param float deadline: on the monotonic clock; no page is begun after it
        :rtype: Preview
        :raise UserError: in words, when the bank cannot be read now
        """
        self.ensure_one()
        self._check_may_ask(window)
        deadline = deadline or monotonic() + MAX_SECONDS
        try:
            return self._preview_reading(window, deadline)
        except BankApiError as error:
            raise UserError(words(self.env, error.code)) from error

    def _preview_reading(self, window, deadline):
        token = self._prepare_token()
        try:
            return self._read_and_compare(token, window, deadline)
        except AccessTokenRejected:
            token = self._prepare_token(refused=token)
        return self._read_and_compare(token, window, deadline)

    @contextmanager
    def _alone(self):
        """Give the account in a transaction of its own, locked with its consent.

        New tokens are committed before they are used, and Mastercard allows one
        reader a consent.
        """
        with self.env.registry.cursor() as cursor:
            account = self.with_env(self.env(cr=cursor, su=True))
            mine = account.try_lock_for_update(allow_referencing=True)
            if not (mine and account.consent_id._lock_tokens()):
                raise UserError(
                    self.env._(
                        "The bank is being read for this account right now. Please try "
                        "again in a minute."
                    )
                )
            yield account

    def _prepare_token(self, refused=None):
        """Return an access token, renewed if need be, in a transaction that ends here.

        :param str refused: one that the bank has just refused
        :raise bank_api.ConsentExpired: when the consent is over, which is noted
        """
        with self._alone() as account:
            consent = account.consent_id
            try:
                if refused:
                    consent._access_token_refused(refused)
                if not consent._access_token():
                    consent._renew_tokens()
                return consent._access_token()
            except ConsentExpired as error:
                consent._mark_expired(error.code)
                over = error
        raise over

    def _read_and_compare(self, token, window, deadline):
        with self._alone() as account:
            transactions, is_complete = account._read_list(token, window, deadline)
            rows = account.env["open.banking.transaction"]
            return rows._compare(account, transactions, window, is_complete)

    def _read_list(self, token, window, deadline):
        """Return the bank's list, and whether it was read to its end."""
        pages = self._pages(token, window)
        transactions = []
        for count, page in enumerate(pages, 1):
            transactions += page.transactions
            if page.paging_token and (count >= MAX_PAGES or monotonic() >= deadline):
                return transactions, False
        return transactions, True

    def _pages(self, token, window):
        """Read the pages of the bank's list, one by one."""
        client = self.company_id._open_banking_client()
        call = {
            "access_token": token,
            "account_id": self.external_id,
            "date_from": window[0],
            "date_to": window[1],
            "own": self._as_bank_account(),
        }
        first = self.consent_id._first_page(
            PAGE_SIZE, lambda size: client.transactions_page(page_size=size, **call)
        )
        yield first
        if first.paging_token:
            size = self.consent_id._page_size(PAGE_SIZE)
            following = {"page_size": size, "paging_token": first.paging_token}
            yield from client.transactions(**following, **call)


class OpenBankingTransaction(models.Model):
    """Comparing a list with the feed, in memory."""

    _inherit = "open.banking.transaction"

    def _compare(self, account, transactions, window, is_complete):
        """Match a list of the bank against the feed, and count.

        :param iterable transactions: as Mastercard sent them
        :param tuple window: the days a user asked for
        :param bool is_complete: whether the list is the whole window's
        :rtype: Preview
        """
        bank_rows, said = self._read_rows(
            account, dict(enumerate(transactions)), window
        )
        day = timedelta(days=1)
        covered = is_complete and settled_window(
            window[1], (window[0] - day, window[1] + day)
        )
        known = self._rows_to_compare(account, bank_rows, covered)
        found = match(bank_rows, known, covered=covered or None)
        doubles = self._suspected(account, found.new)
        fresh = [
            {**values, "is_suspect": pair.key in doubles}
            for pair in found.new
            for values in [said[pair.row.position]]
        ]
        wanted = [
            said[pair.row.position]
            for pair in (*found.known, *found.changed, *found.booked, *found.rekeyed)
            if not pair.row.is_deleted
            and pair.known.ref._is_wanted(said[pair.row.position])
        ]
        return Preview(
            new=len(found.new),
            known=len(found.known) + len(found.ignored),
            changed=len((*found.changed, *found.booked, *found.rekeyed)),
            withdrawn=len(found.withdrawn),
            is_complete=is_complete,
            **self._what_booking_would_do(account, [*fresh, *wanted]),
        )

    def _rows_to_compare(self, account, bank_rows, covered):
        domain = [("family", "in", list(families(bank_rows)))]
        if covered:
            days = [("date", ">=", covered[0]), ("date", "<=", covered[1])]
            domain = ["|", *domain, "&", *days]
        rows = self.search([("account_id", "=", account.id), *domain])
        return [row._known_row() for row in rows]

    def _suspected(self, account, pairs):
        """Return the keys of the new rows that would be held as possible duplicates."""
        fresh = [
            BookedRow(
                key=pair.key,
                date=pair.row.date,
                amount=pair.row.amount,
                currency=pair.row.currency,
                text=pair.row.text,
                balance=pair.row.balance,
            )
            for pair in pairs
            if pair.row.state == BOOKED and not pair.row.is_deleted
        ]
        others = self.search(
            [
                ("account_id", "=", account.id),
                ("date", "in", list({row.date for row in fresh if row.date})),
                ("state", "=", "booked"),
            ]
        )
        known = [row._for_suspicion() for row in others]
        return {row.key for row, _other in suspects(fresh, [*fresh, *known])}

    def _what_booking_would_do(self, account, said):
        """Count what would be held, and what would be booked on days of note."""
        to_book = [each for each in said if each["booking_state"] == "to_book"]
        company, journal = account.company_id, account.journal_id
        locked = {
            day
            for day in {each["date"] for each in to_book}
            if company._get_violated_lock_dates(day, False, journal)
        }
        held = [each["reason_code"] for each in said if each["booking_state"] == "held"]
        held += self._reasons_to_hold(account, to_book, locked)
        starts = account.start_date
        return {
            "held": Counter(held),
            "locked_days": tuple(sorted(locked)),
            "before_start": sum(bool(starts) and e["date"] < starts for e in to_book),
        }

    def _reasons_to_hold(self, account, to_book, locked):
        """Return why rows that could be booked would wait, in booking's own order."""
        open_rows = [
            each
            for each in to_book
            if not each.get("is_suspect") and each["date"] not in locked
        ]
        doubles = sum(bool(each.get("is_suspect")) for each in to_book)
        payments = {n: (e["date"], e["amount"]) for n, e in enumerate(open_rows)}
        unasked = account.company_id.open_banking_adopt_lines
        alike = [
            line
            for line, is_sure in account._lines_alike(payments).values()
            if not (unasked and is_sure)
        ]
        closed = len(to_book) - doubles - len(open_rows)
        return [
            *["possible_duplicate"] * doubles,
            *["locked_period"] * closed,
            *["looks_like_line"] * len(alike),
        ]
