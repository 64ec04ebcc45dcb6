from itertools import groupby

from odoo import fields, models

from ..feed import strip
from .open_banking_account_days import Movements

# So many fit on the page beside two years of days.
GAPS_ON_PAGE = 8
CONSENTS_ON_PAGE = 6

MARKS = {
    strip.AGREES: "=",
    strip.PARTS: "≠",
    strip.UNKNOWN: "?",
}


class OpenBankingAccount(models.Model):
    """The proof for the auditor: one page that says all of one account and period."""

    _inherit = "open.banking.account"

    def action_print_proof(self):
        """Ask for the period of the page that proves these accounts to the auditor."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_mastercard_open_banking.open_banking_proof_action"
        )
        return {**action, "context": {"default_account_ids": self.ids}}

    def _proof_page(self, first, last):
        """Return what the page says: plain values, amounts and days as text.

        :param date first: first day of the period
        :param date last: last day of the period
        :rtype: dict
        """
        self.ensure_one()
        self.check_access("read")
        found = self._days(first, last)
        days = [fact.day for fact in found.facts]
        return {
            "account": self,
            "period": self._span_text(first, last),
            "balances": self._proof_balances(found),
            "agreement": list(self._proof_agreement(found)),
            "coverage": self._proof_coverage(days),
            "runs": self._proof_runs(first, last),
            "consents": self._proof_consents(first, last),
            "held": sum(fact.held for fact in found.facts),
            "undated": found.undated,
            "left_out": sum(fact.left_out for fact in found.facts),
            "months": self._proof_months(found.facts),
            "printed_on": self._moment_text(fields.Datetime.now()),
            "printed_by": self.env.user.name,
        }

    # === BALANCES === #

    def _proof_balances(self, found):
        """Return opening, movements and closing: of the bank, the books, and between.

        :rtype: list[dict[str, str]]
        """
        past = [fact for fact in found.facts if fact.day.coverage != strip.FUTURE]
        counted = [
            fact for fact in past if found.begin is None or fact.day.date >= found.begin
        ]
        bank = Movements.of([fact.rows for fact in counted])
        books = Movements.of([fact.lines for fact in counted])
        opening = self._proof_opening(found)
        closing = past[-1].day if past else None
        return [
            self._proof_row(self.env._("Opening balance"), *opening),
            self._proof_row(
                self.env._("Money in"),
                bank.sum_in,
                books.sum_in,
                bank.count_in,
                books.count_in,
            ),
            self._proof_row(
                self.env._("Money out"),
                bank.sum_out,
                books.sum_out,
                bank.count_out,
                books.count_out,
            ),
            self._proof_row(
                self.env._("Closing balance"),
                closing and closing.bank,
                closing and closing.books,
            ),
        ]

    def _proof_opening(self, found):
        """Return the bank's and the books' balance before the first day that counts.

        Where the books begin in the period they begin with the opening statement. It
        holds what the bank told of that moment, unless an evening before tells more.
        """
        first = found.facts[0].day.date
        start = max(first, found.begin or first)
        known = [*found.earlier, *(fact.day for fact in found.facts)]
        before = next((day for day in reversed(known) if day.date < start), None)
        bank, books = (before.bank, before.books) if before else (None, None)
        if found.begin and found.begin >= first:
            opening = self.opening_statement_id
            books = self._exact(opening.balance_start)
            if bank is None and opening:
                bank = books
        return bank, books

    def _proof_row(self, name, bank, books, bank_count=None, books_count=None):
        known = bank is not None and books is not None
        return {
            "name": name,
            "bank_count": bank_count,
            "bank": self._amount_text(bank),
            "books_count": books_count,
            "books": self._amount_text(books),
            "difference": known and self._amount_text(bank - books),
            "parts": known and bank != books,
        }

    def _proof_agreement(self, found):
        """Say whether the chain of balances holds, and the first day it parts."""
        yield from self._balance_summary(found)
        parted = [fact.day for fact in found.facts if fact.day.balance == strip.PARTS]
        if parted:
            text = self.env._(
                "First day of the period on which the balances part: %(day)s "
                "(%(count)s days in all).",
                day=self._day_text(parted[0].date),
                count=len(parted),
            )
            yield {"kind": "danger", "text": text}

    # === COVERAGE === #

    def _proof_coverage(self, days):
        """Count the days that runs have covered, and name those that none has."""
        expected = [day for day in days if day.coverage in (strip.COVERED, strip.GAP)]
        gaps = [day for day in days if day.coverage == strip.GAP]
        covered = [day for day in expected if day.coverage == strip.COVERED]
        return {
            "days": len(days),
            "expected": len(expected),
            "covered": len(covered),
            "runs": len({day.reader.id for day in covered}),
            "gaps": gaps and self._spans_text(strip.spans(gaps), GAPS_ON_PAGE),
            "unexpected": self._unexpected_text(days),
        }

    def _unexpected_text(self, days):
        """Say which days of the period are not expected to be covered, and why."""
        parts = []
        for coverage, text in (
            (strip.BEFORE, self.env._("before the start date: %(spans)s")),
            (strip.WAITING, self.env._("not read yet: %(spans)s")),
            (strip.FUTURE, self.env._("in the future: %(spans)s")),
        ):
            found = [day for day in days if day.coverage == coverage]
            if found:
                spans = self._spans_text(strip.spans(found), 1)
                parts.append(text % {"spans": spans})
        return "; ".join(parts)

    def _proof_runs(self, first, last):
        """Count the runs that read days of the period, and those that failed in it.

        A run that fails at once has no window yet: its own day counts.
        """
        groups = self.env["open.banking.fetch"]._read_group(
            [
                ("account_id", "=", self.id),
                "|",
                "&",
                "&",
                ("state", "=", "done"),
                ("window_from", "<=", last),
                ("window_to", ">=", first),
                "&",
                "&",
                ("state", "=", "failed"),
                ("started_on", ">=", first),
                ("started_on", "<", last + strip.A_DAY),
            ],
            ["state"],
            ["__count", "id:min", "id:max"],
        )
        counts = {state: count for state, count, _first, _last in groups}
        return {
            "done": counts.get("done", 0),
            "failed": counts.get("failed", 0),
            "first": min((low for _s, _c, low, _h in groups), default=0),
            "last": max((high for _s, _c, _l, high in groups), default=0),
        }

    def _proof_consents(self, first, last):
        """Return who had allowed the reading in the period, newest first.

        :rtype: dict
        """
        entries = self.env["open.banking.consent.account"].search(
            [
                ("account_id", "=", self.id),
                ("covered_from", "<", last + strip.A_DAY),
                "|",
                ("covered_until", "=", False),
                ("covered_until", ">=", first),
            ]
        )
        told = entries[:CONSENTS_ON_PAGE]
        return {
            "rows": [self._proof_consent(entry) for entry in told],
            "more": len(entries) - len(told),
        }

    def _proof_consent(self, entry):
        consent = entry.consent_id
        states = dict(consent._fields["state"]._description_selection(self.env))
        ended = entry.covered_until or consent.ended_on
        return {
            "name": f"{consent.name} #{consent.id}",
            "who": consent.partner_id.name or "",
            "from": self._moment_text(entry.covered_from),
            "until": self._moment_text(ended) or self._consent_until_text(consent),
            "state": states[consent.state],
        }

    def _consent_until_text(self, consent):
        if not consent.expires_on:
            return self.env._("now")
        day = self._day_text(consent.expires_on)
        return self.env._("now (consent until %(day)s)", day=day)

    # === THE STRIP === #

    def _proof_months(self, facts):
        """Return the strip: a row for each month, with a mark for each of its days.

        :rtype: list[dict]
        """
        months = []
        for (year, month), group in groupby(
            facts, lambda fact: (fact.day.date.year, fact.day.date.month)
        ):
            marks = {fact.day.date.day: self._proof_mark(fact) for fact in group}
            name = fields.Date.to_date(f"{year}-{month:02}-01")
            months.append(
                {
                    "name": self._month_text(name),
                    "days": [marks.get(n) for n in range(1, 32)],
                }
            )
        return months

    def _proof_mark(self, fact):
        """Return the letter of a day, and the class that colours it."""
        day = fact.day
        if day.coverage == strip.GAP:
            return {"mark": "!", "kind": day.coverage}
        if day.coverage == strip.COVERED or day.balance == strip.PARTS:
            return {"mark": MARKS[day.balance], "kind": day.balance}
        return {"mark": "", "kind": day.coverage}


class AccountJournal(models.Model):
    """The proof from the journal's own menu."""

    _inherit = "account.journal"

    def action_open_banking_proof(self):
        """Ask for the period of the page that proves this journal's bank account."""
        self.ensure_one()
        return self.open_banking_account_ids.action_print_proof()
