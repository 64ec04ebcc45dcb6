"""Part two of ./dev/fuzz: a real import whose peer damages what the bank says.

A worker imports as in ./dev/chaos while the bank changes its list; every account is
made due again and again. In the end the bank is true once more: then the feed must be
its list and the books the feed, no job may have been stopped, nothing may be in the
log, and every code of an error that occurred must have its sentence.
"""

import ast
import time
from collections import Counter

import chaos_check
import odoo_log
import places
import run_chaos
import run_demo
from chaos_bank import RestlessBank
from chaos_books import DUE, Books
from chaos_workers import Importer, until
from fuzz_proxy import Proxy
from say import say

CONSENT = "open_banking_consent"
SHARE = 0.6
STUCK_AFTER = 120  # seconds without a damaged answer
# As if the times to wait were over.
NO_WAITING = "UPDATE open_banking_consent SET rate_limited_until = NULL"
JOBS = """
    SELECT cron_name, active, failure_count FROM ir_cron
      JOIN ir_model_data data ON data.model = 'ir.cron' AND data.res_id = ir_cron.id
     WHERE data.module = 'account_mastercard_open_banking'
"""
CODES = """
    SELECT DISTINCT error_code FROM open_banking_fetch WHERE error_code IS NOT NULL
    UNION SELECT DISTINCT error_code FROM open_banking_consent
           WHERE error_code IS NOT NULL
    UNION SELECT DISTINCT reason_code FROM open_banking_transaction
           WHERE reason_code IS NOT NULL
"""
TO_PROXY = "UPDATE res_company SET open_banking_custom_url = %s"


class Imports:
    """The import under damage, and what was seen of it."""

    def __init__(self, books, proxy, importer, bank):
        self.books, self.proxy, self.importer = books, proxy, importer
        self.bank = bank
        self.codes = Counter()
        self.rounds = 0

    def run(self, wanted):
        """Let so many damaged answers be read; what is wrong, as sentences."""
        self.worker = self.importer.start("work", jobs=[self.books.job])
        try:
            # The first reading is true: a single row of it is not read again.
            if not self._all_true():
                return ["the first import does not come to its end"]
            self.proxy.share = SHARE
            problems = self._under_damage(wanted)
            self.proxy.share = 0.0
            if not (problems or (self._all_true() and self._all_true())):
                problems.append("the import does not come to its end")
        finally:
            if not self.worker.wait(0):
                self.worker.kill()
        return problems

    def _under_damage(self, wanted):
        made, since = 0, time.monotonic()
        while made < wanted:
            self.rounds += 1
            self.bank.change(1)
            if self.rounds % 10 == 0:
                self.books.wear_tokens_out()
            self._make_due()
            until(self._is_over, 3)
            self._count_codes()
            now = self.proxy.made.total()
            if now > made:
                if now // 500 > made // 500:
                    say(f"  {now} damaged answers, {self.rounds} rounds")
                made, since = now, time.monotonic()
            if self.worker.wait(0):
                return [f"the worker ended after {made} damaged answers"]
            if time.monotonic() - since > STUCK_AFTER:
                return [f"nothing is read any more after {made} damaged answers"]
        return []

    def _is_over(self):
        """Whether nobody has anything to do: all is read, or the bank's limit holds."""
        limit = "rate_limited_until > now() AT TIME ZONE 'UTC'"
        return not self.books.waiting() or self.books.count(CONSENT, limit)

    def _make_due(self):
        self.books.rows(NO_WAITING)
        self.books.rows(DUE)
        self.books.trigger()

    def _count_codes(self):
        query = "SELECT error_code FROM open_banking_account"
        self.codes.update(code for (code,) in self.books.rows(query) if code)

    def _all_true(self):
        end = time.monotonic() + 300
        bad = "error_code IS NOT NULL"
        while time.monotonic() < end:
            self._make_due()
            done = until(lambda: not self.books.waiting(), 120)
            if done and not self.books.unfinished():
                if not self.books.count("open_banking_account", bad):
                    return True
            time.sleep(0.2)
        return False


def sentences():
    """The codes that have a sentence, read from the tables themselves."""
    tables = (places.ROOT / "models").glob("error_table*.py")
    keys = (
        key.value
        for table in tables
        for node in ast.walk(ast.parse(table.read_text()))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    )
    return set(keys)


def run(server, name, count, seed):
    """Import so many damaged answers; what is wrong, as sentences."""
    folder = places.fresh_logs()
    with run_demo.Servers() as servers:
        servers.logs = folder
        bank_url = run_chaos.prepare(server, name, servers, run_chaos.connect_small)
        proxy, books = Proxy(bank_url, seed), Books(server, name)
        try:
            books.rows(TO_PROXY, proxy.url)
            with Importer(name, folder) as importer:
                bank = RestlessBank(bank_url, books.accounts(), seed)
                say(f"Damaged answers through a whole import: {count}, logs: {folder}")
                began = time.monotonic()
                imports = Imports(books, proxy, importer, bank)
                problems = imports.run(count)
                outcome = chaos_check.compare(books, bank_url)
                problems += [*outcome.problems, *_jobs_and_words(books)]
                report(imports, outcome, time.monotonic() - began)
        finally:
            books.close()
            proxy.close()
    return problems + [f"log: {e[:800]}" for e in odoo_log.bad_entries(importer.log)]


def _jobs_and_words(books):
    for name, active, failures in books.rows(JOBS):
        if not active or failures:
            yield f"the job {name}: active {active}, failures {failures}"
    for code in sorted({code for (code,) in books.rows(CODES)} - sentences()):
        yield f"no sentence for {code}"


def report(imports, outcome, seconds):
    """Say in figures what happened."""
    books, proxy = imports.books, imports.proxy
    say(f"  {imports.rounds} rounds in {seconds:.0f} s")
    say(f"  damaged: {proxy.made.total()}, true: {proxy.passed}")
    for how, number in proxy.made.most_common(40):
        say(f"  {number:>6}  {how}")
    say(f"  errors on accounts: {dict(imports.codes.most_common())}")
    states = books.rows(
        "SELECT state || COALESCE(' ' || error_code, ''), COUNT(*)"
        " FROM open_banking_fetch GROUP BY 1 ORDER BY 1"
    )
    say(f"  runs: {', '.join(f'{state} {count}' for state, count in states)}")
    say(f"  changes at the bank: {sum(imports.bank.made.values())}")
    say(f"  rows: {outcome.rows}, lines: {outcome.lines}, held: {dict(outcome.held)}")
