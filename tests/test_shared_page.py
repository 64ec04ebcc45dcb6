from datetime import timedelta

from freezegun import freeze_time
from lxml import html
from odoo import fields
from odoo.tests import tagged

from ..const import OUTCOME_PATH
from ..controllers.public import COOKIE, LINK_COOKIE
from .test_links import LinkCase


@tagged("post_install", "-at_install")
class TestSharedPage(LinkCase):
    """What the customer sees after the bank, and later."""

    def go(self, link):
        """Open the link and press Continue; returns Mastercard's address."""
        answer = self.press(self.url_open(link), "open_banking_continue")
        self.assertEqual(answer.status_code, 303, answer.text)
        return answer.headers["Location"]

    def give(self, link, **options):
        """Give the consent through a link; returns our page after the bank."""
        back = self.customer.walk(self.go(link), bank=self.bank_id, **options)
        return self.url_open(back)

    def forget_cookies(self):
        """The browser of somebody else; it has a session of its own."""
        self.authenticate(None, None)
        for cookie in list(self.opener.cookies):
            if cookie.name in (COOKIE, LINK_COOKIE):
                self.opener.cookies.clear(cookie.domain, cookie.path, cookie.name)

    def link_cookie(self):
        return next(each for each in self.opener.cookies if each.name == LINK_COOKIE)

    def bring(self, cookie, value, link):
        """Send a link's cookie from a browser that never was at the bank."""
        path = link.removeprefix(self.base)
        self.forget_cookies()
        self.opener.cookies.set(LINK_COOKIE, value, domain=cookie.domain, path=path)
        return self.url_open(link)

    def unknown(self):
        return self.url_open(f"{self.base}/open_banking/consent/{'x' * 43}")

    def assert_unknown(self, page):
        """The answer does not tell a used link from one that never was."""
        unknown = self.unknown()
        self.assertEqual(page.status_code, 404)
        self.assertEqual(page.content, unknown.content)
        self.assertEqual(page.headers.keys(), unknown.headers.keys())

    # === THE LINK, LATER === #

    def test_the_link_later_shows_what_is_shared(self):
        self.company.write({"email": "kontor@nordlys.example", "phone": "+45 33112233"})
        link = self.send()
        done = self.text_of(self.give(link, accounts=["Driftskonto", "EUR-konto"]))
        consent = self.last_attempt().consent_id
        for page in (done, self.text_of(self.url_open(link))):
            for account in consent.account_ids:
                self.assertIn(account.name, page)
                self.assertIn(account.iban, page.replace(" ", ""))
                self.assertIn(account.provider_name, page)
            self.assertNotIn("NOK-konto", page)
            self.assertIn(self.company.name, page)
            self.assertIn(str(consent.expires_on.year), page)
        for word in (
            "What you share",
            "Since",
            "Until",
            self.bookkeeper.name,
            "bookkeeper@nordlys.example",
            "+45 33112233",
            "How to withdraw",
        ):
            self.assertIn(word, page)
        headers = self.url_open(link).headers
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertIn("noindex", headers["X-Robots-Tag"])

    def test_the_cookie(self):
        link = self.send()
        answer = self.press(self.url_open(link), "open_banking_continue")
        [cookie] = [
            each
            for each in answer.headers["Set-Cookie"].split("open_banking_")
            if each.startswith("link=")
        ]
        self.assertIn(f"Path={link.removeprefix(self.base)};", cookie)
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Lax", cookie)
        self.assertIn(f"Max-Age={400 * 24 * 3600}", cookie)
        self.assertNotIn("link=", self.url_open(link).headers.get("Set-Cookie", ""))

    def test_without_the_cookie_a_used_link_is_unknown(self):
        link = self.send()
        self.give(link)
        self.assertEqual(self.url_open(link).status_code, 200)
        self.forget_cookies()
        self.assert_unknown(self.url_open(link))

    def test_a_forged_or_foreign_cookie(self):
        first, second = self.send(), self.send()
        self.give(first)
        foreign = self.link_cookie()
        self.forget_cookies()
        self.give(second)
        right = self.link_cookie()
        junk = ("junk", "%C3%A6", "", right.value[:-2], "MTIz" * 20, "AQ")
        for value in (foreign.value, *junk):
            with self.subTest(value[:20]):
                self.assert_unknown(self.bring(right, value, second))
        self.assertEqual(self.bring(right, right.value, second).status_code, 200)
        self.assertEqual(self.bring(foreign, foreign.value, first).status_code, 200)

    def test_after_400_days_the_browser_has_forgotten(self):
        link = self.send()
        self.give(link)
        cookie = self.link_cookie()
        for days, status in ((399, 200), (401, 404)):
            with freeze_time(fields.Datetime.now() + timedelta(days=days)):
                page = self.bring(cookie, cookie.value, link)
                self.assertEqual(page.status_code, status)

    def test_only_a_finished_link_shows_anything(self):
        link = self.send()
        self.give(link)
        attempt = self.last_attempt()
        for state in ("withdrawn", "expired", "chosen"):
            attempt.state = state
            self.assert_unknown(self.url_open(link))

    def test_a_used_link_takes_no_orders(self):
        link = self.send()
        start = self.url_open(link)
        self.give(link)
        for button in ("open_banking_continue", "open_banking_not_me"):
            self.assertEqual(self.press(start, button).status_code, 404)
        self.assertEqual(self.last_attempt().state, "done")

    def test_when_the_consent_has_ended_it_says_so_and_shows_no_accounts(self):
        link = self.send()
        self.give(link)
        consent = self.last_attempt().consent_id
        ends = {
            "expired": lambda: consent._mark_expired(),
            "withdrawn": lambda: consent._end("withdrawn", "disconnected"),
            "replaced": lambda: consent._end("replaced", "replaced"),
        }
        said = set()
        for state, end in ends.items():
            consent.write({"state": "active"})
            end()
            text = self.text_of(self.url_open(link))
            with self.subTest(state):
                self.assertIn("Nothing is shared any more", text)
                self.assertNotIn("Driftskonto", text)
                self.assertNotIn("How to withdraw", text)
                self.assertIn(self.bookkeeper.name, text)
                said.add(text)
        self.assertEqual(len(said), 3)
        self.assertIn("newer consent", text)

    def test_an_account_that_is_left_out(self):
        link = self.send()
        self.give(link, accounts=["Driftskonto"])
        self.assertNotIn("not read", self.text_of(self.url_open(link)))
        self.last_attempt().consent_id.account_ids._leave_out()
        self.assertIn("not read", self.text_of(self.url_open(link)))

    # === RIGHT AFTER THE BANK === #

    def test_no_account_was_shared(self):
        link = self.send()
        page = self.give(link)
        attempt = self.last_attempt()
        self.env["open.banking.account"]._store_accounts(attempt.consent_id, [])
        self.assertIn("No account was shared", self.text_of(self.url_open(page.url)))
        self.assertIn("ask for a new link", self.text_of(self.url_open(page.url)))
        self.assertIn("No account is shared", self.text_of(self.url_open(link)))

    def test_the_accounts_are_not_here_yet(self):
        self.bank.control("faults", {"endpoint": "accounts", "status": 503, "times": 0})
        link = self.send()
        self.assertIn("follows in a while", self.text_of(self.give(link)))
        self.assertIn("follows in a while", self.text_of(self.url_open(link)))

    def test_cancelled_and_tried_again(self):
        link = self.send()
        page = self.give(link, cancel_at="accept")
        self.assertIn("cancelled", self.text_of(page))
        self.assertIn("same link in your mail", self.text_of(page))
        attempt = self.last_attempt()
        self.assertEqual(attempt.state, "cancelled")
        self.url_open(page.url)
        self.assertEqual(attempt.state, "cancelled")  # GET changes nothing
        answer = self.press(page, "open_banking_again")
        self.assertEqual((answer.status_code, attempt.state), (303, "at_bank"))
        back = self.customer.walk(answer.headers["Location"], bank=self.bank_id)
        self.assertIn("You may close this page", self.text_of(self.url_open(back)))
        self.assertEqual(attempt.state, "done")
        self.assertEqual(self.press(page, "open_banking_again").status_code, 404)
        self.assertEqual(self.url_open(link).status_code, 200)

    def test_trying_again_needs_our_form_and_our_cookie(self):
        page = self.give(self.send(), cancel_at="accept")
        with self.assertLogs("odoo.http", "WARNING"):
            answer = self.url_open(OUTCOME_PATH, data={"csrf_token": "forged"})
        self.assertEqual(answer.status_code, 400)
        token = html.fromstring(page.text).xpath("//input[@name='csrf_token']/@value")
        for cookie in list(self.opener.cookies):
            if cookie.name == COOKIE:
                self.opener.cookies.clear(cookie.domain, cookie.path, cookie.name)
        answer = self.url_open(OUTCOME_PATH, data={"csrf_token": token[0]})
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.last_attempt().state, "cancelled")

    def test_a_link_that_is_over_cannot_be_tried_again(self):
        attempt = None
        for case in ("withdrawn", "run out", "sent again"):
            with self.subTest(case):
                page = self.give(self.send(), cancel_at="accept")
                attempt = self.last_attempt()
                if case == "withdrawn":
                    attempt.with_user(self.bookkeeper).action_withdraw()
                elif case == "run out":
                    attempt.expires_on = fields.Datetime.now() - timedelta(minutes=1)
                else:
                    attempt.with_user(self.bookkeeper).action_resend()
                state = attempt.state
                self.assertEqual(
                    self.press(page, "open_banking_again").status_code, 404
                )
                self.assertEqual(attempt.state, state)
                text = self.text_of(self.url_open(OUTCOME_PATH))
                self.assertNotIn("Try again", text)
                again = case == "sent again"
                self.assertIn("not valid" if again else "no longer works", text)

    def test_a_worker_that_died_while_storing(self):
        self.go(self.send())
        attempt = self.last_attempt()
        attempt._claim(True)
        self.assertIn("One moment", self.text_of(self.url_open(OUTCOME_PATH)))
        with freeze_time(fields.Datetime.now() + timedelta(minutes=5)):
            self.assertNotIn("One moment", self.text_of(self.url_open(OUTCOME_PATH)))

    def test_the_pages_after_the_bank_speak_the_language_that_was_chosen(self):
        self.env["res.lang"]._activate_lang("da_DK")
        page = self.url_open(self.send() + "?lang=da_DK")
        answer = self.press(page, "open_banking_continue")
        back = self.customer.walk(answer.headers["Location"], bank=self.bank_id)
        self.assertIn('lang="da-DK"', self.url_open(back).text)
        self.assertEqual(self.last_attempt().lang, "da_DK")
