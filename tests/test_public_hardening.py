from urllib.parse import urlencode, urlsplit

from odoo.tests import tagged

from ..const import CALLBACK_PATH, CONSENT_PAGE_PATH, OUTCOME_PATH
from ..controllers.public import COOKIE, HEADERS
from .test_links import LinkCase

EVIL = "evil.example"


@tagged("post_install", "-at_install")
class TestPublicHardening(LinkCase):
    """What a stranger, a mail scanner and a hostile page try."""

    # === GUESSING === #

    def test_a_link_cannot_be_guessed(self):
        tokens = {self.send().rsplit("/", 1)[1] for _link in range(5)}
        self.assertEqual(len(tokens), 5)
        for token in tokens:
            # 32 bytes by the operating system's dice.
            self.assertRegex(token, r"^[A-Za-z0-9_-]{43}$")
        prefixes = {token[:4] for token in tokens}
        self.assertEqual(len(prefixes), 5)

    def test_links_and_states_are_kept_as_hashes_only(self):
        link = self.send()
        answer = self.press(self.url_open(link), "open_banking_continue")
        state = self.query_of(answer.headers["Location"])["state"]
        self.env.flush_all()
        for secret in (link.rsplit("/", 1)[1], state):
            for table in self.our_tables():
                self.env.cr.execute(f'SELECT * FROM "{table}"')  # pylint: disable=E8103
                self.assertNotIn(secret, str(self.env.cr.fetchall()), table)

    def test_the_same_work_for_every_dead_link(self):
        """A clock, or the count of queries, tells no dead link from another."""
        dead = {"unknown": f"{self.base}{CONSENT_PAGE_PATH}/{'x' * 43}"}
        for state in ("withdrawn", "expired", "done"):
            dead[state] = self.send()
            self.last_attempt().state = state
        self.env.flush_all()
        for _visit in range(2):  # at the first one caches and a session are made
            counts = {
                name: self.queries(self.url_open, at) for name, at in dead.items()
            }
        self.assertEqual(len(set(counts.values())), 1, counts)
        self.assertLess(counts["unknown"], 15)

    # === LINK SCANNERS === #

    def test_scanners_change_nothing(self):
        link = self.send()
        before = self.everything()
        prefetch = {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"}
        for method in ("GET", "HEAD", "GET", "OPTIONS"):
            answer = self.opener.request(method, link, headers=prefetch)
            expected = 405 if method == "OPTIONS" else 200
            self.assertEqual(answer.status_code, expected, method)
        self.opener.request("OPTIONS", link + "/not-me")
        self.assertEqual(self.everything(), before)
        self.assertFalse(self.bank.wire_calls("connect"))

    def test_options_does_not_act_as_post(self):
        """Odoo asks OPTIONS for no form token and hands it to the POST controller."""
        link = self.send()
        self.press(self.url_open(link), "open_banking_continue")
        other = self.send()
        before = self.everything()
        webhook = self.company._open_banking_webhook_path()
        for path in (
            *(link, other, link + "/not-me", other + "/not-me"),
            *(CALLBACK_PATH, f"{CALLBACK_PATH}?error=denied", OUTCOME_PATH, webhook),
        ):
            for method in ("OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"):
                with self.subTest(f"{method} {path}"):
                    answer = self.opener.request(method, self.absolute(path))
                    self.assertEqual(answer.status_code, 405)
                    self.assertNotIn("Location", answer.headers)
        self.assertEqual(self.everything(), before)

    def test_head_does_not_come_back_from_the_bank(self):
        back = self.customer.walk(self.go(self.send()), bank=self.bank_id)
        before = self.everything()
        self.assertEqual(self.opener.head(back).status_code, 405)
        self.assertEqual(self.everything(), before)
        self.assertFalse(self.bank.wire_calls("/v1/oauth/token"))

    # === SOMEBODY ELSE'S CONSENT === #

    def test_a_stranger_cannot_bring_his_bank_into_our_books(self):
        """Login CSRF: the victim's browser is led to the way back of another."""
        theirs = self.customer.walk(self.go(self.send()), bank=self.bank_id)
        mine = self.go(self.send())
        brought = self.query_of(theirs)
        state = self.query_of(mine)["state"]
        attempts = self.env["open.banking.authorisation"].search([], limit=2)
        # Another state than the cookie's, and the right one with another's code.
        answer = self.url_open(theirs)
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(set(attempts.mapped("state")), {"at_bank"})
        self.forget(COOKIE)
        self.assertEqual(self.come_back(code=brought["code"]).status_code, 400)
        self.assertFalse(self.count("open.banking.consent"))
        self.come_back(code="made up", consentId=brought["consentId"], state=state)
        self.assertFalse(self.count("open.banking.consent"))

    def test_the_consent_is_the_one_of_the_tokens(self):
        """A foreign consentId beside an own code names nothing."""
        back = self.customer.walk(self.go(self.send()), bank=self.bank_id)
        brought = self.query_of(back)
        self.come_back(**{**brought, "consentId": "of-somebody-else"})
        consents = self.env["open.banking.consent"].search([])
        self.assertNotIn("of-somebody-else", consents.mapped("external_id"))

    def test_two_tabs(self):
        """The newer tab goes on; the older one is refused and spoils nothing."""
        link = self.send()
        first = self.go(link)
        second = self.go(link)
        old = self.customer.walk(first, bank=self.bank_id)
        self.assertEqual(self.url_open(old).status_code, 400)
        self.assertEqual(self.last_attempt().state, "at_bank")
        self.url_open(self.customer.walk(second, bank=self.bank_id))
        self.assertEqual(self.last_attempt().state, "done")

    # === WHERE WE LEAD TO === #

    def test_no_answer_leads_elsewhere(self):
        link = self.send()
        queries = ("redirect", "next", "url", "return_to", "redirect_uri", "back")
        query = urlencode({name: f"https://{EVIL}/" for name in queries})
        back = self.customer.walk(self.go(link), bank=self.bank_id)
        for address in (
            f"{link}?{query}",
            f"{back}&{query}",
            f"{OUTCOME_PATH}?{query}",
            f"{CALLBACK_PATH}?{query}",
        ):
            for headers in ({}, self.foreign_host()):
                answer = self.opener.get(
                    self.absolute(address), headers=headers, allow_redirects=False
                )
                self.assertNotIn(EVIL, answer.headers.get("Location", ""))
                self.assertNotIn(EVIL, answer.text)
                place = urlsplit(answer.headers.get("Location", ""))
                self.assertIn(place.netloc, ("", urlsplit(self.base).netloc))

    def test_the_bank_is_reached_at_the_configured_host_only(self):
        page = self.url_open(self.send() + f"?redirect_uri=https://{EVIL}/")
        self.opener.headers.update(self.foreign_host())
        place = self.press(page, "open_banking_continue").headers["Location"]
        self.assertTrue(place.startswith(self.bank.url + "/"), place)
        redirect = self.query_of(place)["redirect_uri"]
        self.assertEqual(redirect, self.base + CALLBACK_PATH)

    def test_links_in_mails_do_not_follow_the_host_of_a_request(self):
        first = self.send()
        attempt = self.last_attempt()
        self.opener.headers.update(self.foreign_host())
        self.authenticate("bookkeeper", "bookkeeper")
        self.make_jsonrpc_request(
            "/web/dataset/call_kw/open.banking.authorisation/action_resend",
            {
                "model": "open.banking.authorisation",
                "method": "action_resend",
                "args": [attempt.ids],
                "kwargs": {},
            },
            headers=self.foreign_host(),
        )
        second = self.link_in(self.mails()[0])
        self.assertNotEqual(first, second)
        self.assertTrue(second.startswith(self.base + "/"), second)
        self.assertNotIn(EVIL, self.mails()[0].body_html)

    # === WHAT A STRANGER MAY COST === #

    def test_a_refused_request_leaves_no_row(self):
        self.send()
        webhook = self.company._open_banking_webhook_path()
        before = self.everything()
        dead = f"{self.base}{CONSENT_PAGE_PATH}/{'x' * 43}"
        for _time in range(3):
            self.url_open(dead)
            self.url_open(f"{CALLBACK_PATH}?code=x&state=y&consentId=z")
            self.url_open(OUTCOME_PATH)
            self.url_open(webhook, data=b"{}", headers=self.unsigned())
        self.assertEqual(self.everything(), before)

    def test_a_refused_request_costs_little_and_always_the_same(self):
        webhook = self.company._open_banking_webhook_path()
        requests = {
            "webhook": lambda size: self.url_open(
                webhook, data=b"x" * size, headers=self.unsigned()
            ),
            "link": lambda size: self.url_open(f"{CONSENT_PAGE_PATH}/{'x' * size}"),
            "state": lambda size: self.url_open(
                f"{CALLBACK_PATH}?code=x&state={'y' * size}"
            ),
        }
        for name, ask in requests.items():
            with self.subTest(name):
                ask(10)  # caches are warm
                counts = [self.queries(ask, size) for size in (10, 3000)]
                self.assertEqual(counts[0], counts[1])
                self.assertLess(counts[0], 15)

    def test_nothing_long_and_nothing_foreign_gets_into_the_log(self):
        webhook = self.company._open_banking_webhook_path()
        headers = {**self.unsigned(), "X-Aiia-Event": "forged " * 300}
        with self.assertLogs("odoo.addons.account_mastercard_open_banking") as log:
            self.url_open(webhook, data=b"forged\n" * 5000, headers=headers)
        for line in log.output:
            self.assertLess(len(line), 300)
            self.assertNotIn("forged", line)
            self.assertNotIn("\n", line)

    def test_odd_bodies_and_types_are_no_server_errors(self):
        link = self.send()
        before = self.everything()
        multipart = "multipart/form-data; boundary=b"
        rpc = b'{"jsonrpc": "2.0", "method": "call", "params": {"token": "x"}}'
        with self.assertLogs("odoo.http", "WARNING"):  # no form of ours
            for path in (link, link + "/not-me", OUTCOME_PATH):
                for kind, body in (
                    (multipart, b"--b\r\nContent-Disp"),
                    ("multipart/form-data", b"--b--"),
                    ("application/x-www-form-urlencoded", b"csrf_token=%ff%00&a=%"),
                    ("application/json", rpc),
                    ("text/xml", b"<a>&b;</a>"),
                    ("", b"\xff\xfe\x00"),
                ):
                    answer = self.url_open(
                        path, data=body, headers={"Content-Type": kind}
                    )
                    self.assertIn(answer.status_code, (400, 415), (path, kind))
                    self.assertNotIn("Traceback", answer.text)
        self.assertEqual(self.everything(), before)

    def test_a_parameter_named_as_the_controller_itself(self):
        """It ended in a server error."""
        webhook = self.company._open_banking_webhook_path()
        for path in (self.send(), CALLBACK_PATH, OUTCOME_PATH):
            mark = "&" if "?" in path else "?"
            answer = self.url_open(f"{path}{mark}self=1&env=1&request=1")
            self.assertLess(answer.status_code, 500, path)
        answer = self.url_open(webhook + "?self=1", data=b"{}", headers=self.unsigned())
        self.assertEqual(answer.status_code, 401)

    # === HEADERS === #

    def test_the_guards_stand_on_every_answer_of_ours(self):
        link = self.send()
        webhook = self.company._open_banking_webhook_path()
        answers = {
            "start": self.url_open(link),
            "dead": self.url_open(f"{CONSENT_PAGE_PATH}/{'x' * 43}"),
            "back": self.url_open(f"{CALLBACK_PATH}?code=x"),
            "outcome": self.url_open(OUTCOME_PATH),
            "webhook": self.url_open(webhook, data=b"{}", headers=self.unsigned()),
            "on the way": self.press(self.url_open(link), "open_banking_continue"),
            "under way": self.url_open(OUTCOME_PATH),
            "not me": self.press(self.url_open(link), "open_banking_not_me"),
        }
        for name, answer in answers.items():
            for header, value in HEADERS.items():
                with self.subTest(name, header=header):
                    self.assertEqual(answer.headers.get(header), value)
        policy = HEADERS["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)

    # === TOOLS === #

    def go(self, link):
        """Open the link and press Continue; returns Mastercard's address."""
        answer = self.press(self.url_open(link), "open_banking_continue")
        self.assertEqual(answer.status_code, 303, answer.text)
        return answer.headers["Location"]

    def come_back(self, **query):
        return self.url_open(f"{CALLBACK_PATH}?{urlencode(query)}")

    def forget(self, name):
        for cookie in list(self.opener.cookies):
            if cookie.name == name:
                self.opener.cookies.clear(cookie.domain, cookie.path, cookie.name)

    def absolute(self, path):
        return path if path.startswith("http") else self.base + path

    def foreign_host(self):
        return {
            "X-Forwarded-Host": EVIL,
            "Forwarded": f"host={EVIL}",
            "X-Forwarded-Proto": "https",
            "Origin": f"https://{EVIL}",
            "Referer": f"https://{EVIL}/",
        }

    def unsigned(self):
        return {"Content-Type": "application/json", "X-Viia-Signature": "0" * 64}

    def our_tables(self):
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE %s",
            ["open\\_banking%"],
        )
        return [name for (name,) in self.env.cr.fetchall()]

    def everything(self):
        """Everything of ours in the database, and what mails and jobs there are."""
        self.env.flush_all()
        found = {}
        others = ("mail_mail", "mail_message", "mail_activity", "ir_cron_trigger")
        for table in (*self.our_tables(), *others):
            # The names of tables come from the catalogue.
            self.env.cr.execute(f'SELECT * FROM "{table}"')  # pylint: disable=E8103
            found[table] = sorted(map(str, self.env.cr.fetchall()))
        return found

    def queries(self, ask, *args):
        """Count the queries of a request, which runs in this test's transaction."""
        before = self.env.cr.sql_log_count
        ask(*args)
        return self.env.cr.sql_log_count - before
