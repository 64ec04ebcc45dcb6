from odoo import fields, models
from odoo.tools import format_date, format_datetime
from odoo.tools.misc import formatLang

from ..const import BANK_TIMEZONE
from ..feed import strip
from ..feed.windows import HISTORY
from .error_words import words

NINETY_DAYS = 90
# More are counted, not told one by one.
SPANS_IN_WORDS = 3


class OpenBankingAccount(models.Model):
    """The strip of days, in words that a bookkeeper and an auditor understand."""

    _inherit = "open.banking.account"

    def read_days(self, two_years=False):
        """Return what the strip of days shows, up to today.

        :param bool two_years: two years instead of 90 days
        :return: plain values, amounts as text
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        today = self.env["open.banking.fetch"]._bank_today()
        first = today - strip.A_DAY * (NINETY_DAYS - 1)
        if two_years:
            first = today - HISTORY + strip.A_DAY
        found = self._days(first, today)
        return {
            "first": fields.Date.to_string(first),
            "today": fields.Date.to_string(today),
            "currency": self.currency_id.name,
            "summary": self._days_summary(found),
            "days": [self._day_values(fact) for fact in found.facts],
            "runs": self._days_runs(found.facts),
        }

    def _day_values(self, fact):
        day = fact.day
        parts = day.balance == strip.PARTS
        return {
            "date": fields.Date.to_string(day.date),
            "coverage": day.coverage,
            "balance": day.balance,
            "run": day.reader.id if day.reader is not None else False,
            "count": fact.lines.count,
            "total": self._amount_text(fact.lines.total),
            "held": fact.held,
            "bank": self._amount_text(day.bank),
            "books": self._amount_text(day.books),
            "difference": parts and self._amount_text(self._parting_amount(day)),
            "locked": fact.is_locked,
        }

    def _days_runs(self, facts):
        """Return what is said of each run that covers a day, by its id."""
        runs = self.env["open.banking.fetch"].browse(
            {fact.day.reader.id for fact in facts if fact.day.reader is not None}
        )
        triggers = dict(runs._fields["trigger"]._description_selection(self.env))
        return {
            str(run.id): {
                "name": f"#{run.id}",
                "trigger": triggers[run.trigger],
                "when": self._moment_text(run.finished_on),
                "consent": run.consent_id.name or "",
                "consent_id": run.consent_id.id,
            }
            for run in runs
        }

    # === THE SUMMARY === #

    def _days_summary(self, found):
        """Say in two sentences whether all days are covered and the balance agrees.

        :param DayRange found: the days it speaks of
        :return: sentences, each with how serious it is, as Bootstrap calls it
        :rtype: list[dict[str, str]]
        """
        balance = list(self._balance_summary(found))
        if balance and balance[0]["kind"] == "danger":
            remedy = self.env._("Look at the lines of that day, and at what is held.")
            balance[0]["text"] += f" {remedy}"
        return [self._coverage_summary(found), *balance]

    def _coverage_summary(self, found):
        days = [fact.day for fact in found.facts]
        expected = [day for day in days if day.coverage in (strip.COVERED, strip.GAP)]
        gaps = [day for day in days if day.coverage == strip.GAP]
        if not self.journal_id:
            text = self.env._(
                "This account feeds no journal, so no day is expected. Choose a "
                "journal first."
            )
            return {"kind": "muted", "text": text}
        if not expected:
            return {
                "kind": "muted",
                "text": self.env._("No day of this time is expected to be covered."),
            }
        if not gaps:
            text = self._all_covered_text(len(expected), expected[0].date)
            return {"kind": "success", "text": text}
        return {
            "kind": "danger",
            "text": f"{self._gaps_text(gaps)} {self._gap_remedy(gaps)}",
        }

    def _all_covered_text(self, count, first):
        if count == 1:
            return self.env._("%(day)s is covered.", day=self._day_text(first))
        return self.env._(
            "All %(count)s days since %(day)s are covered.",
            count=count,
            day=self._day_text(first),
        )

    def _gaps_text(self, gaps):
        """Name the days that nobody has read."""
        if len(gaps) == 1:
            return self.env._(
                "1 day is not covered: %(day)s.", day=self._day_text(gaps[0].date)
            )
        return self.env._(
            "%(count)s days are not covered: %(spans)s.",
            count=len(gaps),
            spans=self._spans_text(strip.spans(gaps), SPANS_IN_WORDS),
        )

    def _gap_remedy(self, gaps):
        """Say what fills the gap."""
        if self.consent_state != "active":
            return self.env._(
                "The consent has ended. Connect the bank again: Odoo then fetches "
                "these days by itself."
            )
        if self.error_code:
            return words(self.env, self.error_code)
        since = self.synced_until
        if since and gaps[0].date > since and self.next_attempt:
            return self.env._(
                "Odoo fetches them by itself at the next run, %(when)s.",
                when=self._moment_text(self.next_attempt),
            )
        return self.env._(
            "Press Fetch Transactions and choose these days: nothing is booked twice."
        )

    def _balance_summary(self, found):
        """Say since when the balance agrees or parts; nothing without a journal."""
        if not self.journal_id:
            return
        days = [*found.earlier, *(fact.day for fact in found.facts)]
        state, since, until = strip.verdict(days)
        if state == strip.UNKNOWN:
            text = self.env._(
                "The bank has told no balance that can be compared with the books."
            )
            yield {"kind": "muted", "text": text}
        elif state == strip.AGREES:
            yield self._agrees_summary(days, since, until)
        else:
            yield {"kind": "danger", "text": self._parts_text(days, since)}

    def _agrees_summary(self, days, since, until):
        silent = {strip.COVERED, strip.GAP} & {
            day.coverage for day in days if day.date > until
        }
        if not silent:
            text = self.env._(
                "The balance agrees since %(day)s.", day=self._day_text(since)
            )
            return {"kind": "success", "text": text}
        text = self.env._(
            "The balance agreed from %(span)s; of later days the bank has told none.",
            span=self._span_text(since, until),
        )
        return {"kind": "warning", "text": text}

    def _parts_text(self, days, since):
        """Say since when the two sides part, and by how much at the end."""
        last = [day for day in days if day.balance == strip.PARTS][-1]
        return self.env._(
            "The balance parts since %(day)s; the difference is %(amount)s.",
            day=self._day_text(since),
            amount=self._amount_text(self._parting_amount(last)),
        )

    def _parting_amount(self, day):
        """Return the bank's balance minus the books'; on the evening before the
        opening, minus the balance the books were opened with."""
        opening = self.opening_statement_id.balance_start
        books = self._exact(opening) if day.books is None else day.books
        return day.bank - books

    # === WORDS FOR VALUES === #

    def _amount_text(self, amount):
        """Return an amount as it is written in the user's language; False for None.

        The float is for the printing only: its fifteen digits hold any balance.

        :param Decimal | None amount: in the account's currency
        """
        if amount is None:
            return False
        return formatLang(self.env, float(amount), currency_obj=self.currency_id)

    def _day_text(self, day):
        return format_date(self.env, day, date_format="long")

    def _month_text(self, day):
        return format_date(self.env, day, date_format="MMM y")

    def _moment_text(self, moment):
        """Return a moment in the bank's zone: the days are the bank's too."""
        if not moment:
            return ""
        return format_datetime(
            self.env, moment, tz=BANK_TIMEZONE, dt_format="d MMM y HH:mm"
        )

    def _spans_text(self, spans, limit):
        """Name spans of days; those beyond the limit are counted.

        :param list[tuple[date, date]] spans: first and last day of each
        """
        told = [self._span_text(*span) for span in spans[:limit]]
        rest = len(spans) - len(told)
        if rest:
            told.append(self.env._("%(count)s more", count=rest))
        return ", ".join(told)

    def _span_text(self, first, last):
        if first == last:
            return self._day_text(first)
        return self.env._(
            "%(first)s to %(last)s",
            first=self._day_text(first),
            last=self._day_text(last),
        )
