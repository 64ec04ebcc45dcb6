"""./dev/webhooks: events at a real Odoo, while it imports.

A rehearsal bank and a prefork Odoo, as in production. Twenty deliveries of one event
arrive in the same moment; events are answered while a large import runs, timed beside
an idle server; the bank delivers by itself; a consent is revoked in the middle of an
import. Ends with 0 when all of it is as it should be, the times aside.
"""

import argparse
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

import children
import cluster
import databases
import demo_story
import odoo_log
import odoo_run
import run_demo
from chaos_books import Books
from chaos_workers import until
from say import run_main, say

SECRET = "a secret of the webhook run"
AT_ONCE = 20


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="./dev/webhooks", description=intro, epilog=rest
    )
    parser.add_argument("--transactions", type=int, default=3000, metavar="N")
    parser.add_argument("--deliveries", type=int, default=200, metavar="N")
    parser.set_defaults(once=True, keep=False, fresh=True)
    return parser.parse_args(arguments)


class Scene:
    """A connected account, and the three parties: bank, Odoo, and its database."""

    def __init__(self, odoo, bank_url, books):
        self.odoo, self.bank_url, self.books = odoo, bank_url, books
        [self.account] = books.accounts()
        self.address = self._set_up()
        self.problems = []

    def _set_up(self):
        """Enter the secret as an administrator; the address to tell Mastercard."""
        model = "res.config.settings"
        secret = {"open_banking_webhook_secret": SECRET}
        settings = self.odoo.call(model, "create", secret)
        self.odoo.call(model, "execute", [settings])
        shown = "open_banking_webhook_url"
        [values] = self.odoo.call(model, "read", [settings], [shown])
        self.control("settings", {"webhook_secret": SECRET, "auto_webhooks": False})
        path = urlsplit(values[shown]).path
        return self.odoo.address + path

    def control(self, name, body=None, **query):
        """Use the bank's control desk."""
        return demo_story.control(self.bank_url, name, body, **query)

    def signed(self, event, data=None):
        """An event as the bank signs it; it is not delivered."""
        consent = self.control("consents")["consents"][0]["id"]
        body = {"event": event, "consent": consent, "data": data}
        return self.control("webhooks/send", body)

    def post(self, delivery):
        """Deliver an event; seconds and status."""
        began = time.monotonic()
        answer = requests.post(
            self.address,
            data=delivery["body"].encode(),
            headers=delivery["headers"],
            timeout=60,
        )
        return time.monotonic() - began, answer.status_code

    def check(self, holds, what):
        """Say a sentence, and remember it when it is not so."""
        say(f"{'  ' if holds else 'NOT: '}{what}")
        if not holds:
            self.problems.append(what)

    def events(self, condition="true"):
        return self.books.count("open_banking_event", condition)

    def quiet(self):
        """Whether nothing is left to do."""
        waiting = self.events("state = 'waiting'") + self.books.waiting()
        waiting += self.books.count("open_banking_call")
        return not waiting and not self.books.unfinished()

    def begin_import(self, rows):
        """Let the bank have many more transactions, and Odoo begin to read them."""
        account = self.account["iban"]
        self.control("transactions/generate", {"account": account, "count": rows})
        ids = [self.account["id"]]
        self.odoo.call(demo_story.ACCOUNT, "action_fetch_now", ids)
        return until(lambda: self.books.unfinished(), 60)


def all_at_once(scene):
    """Twenty deliveries of one event in the same moment."""
    say(f"{AT_ONCE} deliveries of one event at once")
    delivery, gate = scene.signed("SyncDone"), threading.Barrier(AT_ONCE)
    runs = scene.books.count("open_banking_fetch")

    def deliver(_number):
        gate.wait()
        return scene.post(delivery)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(deliver, range(AT_ONCE)))
    statuses = {status for _seconds, status in answers}
    longest = max(seconds for seconds, _status in answers)
    scene.check(
        statuses == {200}, f"answered {statuses}, the last after {longest:.2f} s"
    )
    until(scene.quiet, 60)
    scene.check(scene.events() == 1, f"events recorded: {scene.events()}")
    fetched = scene.books.count("open_banking_fetch") - runs
    scene.check(fetched == 1, f"runs in the bank log: {fetched}")


def timed(scene, deliveries):
    """Deliver one event after the other; the times in milliseconds."""
    times, statuses = [], set()
    for delivery in deliveries:
        seconds, status = scene.post(delivery)
        times.append(seconds * 1000)
        statuses.add(status)
    scene.check(statuses == {200}, f"answered {statuses}")
    return times


def show(what, times):
    """Print the spread of some times."""
    ordered = sorted(times)
    high = ordered[int(len(ordered) * 0.95)]
    say(
        f"  {what}: median {statistics.median(ordered):.1f} ms,"
        f" 95 % {high:.1f} ms, longest {ordered[-1]:.1f} ms ({len(ordered)} events)"
    )


def under_import(scene, options):
    """The answer's time, without and with an import at work."""
    say("Time of the answer")
    half = options.deliveries
    made = [scene.signed("SyncDone", {"part": part}) for part in range(half * 2)]
    idle = timed(scene, made[:half])
    until(scene.quiet, 120)
    scene.check(scene.begin_import(options.transactions), "a large import has begun")
    busy = timed(scene, made[half:])
    scene.check(scene.books.unfinished(), "it was at work all the time")
    show("idle", idle)
    show("while an import runs", busy)
    scene.check(until(scene.quiet, 600), "the import came to its end")


def by_the_bank(scene):
    """The bank delivers by itself, and the line is in the books soon after."""
    say("Delivered by the bank itself")
    scene.control("settings", {"webhook_url": scene.address, "auto_webhooks": True})
    lines = scene.books.count("account_bank_statement_line")
    row = {"amount": "-42.00", "text": "Bager"}
    began = time.monotonic()
    account = scene.account["iban"]
    scene.control("transactions/add", {"account": account, "transactions": [row]})
    there = until(
        lambda: scene.books.count("account_bank_statement_line") == lines + 1, 120
    )
    seconds = time.monotonic() - began
    scene.check(there, f"in the books {seconds:.0f} s after it was at the bank")
    log = scene.control("webhooks")["webhooks"]
    sent = [each for each in log if each["url"]]
    scene.check(
        sent and all(each["state"] == "delivered" for each in sent),
        f"{len(sent)} deliveries, each answered at once",
    )
    scene.check(until(scene.quiet, 60), "nothing is left to do")


def revoked_under_import(scene, options):
    """The customer withdraws his consent while a list is read."""
    say("Consent revoked while an import runs")
    scene.control("settings", {"auto_webhooks": False})
    scene.begin_import(options.transactions)
    delivery = scene.signed("ConsentRevoked")
    began = time.monotonic()
    scene.post(delivery)
    ended = "open_banking_consent", "state = 'withdrawn'"
    over = until(lambda: scene.books.count(*ended), 120)
    scene.check(over, f"ended after {time.monotonic() - began:.1f} s")
    tokens = "access_token_encrypted IS NOT NULL OR refresh_token_encrypted IS NOT NULL"
    kept = scene.books.count("open_banking_consent", tokens)
    scene.check(not kept, "no tokens are left")
    over = until(lambda: not scene.books.unfinished(), 120)
    scene.check(over, "what was read completely is booked, the rest has stopped")


def rehearse(server, name, options):
    """The whole run; returns the exit code."""
    run_demo.prepare_database(server, name, fresh=True)
    port = odoo_run.free_port()
    run_demo.set_parameter(server, name, "web.base.url", f"http://127.0.0.1:{port}")
    run_demo.set_parameter(server, name, "web.base.url.freeze", "True")
    with run_demo.Servers() as servers:
        bank_url = servers.bank()
        odoo_url = servers.odoo(name, port, "--workers=3")
        log = servers.started[-1][2]
        few = argparse.Namespace(transactions=50)
        if not run_demo.tell_story(odoo_url, bank_url, name, few):
            return 1
        books = Books(server, name)
        scene = Scene(demo_story.Odoo(odoo_url, name), bank_url, books)
        all_at_once(scene)
        under_import(scene, options)
        by_the_bank(scene)
        revoked_under_import(scene, options)
        books.close()
        bad = odoo_log.bad_entries(log)
    scene.check(not bad, "no warning in Odoo's log")
    say("\n".join(bad))
    say(f"Wrong: {'; '.join(scene.problems) or 'nothing'}")
    return 1 if scene.problems else 0


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    with cluster.running() as server, databases.Run(server) as run:
        return rehearse(server, run.database("webhooks"), options)


if __name__ == "__main__":
    run_main(main)
