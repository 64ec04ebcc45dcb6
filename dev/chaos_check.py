"""Is the feed the bank's list, and are the books the feed? Account by account."""

from collections import Counter
from decimal import Decimal

from demo_story import control

FEED = """
    SELECT feed.id, feed.state, feed.date::text, feed.amount::text, feed.text,
           feed.booking_state, COALESCE(feed.reason_code, ''),
           COUNT(line.id), MIN(line.amount)::text, MIN(move.date)::text
      FROM open_banking_transaction feed
      LEFT JOIN account_bank_statement_line line
        ON line.open_banking_transaction_id = feed.id
      LEFT JOIN account_move move ON move.id = line.move_id AND move.state = 'posted'
     WHERE feed.account_id = %s
  GROUP BY feed.id
"""
LINES = """
    SELECT COUNT(*), COUNT(open_banking_transaction_id)
      FROM account_bank_statement_line WHERE journal_id = %s
"""
PROOF = """
    SELECT books_balance::text, booked_balance::text, proof_state,
           COALESCE(error_code, '')
      FROM open_banking_account WHERE id = %s
"""


class Outcome:
    """What was compared, and what is wrong."""

    def __init__(self):
        self.problems = []
        self.rows = 0
        self.lines = 0
        self.held = Counter()
        self.withdrawn_lines = 0


def compare(books, bank_url):
    """Compare all accounts; call it when the import has come to its end.

    :rtype: Outcome
    """
    outcome = Outcome()
    for account in books.accounts():
        truth = control(bank_url, "transactions", account=account["iban"], texts="true")
        for problem in _problems(books, account, truth, outcome):
            outcome.problems.append(f"{account['name']}: {problem}")
    return outcome


def _problems(books, account, truth, outcome):
    feed = books.rows(FEED, account["id"])
    yield from _feed_is_the_list(feed, truth["transactions"])
    yield from _books_are_the_feed(feed)
    [(lines, fed)] = books.rows(LINES, account["journal_id"])
    if lines != fed:
        yield f"{lines - fed} lines belong to no transaction of the bank"
    if lines != sum(row[5] == "booked" for row in feed):
        yield f"{lines} lines, but another number of rows in the books"
    if lines:
        yield from _balance_is_right(books, account, feed, truth["account"])
    outcome.rows += len(feed)
    outcome.lines += lines
    outcome.held.update(row[6] for row in feed if _is_kept_out(row))
    outcome.withdrawn_lines += sum(map(_is_withdrawn_line, feed))


def _feed_is_the_list(feed, listed):
    """The same transactions, equal ones counted."""
    at_bank = Counter(_as_listed(row) for row in listed if not row["deleted"])
    in_feed = Counter(row[1:5] for row in feed if row[1] != "withdrawn")
    for row, count in (at_bank - in_feed).items():
        yield f"missing in the feed ({count}): {row}"
    for row, count in (in_feed - at_bank).items():
        yield f"too many in the feed ({count}): {row}"


def _as_listed(row):
    state = "booked" if row["state"] == "Booked" else "pending"
    return state, row["date"], row["amount"], row["wire"]["text"]


def _books_are_the_feed(feed):
    """Each row that is booked has one line, and no other row has any."""
    for number, state, day, amount, _text, booking, reason, lines, *line in feed:
        name = f"row {number} ({state}, {booking} {reason}, {day}, {amount})"
        if lines != (booking == "booked"):
            yield f"{name} has {lines} lines"
        elif lines and (Decimal(line[0]), line[1]) != (Decimal(amount), day):
            yield f"{name} has another line: {line}"
        if state == "booked" and booking not in ("booked", "held", "left_out"):
            yield f"{name} is still to be booked"
        if state == "booked" and booking in ("held", "left_out") and not reason:
            yield f"{name} is kept out without a reason"


def _is_kept_out(row):
    return row[1] == "booked" and row[5] != "booked"


def _is_withdrawn_line(row):
    """A posted line stays when the bank takes its transaction back."""
    return row[1] == "withdrawn" and row[5] == "booked"


def _balance_is_right(books, account, feed, at_bank):
    """Odoo's running balance is the bank's, but for what is known to differ."""
    [(in_books, told, proof, error)] = books.rows(PROOF, account["id"])
    stays = sum(Decimal(row[3]) for row in feed if _is_withdrawn_line(row))
    lacks = sum(Decimal(row[3]) for row in feed if _is_kept_out(row))
    bank = Decimal(at_bank["booked_balance"])
    if Decimal(told) != bank:
        yield f"the bank's balance is {bank}, kept is {told}"
    if Decimal(in_books) != bank + stays - lacks:
        yield f"balance {in_books} instead of {bank} + {stays} - {lacks}"
    if proof != ("equal" if stays == lacks else "differs"):
        yield f"the proof says {proof}, the difference is {stays - lacks}"
    if error:
        yield f"an error is left: {error}"
