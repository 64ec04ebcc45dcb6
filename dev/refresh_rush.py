"""Many processes want new tokens of one consent in the same moment.

Some keep the consent alive, some fetch, some have the consent in their list and come a
moment later, some of these in a transaction that began before. The bank lets an old
refresh token die at once: a second refresh, by whomever, would end the consent or
show in the bank's list of calls.
"""

import random
import time
from collections import Counter

from demo_story import control
from say import say

# Long enough for the others to arrive while one of them waits for the bank.
BANK_TAKES = 0.15
ENDS_WITHIN = 60
PROCESSES = (2, 8)
WAYS = ("keep_alive", "fetch", "in_the_list", "looked_before")
LATE = ("in_the_list", "looked_before")
LATEST = 0.4
TOKENS = """
    SELECT id, state, error_code, refresh_token_encrypted
      FROM open_banking_consent WHERE refresh_token_encrypted IS NOT NULL
"""
WEAR_OUT = """
    UPDATE open_banking_consent
       SET access_token_until = now() AT TIME ZONE 'UTC',
           tokens_issued_at = now() AT TIME ZONE 'UTC' - interval '2 days',
           next_refresh = NULL
     WHERE id = %s
"""
FAILED = "SELECT COUNT(*) FROM open_banking_fetch WHERE error_code IS NOT NULL"


class Rush:
    """Rounds of a rush for one consent, and what was wrong with them."""

    def __init__(self, books, bank_url, importer, seed):
        self.books, self.bank_url, self.importer = books, bank_url, importer
        self.dice = random.Random(f"rush {seed}")
        self.outcomes = Counter()
        self.refreshes = self.processes = 0
        self.problems = []
        [(self.consent, *_state)] = books.rows(TOKENS)

    def run(self, rounds):
        """Rush so often; stops at the first round that went wrong.

        :return: what is wrong, as sentences
        :rtype: list[str]
        """
        settings = {"rotate_refresh_token": True, "old_refresh_token_grace": 0}
        control(self.bank_url, "settings", settings)
        slow = {"endpoint": "token", "delay_seconds": BANK_TAKES, "times": None}
        control(self.bank_url, "faults", slow)
        for number in range(rounds):
            if self.problems:
                break
            self._round(number)
        control(self.bank_url, "faults", method="DELETE")
        return self.problems

    def _round(self, number):
        before, calls = self._token(), len(self._calls())
        failed = self.books.rows(FAILED)
        self.books.rows(WEAR_OUT, self.consent)
        self.books.make_due()
        self._come_together(number)
        calls = self._calls()[calls:]
        statuses = [call["status"] for call in calls]
        self.refreshes += len(calls)
        if statuses != [200]:
            self._wrong(number, f"the bank was asked for tokens: {statuses}")
        if not self.problems and self._token() == before:
            self._wrong(number, "the new tokens were not stored")
        if self.books.rows(FAILED) != failed:
            self._wrong(number, "a run of the import failed")

    def _come_together(self, number):
        """Start them, let them go at one moment, and wait for their end."""
        count = self.dice.randint(*PROCESSES)
        ways = [WAYS[0], *self.dice.choices(WAYS, k=count - 1)]
        at = time.time() + 0.3 + 0.05 * count
        crowd = []
        for way in ways:
            late = self.dice.uniform(0, LATEST) if way in LATE else 0
            order = {"at": at, "late": late, "consent": self.consent}
            crowd.append((way, self.importer.start("rush", way=way, **order)))
        self.processes += count
        for way, worker in crowd:
            told = worker.result(ENDS_WITHIN)
            if told["error"]:
                self._wrong(number, f"{way}: {told['error']}")
            elif way in LATE:
                left = "saw it was done" if told["outcome"] else "kept away"
                self.outcomes[f"{way}: {left}"] += 1

    def _calls(self):
        listed = control(self.bank_url, "requests")["requests"]
        return [call for call in listed if call["endpoint"] == "token"]

    def _token(self):
        """The stored token; a sentence in problems when the consent is not well."""
        rows = self.books.rows(TOKENS)
        well = [row[3] for row in rows if row[:3] == (self.consent, "active", None)]
        if not well:
            self.problems.append(f"the consent is lost: {rows and rows[0][:3]}")
        return well

    def _wrong(self, number, what):
        self.problems.append(f"round {number + 1}: {what}")


def run(books, bank_url, importer, rounds, seed):
    """Let them rush, and say in figures what happened.

    :return: what is wrong, as sentences
    :rtype: list[str]
    """
    started = time.monotonic()
    crowd = Rush(books, bank_url, importer, seed)
    problems = crowd.run(rounds)
    say(
        f"Refreshed together: {rounds} rounds, {crowd.processes} processes,"
        f" {crowd.refreshes} refreshes at the bank,"
        f" {time.monotonic() - started:.0f} s; late: {dict(crowd.outcomes)}"
    )
    return problems
