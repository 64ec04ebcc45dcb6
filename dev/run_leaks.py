"""./dev/leaks: are secrets anywhere where they must not be?

The story of the demo is told at a real Odoo and a rehearsal bank; then tokens are
refreshed, the consent is renewed, a message from the bank arrives, and errors are
provoked. The bank says which secrets and tokens it ever gave out, and all of them are
looked for in a dump of the database, in the filestore, in every log, and in all that
Odoo ever answered. Ends with 0 when none is found.
"""

import argparse
import sys
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import requests

import children
import cluster
import databases
import demo_story
import odoo_run
import run_demo
from leaks_search import Search
from say import run_main, say

WEBHOOK_SECRET = "a secret of the leaks run, for webhooks"
PAGES = ("/web/login", "/odoo", "/odoo/accounting", "/odoo/settings", "/no/such/page")
MODELS = (
    "account.journal",
    "ir.attachment",
    "ir.config_parameter",
    "ir.logging",
    "mail.mail",
    "mail.message",
    "mail.tracking.value",
    "open.banking.account",
    "open.banking.authorisation",
    "open.banking.consent",
    "open.banking.event",
    "open.banking.fetch",
    "open.banking.transaction",
    "res.company",
    "res.config.settings",
)


def parse(arguments):
    """Read the command line."""
    intro, _, rest = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(prog="./dev/leaks", description=intro, epilog=rest)
    parser.add_argument("--transactions", type=int, default=200, metavar="N")
    parser.set_defaults(once=True, keep=False, fresh=True)
    return parser.parse_args(arguments)


@contextmanager
def recorded(odoo_url):
    """Keep every answer of Odoo: its address, headers and body."""
    answers, send = [], requests.Session.send

    def record(session, request, **options):
        answer = send(session, request, **options)
        if request.url.startswith(odoo_url):
            head = "\n".join(f"{name}: {text}" for name, text in answer.headers.items())
            answers.append((request.url, head.encode(), answer.content))
        return answer

    requests.Session.send = record
    try:
        yield answers
    finally:
        requests.Session.send = send


def until(holds, seconds=90):
    """Wait until something holds; whether it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.5)
    return False


class Rest:
    """What happens after the story of the demo."""

    def __init__(self, odoo, bank_url, make_older):
        self.odoo, self.bank_url, self.make_older = odoo, bank_url, make_older
        self.problems = []

    def control(self, name, body=None, **query):
        return demo_story.control(self.bank_url, name, body, **query)

    def must(self, holds, what):
        say(f"{'  ' if holds else 'NOT: '}{what}")
        if not holds:
            self.problems.append(what)

    def issued(self, kind):
        return len(self.control("issued")["issued"][kind])

    def run_job(self, name):
        """Press Run Manually on one of our scheduled jobs."""
        xml_id = "account_mastercard_open_banking", f"ir_cron_{name}"
        number = self.odoo.call("ir.model.data", "check_object_reference", *xml_id)[1]
        self.odoo.call("ir.cron", "method_direct_trigger", [number])

    def refresh(self):
        """Let the access tokens run out, and the accounts be read."""
        before = self.issued("refresh_token")
        self.make_older()
        self._read()
        there = until(lambda: self.issued("refresh_token") > before)
        self.must(there, "tokens were refreshed")

    def _read(self):
        accounts = demo_story.accounts_of(self.odoo)
        ids = [each["id"] for each in accounts]
        self.odoo.call(demo_story.ACCOUNT, "action_fetch_now", ids)

    def message(self):
        """Enter the webhook secret; the bank then delivers a message."""
        model, secret = "res.config.settings", "open_banking_webhook_secret"
        settings = self.odoo.call(model, "create", {secret: WEBHOOK_SECRET})
        self.odoo.call(model, "execute", [settings])
        shown = "open_banking_webhook_url"
        [values] = self.odoo.call(model, "read", [settings], [shown])
        address = self.odoo.address + urlsplit(values[shown]).path
        self.control(
            "settings", {"webhook_url": address, "webhook_secret": WEBHOOK_SECRET}
        )
        consent = self.control("consents")["consents"][0]["id"]
        self.control("webhooks/send", {"event": "SyncDone", "consent": consent})
        self.must(until(self._count_messages), "a message from the bank was taken in")

    def _count_messages(self):
        return self.odoo.call("open.banking.event", "search_count", [])

    def renew(self):
        """Let the consent end, and give it again as a customer does."""
        before = self.issued("code")
        self.control("consents/expire", {"mode": "tokens"})
        with suppress(RuntimeError):  # a message of the bank may have been faster
            self._read()
        until(lambda: any(self._states("expired")))
        demo_story.connect(self.odoo, self.bank_url)
        self.must(self.issued("code") > before, "the consent was renewed")
        self._read()
        demo_story.watch_import(self.odoo, started="renewed")

    def _states(self, state):
        domain = [("state", "=", state)]
        return self.odoo.search_read("open.banking.consent", domain, ["id"])

    def wrong(self):
        """Things that do not work: their pages and log entries are looked at too."""
        base, code = self.odoo.address, self.control("issued")["issued"]["code"][-1]
        public = requests.Session()
        query = {"code": code, "consentId": "x", "state": "not a state"}
        public.get(base + demo_story.CALLBACK, params=query, timeout=60)
        public.get(f"{base}/open_banking/consent/no-such-link", timeout=60)
        public.post(f"{base}/open_banking/webhook/1-x", data=b"{}", timeout=60)
        for endpoint in ("token", "accounts", "transactions_query"):
            self.control("faults", {"endpoint": endpoint, "status": 500})
        self.make_older()
        self._read()
        time.sleep(5)
        for name in ("keep_alive", "events", "remind", "expire_links", "fetch"):
            self.run_job(name)
        demo_story.control(self.bank_url, "faults", method="DELETE")

    def look_at_everything(self):
        """Read every page and every field that there is for an administrator."""
        for session in (self.odoo.session, requests.Session()):
            for page in PAGES:
                session.get(self.odoo.address + page, timeout=60)
        for model in MODELS:
            try:
                names = list(self.odoo.call(model, "fields_get", attributes=["type"]))
                if model == "res.config.settings":
                    made = self.odoo.call(model, "create", {})
                    self.odoo.call(model, "read", [made], names)
                else:
                    self.odoo.search_read(model, [], names, limit=500)
            except RuntimeError as error:
                say(f"  {model}: {str(error).splitlines()[0]}")


def must_be_there(url):
    """Kinds of secrets that an answer has to hold.

    The browser is sent to the bank with the state: so it is in the address to which
    the answer to pressing Continue leads, which stands in its headers and its body.
    Nowhere else, and nothing else anywhere.
    """
    path = urlsplit(url).path
    return ("state",) if path.startswith("/open_banking/consent/") else ()


def search_all(search, server, name, logs, answers):
    """Look at the database, the files, the logs and the answers."""
    dump = server.run("pg_dump", "--inserts", name)
    search.look("dump of the database", dump.encode(errors="replace"))
    for path in sorted(databases.filestore(name).rglob("*")):
        if path.is_file():
            search.look(f"filestore {path.name}", path.read_bytes())
    for log in logs:
        search.look(f"log {log.name}", log.read_bytes())
    for url, head, body in answers:
        where = f"answer of {urlsplit(url).path[:24]}"
        search.look(f"{where}, headers", head, must_be_there(url))
        search.look(f"{where}, body", body, must_be_there(url))


def rehearse(server, name, options):
    """The whole run; returns the exit code."""
    run_demo.prepare_database(server, name, fresh=True)
    port = odoo_run.free_port()
    odoo_url = f"http://127.0.0.1:{port}"
    run_demo.set_parameter(server, name, "web.base.url", odoo_url)
    run_demo.set_parameter(server, name, "web.base.url.freeze", "True")
    with run_demo.Servers() as servers, recorded(odoo_url) as answers:
        bank_url = servers.bank()
        # At the level debug Odoo itself writes down what is typed: only our part is.
        ours = "--log-handler=odoo.addons.account_mastercard_open_banking:DEBUG"
        servers.odoo(name, port, ours)
        logs = [log for what, _child, log in servers.started if what == "Odoo"]
        if not run_demo.tell_story(odoo_url, bank_url, name, options):
            return 1
        say("And then")
        older = "UPDATE open_banking_consent SET access_token_until = create_date"
        odoo = demo_story.Odoo(odoo_url, name)
        rest = Rest(odoo, bank_url, lambda: server.sql(older, name))
        rest.refresh()
        rest.message()
        rest.renew()
        rest.wrong()
        rest.look_at_everything()
        issued = rest.control("issued")["issued"]
        search = Search(issued)
        search_all(search, server, name, logs, answers)
    return tell(search, issued, answers, rest.problems)


def tell(search, issued, answers, problems):
    """Say what was looked for, where, and what was found; the exit code."""
    kinds = ", ".join(f"{len(values)} {kind}" for kind, values in issued.items())
    say(f"Secrets given out: {len(search.secrets)} ({kinds})")
    say(f"Looked at: {search.bytes:,} bytes, {len(answers)} answers of Odoo among them")
    say("\n".join(search.found[:40]))
    say(f"Found: {len(search.found)}")
    say(f"Wrong: {'; '.join(problems) or 'nothing'}")
    return 1 if search.found or problems else 0


def main():
    options = parse(sys.argv[1:])
    children.sigterm_as_interrupt()
    with cluster.running() as server, databases.Run(server) as run:
        return rehearse(server, run.database("leaks"), options)


if __name__ == "__main__":
    run_main(main)
