"""The killing: a process that imports is started and killed, again and again."""

import random
import time
from collections import Counter

import chaos_check
from chaos_workers import until
from say import say

CHECK_EVERY = 25  # kills
ENDS_WITHIN = 600  # seconds
SHORTEST, LONGEST = 0.02, 3.0  # seconds that a process may live


class Killings:
    """Rounds of change, import and SIGKILL, with a check now and then."""

    def __init__(self, books, bank, importer, seed):
        self.books = books
        self.bank = bank
        self.importer = importer
        self.dice = random.Random(f"kills {seed}")
        self.longest = 2.0
        self.moments = Counter()
        self.came_late = 0
        self.problems = []

    @property
    def kills(self):
        """Kills that hit a process at work."""
        return sum(self.moments.values())

    def run(self, wanted):
        """Kill so often; stops when the books are wrong."""
        while self.kills < wanted and not self.problems:
            if self._round() and self.kills % CHECK_EVERY == 0:
                self.finish()
                say(f"  {self.kills} kills, {self.books.count(LINE)} lines")
        if not self.problems:
            self.finish()

    def _round(self):
        """One process, from its start to its end; whether it was killed at work."""
        self.bank.change(self.dice.randint(0, 3))
        if self.dice.random() < 0.2:
            self.books.wear_tokens_out()
        self.books.make_due()
        life = self.dice.uniform(SHORTEST, self.longest)
        first = life * self.dice.random()
        worker = self.importer.start("work", jobs=[self.books.job])
        time.sleep(first)
        self.bank.change(self.dice.randint(0, 1))
        time.sleep(life - first)
        moment = self.books.moment()
        worker.kill()
        if moment:
            self.moments[moment] += 1
            self.longest = min(self.longest * 1.02, LONGEST)
        else:
            self.came_late += 1
            self.longest = max(self.longest * 0.9, 0.3)
        return bool(moment)

    def finish(self):
        """Let the import come to its end, and compare everything."""
        if not self._come_to_an_end():
            self.problems.append("the import does not come to its end")
        self.outcome = chaos_check.compare(self.books, self.bank.url)
        self.problems += self.outcome.problems

    def _come_to_an_end(self):
        """Work without being killed, twice: a run that was killed after its reading
        only books what it has read, the next one reads what came since."""
        self.books.make_due()
        worker = self.importer.start("work", jobs=[self.books.job])
        try:
            return self._all_done() and self._all_done()
        finally:
            worker.kill()

    def _all_done(self):
        """Make everything due until no run is open and no error is left.

        What a fault of the bank put off is due again at once.
        """
        end = time.monotonic() + ENDS_WITHIN
        while time.monotonic() < end:
            self.books.make_due_at_work()
            done = until(lambda: not self.books.waiting(), ENDS_WITHIN)
            if done and not self.books.unfinished() and not self._errors():
                return True
            time.sleep(0.2)
        return False

    def _errors(self):
        return self.books.count("open_banking_account", "error_code IS NOT NULL")


LINE = "account_bank_statement_line"
