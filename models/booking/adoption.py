from collections import Counter, defaultdict
from datetime import timedelta

from odoo import models

# A line that was typed by hand may stand a few days beside the bank's day.
DAYS_SLIP = timedelta(days=3)
ONE_DAY = timedelta(days=1)


class OpenBankingAccount(models.Model):
    """Lines of the journal that did not come from the feed, but may be its payments."""

    _inherit = "open.banking.account"

    def _lines_alike(self, payments):
        """Find lines of the account's journal that may be these payments.

        Only lines that came from elsewhere, of the same amount and a near day. Each
        payment gets the nearest that no other got, or shares one when there are too
        few.

        :param dict payments: day and amount (Decimal) of each, by whatever names it
        :return: by that name the line, and whether it is the only one of that day and
            amount for the only payment of that day and amount
        :rtype: dict[object, tuple[account.bank.statement.line, bool]]
        """
        lines = defaultdict(list)
        for line in self._lines_from_elsewhere(payments.values()):
            lines[self._exact(line.amount)].append(line)
        if not lines:
            return {}
        there = [(line.date, amount) for amount, same in lines.items() for line in same]
        alone = _alone(payments.values()) & _alone(there)
        found, taken = {}, set()
        for name, (day, amount) in sorted(
            payments.items(), key=lambda item: item[1][0]
        ):
            near = [
                (line in taken, abs(line.date - day), line.id, line)
                for line in lines.get(amount, ())
                if abs(line.date - day) <= DAYS_SLIP
            ]
            if near:
                line = min(near)[-1]
                taken.add(line)
                found[name] = (line, line.date == day and (day, amount) in alone)
        return found

    def _lines_from_elsewhere(self, payments):
        """Return posted lines near in time that no row of the feed stands for.

        The index of a line begins with its day: by it PostgreSQL finds the few there
        are, however many lines the journal has.
        """
        lines = self.env["account.bank.statement.line"].sudo()
        if not payments:
            return lines
        dates = [day for day, _amount in payments]
        first, behind = min(dates) - DAYS_SLIP, max(dates) + DAYS_SLIP + ONE_DAY
        return lines.search(
            [
                ("journal_id", "=", self.journal_id.id),
                ("open_banking_transaction_id", "=", False),
                ("state", "=", "posted"),
                ("internal_index", ">=", f"{first:%Y%m%d}"),
                ("internal_index", "<", f"{behind:%Y%m%d}"),
                ("amount", "in", list({float(amount) for _day, amount in payments})),
            ]
        )


def _alone(days):
    """The days and amounts that occur only once."""
    return {day for day, count in Counter(days).items() if count == 1}
