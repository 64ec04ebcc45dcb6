from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from time import monotonic

from odoo import models
from odoo.exceptions import UserError

from ..bank_api import AccessTokenRejected, BankApiError
from ..const import PAGE_SIZE
from ..feed import families, match, settled_window
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
        with self._alone() as account:
            account._prepare_token()
        try:
            with self._alone() as account:
                return account._read_and_compare(window, deadline)
        except AccessTokenRejected:
            with self._alone() as account:
                account.consent_id._access_token_refused()
                account._prepare_token()
        with self._alone() as account:
            return account._read_and_compare(window, deadline)

    @contextmanager
    def _alone(self):
        """Give the account in a transaction of its own, locked with its consent.

        New tokens are committed before they are used, and Mastercard allows one
        reader a consent.
        """
        with self.env.registry.cursor() as cursor:
            account = self.with_env(self.env(cr=cursor, su=True))
            mine = account.try_lock_for_update(allow_referencing=True)
            if not (
                mine and account.consent_id.try_lock_for_update(allow_referencing=True)
            ):
                raise UserError(
                    self.env._(
                        "The bank is being read for this account right now. Please try "
                        "again in a minute."
                    )
                )
            yield account

    def _prepare_token(self):
        """Renew the tokens if need be, in a transaction that ends here."""
        if not self.consent_id._access_token():
            self.consent_id._renew_tokens()

    def _read_and_compare(self, window, deadline):
        transactions, is_complete = self._read_list(window, deadline)
        rows = self.env["open.banking.transaction"]
        return rows._compare(self, transactions, window, is_complete)

    def _read_list(self, window, deadline):
        """Return the bank's list, and whether it was read to its end."""
        pages = self.company_id._open_banking_client().transactions(
            self.consent_id._access_token(),
            self.external_id,
            date_from=window[0],
            date_to=window[1],
            page_size=PAGE_SIZE,
            own=self._as_bank_account(),
        )
        transactions = []
        for count, page in enumerate(pages, 1):
            transactions += page.transactions
            if page.paging_token and (count >= MAX_PAGES or monotonic() >= deadline):
                return transactions, False
        return transactions, True


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
        bank_rows, said = self._read_rows(account, transactions, 0, window)
        day = timedelta(days=1)
        covered = is_complete and settled_window(
            window[1], (window[0] - day, window[1] + day)
        )
        known = self._rows_to_compare(account, bank_rows, covered)
        found = match(bank_rows, known, covered=covered or None)
        fresh = [said[pair.row.position] for pair in found.new]
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

    def _what_booking_would_do(self, account, said):
        """Count what would be held, and what would be booked on days of note."""
        to_book = [each for each in said if each["booking_state"] == "to_book"]
        company, journal = account.company_id, account.journal_id
        locked = {
            day
            for day in {each["date"] for each in to_book}
            if company._get_violated_lock_dates(day, False, journal)
        }
        held = Counter(
            each["reason_code"] for each in said if each["booking_state"] == "held"
        )
        held.update("locked_period" for each in to_book if each["date"] in locked)
        starts = account.start_date
        return {
            "held": held,
            "locked_days": tuple(sorted(locked)),
            "before_start": sum(bool(starts) and e["date"] < starts for e in to_book),
        }
