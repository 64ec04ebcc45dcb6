"""Part three of ./dev/fuzz: damaged requests to the public pages and the webhook.

A real Odoo with a connected bank, with links that are open, used and withdrawn, and
with two browsers on their way to the bank. No request here may do anything: orders to
an open link without our own form, states with the cookie of another attempt, messages
without a signature. What a true request may show is asked for as well, to see that it
is shown for no other.
"""

import random
import re
import time
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import requests
from lxml import html

import demo_story
import fuzz_http
import odoo_log
import odoo_run
import run_chaos
import run_demo
from chaos_books import Books
from fuzz_http import Request
from say import say

SLOWEST = 20.0  # seconds for one answer, on a machine that does other things too
LARGEST_ANSWER = 100_000
CHECK_EVERY = 500
CONSENT = "/open_banking/consent"
TOLD = re.compile(
    r"Traceback \(most|File \"/|psycopg2|werkzeug\.|odoo\.exceptions|odoo/addons"
    r"|site-packages|SELECT .* FROM|Werkzeug Debugger"
)
# Odoo itself answers an address that is nobody's, and not every one of them well.
OURS = re.compile(
    r"/open_banking/(callback|outcome|(webhook|export/consent)/[^/]+"
    r"|consent/[^/]+(/not-me)?)/?(\?|$)"
)
# Tables that a request without proof may not touch.
TABLES = """
    SELECT relname FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
       AND (relname LIKE 'open\\_banking%%' OR relname IN
            ('account_bank_statement_line', 'account_journal', 'mail_mail',
             'mail_message', 'mail_activity', 'ir_cron_trigger', 'res_partner',
             'ir_attachment', 'res_company', 'ir_config_parameter', 'ir_logging'))
"""


class Scene:
    """Links, states and cookies in every state, and what must not be told."""

    def __init__(self, odoo, bank_url, books):
        self.odoo, self.bank_url, self.books = odoo, bank_url, books
        self.address = odoo.address
        self.webhook = self._webhook()
        self.used, self.link_cookie = self._used_link()
        self.open = self._link()
        self.withdrawn = self._link()
        self._withdraw()
        self.states = [self._at_the_bank() for _browser in range(2)]
        self.csrf, self.session = self._form()
        accounts = [(each["name"], each["iban"]) for each in books.accounts()]
        self.secrets = {text for pair in accounts for text in pair if text}
        self.names = {demo_story.COMPANY, "admin@example.com", *self.secrets}

    def _webhook(self):
        settings = self.odoo.call(
            "res.config.settings", "create", {"open_banking_webhook_secret": "a secret"}
        )
        self.odoo.call("res.config.settings", "execute", [settings])
        [shown] = self.odoo.call(
            "res.config.settings", "read", [settings], ["open_banking_webhook_url"]
        )
        return urlsplit(shown["open_banking_webhook_url"]).path

    def _link(self):
        """A new link to a customer, as its path."""
        [journal] = self.odoo.search_read(
            "account.journal", [("type", "=", "bank")], ["name"], limit=1
        )
        action = self.odoo.call(
            "account.journal", "action_open_banking_send_link", [journal["id"]]
        )
        shown = self.odoo.call(
            "open.banking.link", "action_copy_link", [action["res_id"]]
        )
        return urlsplit(shown["context"]["open_banking_link"]).path

    def _withdraw(self):
        [last] = self.odoo.search_read(
            "open.banking.authorisation", [("state", "=", "sent")], ["id"], limit=1
        )
        self.odoo.call("open.banking.authorisation", "action_withdraw", [last["id"]])

    def _press(self, link):
        """Open a link in a new browser and go on to the bank: browser and address."""
        browser = requests.Session()
        page = browser.get(self.address + link, timeout=60)
        token = html.fromstring(page.text).xpath("//input[@name='csrf_token']/@value")
        answer = browser.post(
            page.url, {"csrf_token": token[0]}, allow_redirects=False, timeout=60
        )
        return browser, answer.headers["Location"]

    def _used_link(self):
        from rehearsal_bank.customer import Customer

        link = self._link()
        browser, address = self._press(link)
        bank = demo_story.demo_bank(self.bank_url)
        back = Customer(**demo_story.CUSTOMER).walk(address, bank=bank)
        browser.get(back, timeout=60)
        return link, browser.cookies.get("open_banking_link", path=link)

    def _at_the_bank(self):
        """The state and the cookie of a browser that went to the bank."""
        browser, address = self._press(self._link())
        state = parse_qs(urlsplit(address).query)["state"][0]
        return state, browser.cookies.get("open_banking_attempt")

    def _form(self):
        """The token of our own form, and the session that it belongs to."""
        browser = requests.Session()
        page = browser.get(self.address + self.open, timeout=60)
        token = html.fromstring(page.text).xpath("//input[@name='csrf_token']/@value")
        return token[0], browser.cookies["session_id"]

    def sums(self):
        """A checksum of each table that must stay as it is."""
        tables = sorted(name for (name,) in self.books.rows(TABLES))
        return {name: self._sum(name) for name in tables}

    def _sum(self, table):
        [(found,)] = self.books.rows(
            f"SELECT md5(COALESCE(string_agg(row, '|' ORDER BY row), '')) FROM"
            f' (SELECT t::text AS row FROM "{table}" t) rows'
        )
        return found


class Requests:
    """Requests by the dice, and what is wrong with their answers."""

    def __init__(self, scene, seed):
        self.scene = scene
        self.dice = random.Random(f"requests {seed}")
        self.statuses, self.kinds = Counter(), Counter()
        self.slowest, self.largest = (0.0, ""), 0
        self.problems = []

    def run(self, count):
        """Send so many requests; looks into the database now and then."""
        before = self.scene.sums()
        for number in range(1, count + 1):
            self._one(number)
            if number % CHECK_EVERY == 0 or number == count:
                now = self.scene.sums()
                changed = sorted(name for name in now if now[name] != before[name])
                if changed:
                    self._wrong(f"up to request {number}: changed {changed}")
                before = now
        self._true_ones()

    def _one(self, number):
        make = self.dice.choice(MAKERS)
        request = make(self)
        self.kinds[make.__name__.strip("_")] += 1
        request.name = f"request {number}, {make.__name__.strip('_')}:"
        # What a request proves must stay apart from what it wants.
        if make is not Requests._mixed:
            fuzz_http.damage(self.dice, request)
        self._judge(request, fuzz_http.carry_out(self.scene.address, request))

    def _judge(self, request, answer):
        self.statuses[answer.status] += 1
        self.largest = max(self.largest, answer.size)
        if answer.seconds > self.slowest[0]:
            self.slowest = (answer.seconds, request.name)
        for problem in self._problems(request, answer):
            shown = f"{request.method} {request.target[:120]!r}"
            self._wrong(f"{request.name} {shown}: {problem}")

    def _problems(self, request, answer):
        if answer.status >= 500 and OURS.match(request.target):
            yield f"status {answer.status} {answer.body[:200]!r}"
        found = TOLD.search(answer.body) if OURS.match(request.target) else None
        if found:
            yield f"tells of its inside: {found.group()!r}"
        for place in answer.every("location"):
            own = place.startswith("/") and not place.startswith(("//", "/\\"))
            if not own and not place.startswith(self.scene.address + "/"):
                yield f"redirects to {place[:200]!r}"
        # Odoo's way to the log-in page repeats the address.
        if answer.size > LARGEST_ANSWER + 4 * len(request.target):
            yield f"an answer of {answer.size} bytes"
        if answer.seconds > SLOWEST:
            yield f"took {answer.seconds:.1f} s"
        if "evil.example" in answer.body and "/open_banking/" in request.target:
            if answer.status == 200:
                yield "shows a foreign host"
        # Odoo's own pages, of addresses that are none of ours, name the company.
        ours = answer.every("x-robots-tag") and self.scene.open not in request.target
        for name in self.scene.names if ours else self.scene.secrets:
            if name.replace(" ", "") in answer.body.replace(" ", ""):
                yield f"shows {name!r}"

    def _wrong(self, text):
        self.problems.append(text)
        say(f"WRONG {text[:600]}")

    # === WHAT IS ASKED FOR === #

    def _token(self):
        scene = self.scene
        made_up = "".join(self.dice.choices("abcXYZ019-_", k=43))
        close = scene.open[:-1] + ("A" if scene.open[-1] != "A" else "B")
        links = (scene.withdrawn, scene.used, close, f"{CONSENT}/{made_up}")
        return self.dice.choice(links)

    def _show(self):
        return Request("GET", self.dice.choice((self.scene.open, self._token())))

    def _order(self):
        """Press a button of an open link, but not from our own page."""
        target = self.scene.open + self.dice.choice(("", "/not-me"))
        kind = [("Content-Type", "application/x-www-form-urlencoded")]
        forged = self.dice.choice((b"", b"csrf_token=x", b"lang=da_DK", fuzz_http.FORM))
        return Request("POST", target, kind, forged)

    def _dead_order(self):
        """Press a button of a link that is no good, from our own page."""
        headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Cookie", f"session_id={self.scene.session}"),
        ]
        target = self._token() + self.dice.choice(("", "/not-me"))
        return Request(
            "POST", target, headers, f"csrf_token={self.scene.csrf}".encode()
        )

    def _come_back(self):
        state = self.dice.choice(("", "&state=made-up", "&state=" + "x" * 2000))
        code = self.dice.choice(("", "code=made-up", "code=" + "c" * 5000))
        return Request("GET", f"/open_banking/callback?{code}{state}&consentId=c-1")

    def _mixed(self):
        """The state of one browser with the cookie of another."""
        one, other = self.dice.sample(self.scene.states, 2)
        headers = [("Cookie", f"open_banking_attempt={other[1]}")]
        code = self.dice.choice(("", "&code=stolen", "&code=a&code=b", "&error=denied"))
        more = self.dice.choice(("", "&consentId=of-another", "&state=x", "&lang=da"))
        target = f"/open_banking/callback?state={one[0]}{code}{more}"
        return Request("GET", target, headers)

    def _outcome(self):
        method = self.dice.choice(("GET", "POST"))
        cookie = self.dice.choice(("", "AQ", "eyJhIjoxfQ", self.scene.link_cookie))
        headers = [("Cookie", f"open_banking_attempt={cookie}")]
        body = None if method == "GET" else fuzz_http.FORM
        return Request(method, "/open_banking/outcome", headers, body)

    def _foreign_cookie(self):
        """The cookie of a used link at another link."""
        headers = [("Cookie", f"open_banking_link={self.scene.link_cookie}")]
        return Request("GET", self.scene.withdrawn, headers)

    def _message(self):
        headers = [
            ("Content-Type", "application/json"),
            ("X-Viia-Signature", f"{self.dice.getrandbits(256):064x}"),
        ]
        key = self.scene.webhook.rsplit("/", 1)
        path = self.dice.choice((self.scene.webhook, f"{key[0]}/1-abc", f"{key[0]}/x"))
        return Request("POST", path, headers, b'{"event":{"event":"ConsentRevoked"}}')

    def _export(self):
        ids = self.dice.choice(("1", "1,2", "0", "-1", "9" * 400, "1;2", "\u0661"))
        return Request("GET", f"/open_banking/export/consent/{ids}")

    # === WHAT MUST WORK ALL THE SAME === #

    def _true_ones(self):
        """The true requests still show what they should: the scene was a real one."""
        scene = self.scene
        for target, cookie, names in (
            (scene.open, None, {demo_story.COMPANY}),
            (scene.used, ("open_banking_link", scene.link_cookie), scene.secrets),
        ):
            headers = [("Cookie", "=".join(cookie))] if cookie else []
            answer = fuzz_http.carry_out(
                scene.address, Request("GET", target, headers, name="true")
            )
            shown = answer.body.replace(" ", "")
            if answer.status != 200 or any(
                name.replace(" ", "") not in shown for name in names
            ):
                self._wrong(f"a true request: {answer.status} {answer.body[:300]!r}")


MAKERS = (
    Requests._show,
    Requests._show,
    Requests._order,
    Requests._dead_order,
    Requests._come_back,
    Requests._come_back,
    Requests._mixed,
    Requests._outcome,
    Requests._foreign_cookie,
    Requests._message,
    Requests._message,
    Requests._export,
)


def run(server, name, count, seed):
    """Send so many damaged requests; what is wrong, as sentences."""
    with run_demo.Servers() as servers:
        bank_url = run_chaos.prepare(server, name, servers, run_chaos.connect_small)
        port = odoo_run.free_port()
        base = f"http://127.0.0.1:{port}"
        run_demo.set_parameter(server, name, "web.base.url", base)
        run_demo.set_parameter(server, name, "web.base.url.freeze", "True")
        back = {"redirect_uris": [base + demo_story.CALLBACK]}
        demo_story.control(bank_url, "settings", back)
        # No jobs run, so that nothing else changes.
        odoo_url = servers.odoo(name, port, "--max-cron-threads=0")
        log = servers.started[-1][2]
        books = Books(server, name)
        try:
            scene = Scene(demo_story.Odoo(odoo_url, name), bank_url, books)
            asked = Requests(scene, seed)
            say(f"Damaged requests at a real Odoo: {count}")
            began = time.monotonic()
            asked.run(count)
            report(asked, time.monotonic() - began)
        finally:
            books.close()
        errors = [e for e in odoo_log.entries(log) if is_error(e)]
        say(f"  errors in Odoo's log: {len(errors) or 'none'}")
        longest = max(map(len, odoo_log.entries(log)), default=0)
        say(f"  longest entry of the log: {longest} characters")
    return asked.problems + [f"log: {entry[:800]}" for entry in errors]


def is_error(entry):
    """Whether a log entry tells of an error in what is ours."""
    level = odoo_log.LINE.match(entry)["level"]
    bad = level in ("ERROR", "CRITICAL") or "Traceback" in entry
    return bad and ("/controllers/" in entry or "open_banking/models" in entry)


def report(asked, seconds):
    """Say in figures what happened."""
    say(f"  answered in {seconds:.0f} s")
    kinds = ", ".join(f"{name} {n}" for name, n in sorted(asked.kinds.items()))
    say(f"  kinds: {kinds}")
    for status, number in sorted(asked.statuses.items()):
        say(f"  {number:>6}  {status or 'closed without an answer'}")
    took, what = asked.slowest
    say(f"  slowest: {took:.2f} s ({what})")
    say(f"  largest answer: {asked.largest} bytes")
    say(f"  wrong: {len(asked.problems) or 'nothing'}")
