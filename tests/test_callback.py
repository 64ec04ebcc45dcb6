from urllib.parse import urlencode

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import file_open

from ..const import CALLBACK_PATH, CONSENT_PAGE_PATH, OUTCOME_PATH
from ..controllers.public import COOKIE
from .common import OpenBankingHttpCase


@tagged("post_install", "-at_install")
class TestCallback(OpenBankingHttpCase):
    def setUp(self):
        super().setUp()
        self.authenticate("bookkeeper", "bookkeeper")

    def come_back(self, address):
        """Follow the bank's way back, as the browser does."""
        return self.url_open(address, timeout=60)

    def forget_cookie(self):
        self.opener.cookies.set(COOKIE, None, path="/open_banking")
        self.opener.cookies.clear_session_cookies()
        for cookie in list(self.opener.cookies):
            if cookie.name == COOKIE:
                self.opener.cookies.clear(cookie.domain, cookie.path, cookie.name)

    def count(self, model):
        return self.env[model].search_count([])

    def test_the_whole_way_ends_at_the_choice_of_journals(self):
        address = self.press_connect()
        end = self.come_back(self.customer.walk(address, bank=self.bank_id))
        self.assertIn("open_banking_account_map_action/", end.url)
        attempt = self.last_attempt()
        self.assertEqual(attempt.state, "done")
        self.assertEqual(attempt.consent_id.company_id, self.company)
        self.assertEqual(len(attempt.consent_id.account_ids), len(self.bank_accounts))

    def test_opening_the_link_changes_nothing(self):
        link = self.journal.with_user(self.bookkeeper).action_open_banking_connect()
        for _scanner in range(3):
            page = self.url_open(link["url"])
        self.assertEqual(page.status_code, 200)
        self.assertEqual(self.last_attempt().state, "draft")
        self.assertFalse(self.bank.wire_calls("connect"))

    def test_pages_stay_out_of_frames_caches_and_referrers(self):
        link = self.journal.with_user(self.bookkeeper).action_open_banking_connect()
        for path in (link["url"], CALLBACK_PATH, OUTCOME_PATH):
            headers = self.url_open(path).headers
            self.assertEqual(headers["X-Frame-Options"], "DENY", path)
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertIn("noindex", headers["X-Robots-Tag"])

    def test_continue_needs_the_form_of_our_page(self):
        link = self.journal.with_user(self.bookkeeper).action_open_banking_connect()
        with self.assertLogs("odoo.http", "WARNING"):
            answer = self.url_open(link["url"], data={"csrf_token": "forged"})
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.last_attempt().state, "draft")

    def test_unknown_used_and_foreign_links_get_the_same_answer(self):
        address = self.press_connect()
        used = self.journal.with_user(self.bookkeeper)
        link = used.action_open_banking_connect()["url"]
        self.last_attempt().state = "done"
        answers = [
            self.url_open(path)
            for path in (link, CONSENT_PAGE_PATH + "/x", CONSENT_PAGE_PATH + "/é%00")
        ]
        self.assertEqual({answer.status_code for answer in answers}, {404})
        self.assertEqual(len({answer.text for answer in answers}), 1)
        self.assertTrue(address)

    def test_cancelled(self):
        for step in ("start", "bank", "login", "accounts", "accept", "email", "code"):
            with self.subTest(step):
                address = self.press_connect()
                back = self.customer.walk(address, bank=self.bank_id, cancel_at=step)
                self.assertNotIn("code=", back)
                page = self.come_back(back)
                self.assertIn("cancelled", self.text_of(page))
                self.assertEqual(self.last_attempt().state, "cancelled")
        self.assertFalse(self.count("open.banking.consent"))

    def test_after_cancelling_the_same_link_works(self):
        link = self.journal.with_user(self.bookkeeper).action_open_banking_connect()
        address = self.press_continue(self.url_open(link["url"]))
        self.come_back(
            self.customer.walk(address, bank=self.bank_id, cancel_at="accept")
        )
        address = self.press_continue(self.url_open(link["url"]))
        self.come_back(self.customer.walk(address, bank=self.bank_id))
        self.assertEqual(self.last_attempt().state, "done")

    def test_junk(self):
        address = self.press_connect()
        state = self.query_of(address)["state"]
        junk = [
            {},
            {"code": "x"},
            {"state": "unknown", "code": "x"},
            {"state": state + "x", "code": "x"},
            {"state": state, "code": "x" * 5000},
            {"state": state, "code": "x", "consentId": "y" * 300},
            {"state": "\x00", "code": "\x00"},
        ]
        cookies = self.opener.cookies.copy()
        for query in junk:
            with self.subTest(query=str(query)[:60]):
                self.opener.cookies.update(cookies)
                if "state" not in query:
                    self.forget_cookie()
                answer = self.url_open(f"{CALLBACK_PATH}?{urlencode(query)}")
                self.assertEqual(answer.status_code, 400)
                self.assertIn("Nothing was stored", self.text_of(answer))
        self.assertEqual(self.last_attempt().state, "at_bank")
        self.assertFalse(self.bank.wire_calls("token"))

    def test_made_up_code(self):
        state = self.query_of(self.press_connect())["state"]
        query = urlencode({"state": state, "code": "made up", "consentId": "x"})
        page = self.come_back(f"{CALLBACK_PATH}?{query}")
        self.assertIn("not connected", self.text_of(page))
        self.assertEqual(self.last_attempt().state, "failed")
        self.assertEqual(self.last_attempt().error_code, "code_rejected")
        self.assertFalse(self.count("open.banking.consent"))

    def test_replayed(self):
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        first = self.come_back(back)
        for _reload in range(2):
            again = self.come_back(back)
            self.assertEqual(again.url.rsplit("/", 1)[0], first.url.rsplit("/", 1)[0])
        self.assertEqual(self.last_attempt().state, "done")
        self.assertEqual(self.count("open.banking.consent"), 1)
        self.assertEqual(len(self.bank.wire_calls("/v1/oauth/token")), 1)

    def test_expired_code(self):
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        self.bank.control("clock", {"advance_seconds": 61})
        page = self.come_back(back)
        self.assertIn("took too long", self.text_of(page))
        self.assertEqual(self.last_attempt().error_code, "code_rejected")
        self.assertFalse(self.count("open.banking.consent"))

    def test_link_that_ran_out_while_at_the_bank(self):
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        self.last_attempt().expires_on = "2020-01-01 00:00:00"
        self.come_back(back)
        self.assertFalse(self.count("open.banking.consent"))
        self.assertFalse(self.bank.wire_calls("/v1/oauth/token"))

    def test_consent_of_a_foreign_company(self):
        other = self.make_company("Sydlys Handel ApS")
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        consent = self.env["open.banking.consent"].create(
            {
                "external_id": self.query_of(back)["consentId"],
                "company_id": other.id,
            }
        )
        page = self.come_back(back)
        self.assertIn("another company", self.text_of(page))
        self.assertEqual(self.last_attempt().state, "failed")
        self.assertEqual(consent.company_id, other)
        self.assertFalse(consent.sudo().refresh_token_encrypted)
        self.assertFalse(self.count("open.banking.account"))

    def test_user_without_rights_in_the_company_sees_no_accounts(self):
        address = self.press_connect()
        self.bookkeeper.write(
            {
                "company_id": 1,
                "company_ids": [(6, 0, [self.env.ref("base.main_company").id])],
            }
        )
        page = self.come_back(self.customer.walk(address, bank=self.bank_id))
        self.assertTrue(page.url.endswith(OUTCOME_PATH))
        self.assertIn("You may close this page", self.text_of(page))

    def test_second_browser_with_the_state(self):
        """A bank's app may come back in another browser than it started from."""
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        self.authenticate(None, None)
        self.forget_cookie()
        page = self.come_back(back)
        self.assertIn("You may close this page", self.text_of(page))
        self.assertEqual(self.last_attempt().state, "done")

    def test_second_browser_without_the_state(self):
        self.bank.control("settings", {"return_state": False})
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        self.forget_cookie()
        page = self.come_back(back)
        self.assertEqual(page.status_code, 400)
        self.assertFalse(self.count("open.banking.consent"))

    def test_same_browser_without_the_state(self):
        self.bank.control("settings", {"return_state": False})
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        self.assertNotIn("state", self.query_of(back))
        self.come_back(back)
        self.assertEqual(self.last_attempt().state, "done")

    def test_without_the_state_once_it_is_known_to_come_back(self):
        """Else anybody could send the bookkeeper a link with a consent of his own."""
        self.come_back(self.customer.walk(self.press_connect(), bank=self.bank_id))
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        path = back.split("?", 1)[0]
        brought = self.query_of(back)
        forged = {name: brought[name] for name in ("code", "consentId")}
        answer = self.come_back(f"{path}?{urlencode(forged)}")
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.last_attempt().state, "at_bank")
        self.come_back(back)
        self.assertEqual(self.last_attempt().state, "done")

    def test_killed_while_the_consent_is_stored(self):
        """The code is spent; the link opens again when nobody can be at work."""
        link = self.journal.with_user(self.bookkeeper).action_open_banking_connect()
        address = self.press_continue(self.url_open(link["url"]))
        back = self.customer.walk(address, bank=self.bank_id)
        attempt = self.last_attempt()
        attempt._claim(True)
        self.assertEqual(self.url_open(link["url"]).status_code, 404)
        self.assertIn("One moment", self.text_of(self.come_back(back)))
        self.assertFalse(self.bank.wire_calls("/v1/oauth/token"))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE open_banking_authorisation SET write_date = write_date "
            "- interval '5 minutes' WHERE id = %s",
            [attempt.id],
        )
        self.env.invalidate_all()
        address = self.press_continue(self.url_open(link["url"]))
        self.come_back(self.customer.walk(address, bank=self.bank_id))
        self.assertEqual(attempt.state, "done")

    def test_neutralized_copy_does_not_talk_to_the_bank(self):
        self.come_back(self.customer.walk(self.press_connect(), bank=self.bank_id))
        with file_open("account_mastercard_open_banking/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertFalse(self.last_attempt().consent_id._access_token())
        with self.assertRaises(UserError):
            self.journal.action_open_banking_connect()

    def test_without_consent_id(self):
        self.bank.control("settings", {"return_consent_id": False})
        back = self.customer.walk(self.press_connect(), bank=self.bank_id)
        self.assertNotIn("consentId", self.query_of(back))
        self.come_back(back)
        self.assertTrue(self.last_attempt().consent_id.external_id)

    def test_cookie_and_state_must_agree(self):
        first = self.customer.walk(self.press_connect(), bank=self.bank_id)
        self.press_connect()
        answer = self.come_back(first)
        self.assertEqual(answer.status_code, 400)
        self.assertFalse(self.count("open.banking.consent"))

    def test_bank_without_accounts(self):
        address = self.press_connect()
        back = self.customer.walk(address, bank="TestDataBank10")
        page = self.come_back(back)
        self.assertIn("not connected", self.text_of(page))

    def test_tokens_are_not_stored_in_clear(self):
        self.come_back(self.customer.walk(self.press_connect(), bank=self.bank_id))
        self.env.cr.execute("SELECT * FROM open_banking_consent")
        stored = str(self.env.cr.fetchall())
        self.assertNotIn("eyJ", stored)
        consent = self.last_attempt().consent_id.sudo()
        self.assertTrue(consent._access_token().startswith("eyJ"))

    def test_outcome_before_the_end(self):
        self.press_connect()
        page = self.url_open(OUTCOME_PATH)
        self.assertIn("to the end", self.text_of(page))
        self.assertIn("Back to Odoo", self.text_of(page))
        self.assertEqual(self.last_attempt().state, "at_bank")
