from collections import Counter, defaultdict
from datetime import timedelta

# A line that was typed by hand may stand a few days beside the bank's day.
DAYS_SLIP = timedelta(days=3)


def lines_alike(rows):
    """Find lines of the journal that may be the payments of these rows.

    Only lines that came from elsewhere, of the same amount and a near day. Each row
    gets the nearest that no other row got, or shares one when there are too few.

    :param open.banking.transaction rows: of one account, to be booked
    :return: by row the line, and whether it is the only one of that day and amount
        for the only row of that day and amount
    :rtype: dict[open.banking.transaction, tuple[account.bank.statement.line, bool]]
    """
    lines = defaultdict(list)
    for line in _lines_from_elsewhere(rows):
        lines[rows._exact(line.amount)].append(line)
    if not lines:
        return {}
    alone = _alone(rows, rows) & _alone(rows, sum(lines.values(), []))
    found, taken = {}, set()
    for row in rows.sorted(lambda row: (row.date, row.id)):
        near = [
            (line in taken, abs(line.date - row.date), line.id, line)
            for line in lines.get(rows._exact(row.amount), ())
            if abs(line.date - row.date) <= DAYS_SLIP
        ]
        if near:
            line = min(near)[-1]
            taken.add(line)
            day = (row.date, rows._exact(row.amount))
            found[row] = (line, line.date == row.date and day in alone)
    return found


def _alone(rows, records):
    """The days and amounts that only one of the records has."""
    counts = Counter((each.date, rows._exact(each.amount)) for each in records)
    return {day for day, count in counts.items() if count == 1}


def _lines_from_elsewhere(rows):
    """Posted lines of the journal, near in time, that no row of the feed stands for."""
    lines = rows.env["account.bank.statement.line"].sudo()
    if not rows:
        return lines
    dates = rows.mapped("date")
    return lines.search(
        [
            ("journal_id", "=", rows.account_id.journal_id.id),
            ("open_banking_transaction_id", "=", False),
            ("state", "=", "posted"),
            ("date", ">=", min(dates) - DAYS_SLIP),
            ("date", "<=", max(dates) + DAYS_SLIP),
            ("amount", "in", list(set(rows.mapped("amount")))),
        ]
    )
