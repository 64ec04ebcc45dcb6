from datetime import timedelta
from urllib.parse import urlencode

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..rehearsal_bank.customer import Customer
from .test_links import LinkCase

CALLBACK = "/open_banking/callback"
TEN_MINUTES = timedelta(minutes=10)


class RenewalCase(LinkCase):
    """A consent is in use, and the customer has a link with which to renew it."""

    def setUp(self):
        super().setUp()
        self.accounts = self.import_all()
        self.consent = self.accounts.consent_id
        self.before = self.facts()

    def facts(self):
        """Return what a renewal must leave as it is."""
        return [
            (
                account.id,
                account.journal_id,
                account.start_date,
                account.synced_until,
                self.lines(account).ids,
            )
            for account in self.accounts
        ]

    def renewal_link(self, consent=None):
        consent = consent or self.consent
        path = self.env["open.banking.authorisation"]._make_link(
            self.company, self.journal, self.bookkeeper, renews=consent
        )
        return self.base + path

    def go(self, link=None):
        """Press Continue on the link's page; returns where that leads."""
        page = self.url_open(link or self.renewal_link())
        answer = self.press(page, "open_banking_continue")
        self.assertEqual(answer.status_code, 303, answer.text)
        return answer.headers["Location"]

    def renew(self, link=None, **walk):
        """Go the whole way; returns the page on which it ends."""
        back = self.customer.walk(self.go(link), bank=self.bank_id, **walk)
        return self.url_open(back)

    def assert_all_goes_on(self):
        """Mapping, start and lines are as before; what is new arrives once."""
        self.assertEqual(self.facts(), self.before)
        numbers = [("account_key", "in", self.accounts.mapped("account_key"))]
        self.assertEqual(
            self.count("open.banking.account", numbers), len(self.accounts)
        )
        for account in self.accounts:
            self.add(account, amount="-3.00", text="Efter")
        for _run in range(2):
            self.fetch_again(self.accounts)
            for account in self.accounts:
                self.assert_books_equal_bank(account)

    def lapse(self, mode="tokens"):
        """The consent dies at the bank's side, and Odoo learns of it."""
        self.bank.control("consents/expire", {"mode": mode})
        self.consent.sudo().access_token_until = False
        self.fetch_again(self.accounts)
        self.assertEqual(self.consent.state, "expired")


@tagged("post_install", "-at_install")
class TestRenewalByLogin(RenewalCase):
    """The bank wants to see its customer: he logs in, and that is all."""

    def setUp(self):
        super().setUp()
        self.bank.control("consents/expire", {"mode": "login"})

    def test_a_login_renews_the_consent(self):
        given, count = self.consent.authorised_on, self.count("open.banking.consent")
        self.consent.authorised_on = given.replace(year=given.year - 1)
        self.consent._ask_for_renewal("login_needed")
        page = self.renew()
        self.assertIn("connected", self.text_of(page))
        self.assertNotIn("accounts", self.customer.seen)
        self.assertEqual(self.last_attempt().state, "done")
        self.assertEqual(self.last_attempt().consent_id, self.consent)
        self.assertEqual(self.consent.authorised_on.year, given.year)
        self.assertFalse(self.consent.activity_ids)
        self.assertEqual(self.count("open.banking.consent"), count)
        self.assert_all_goes_on()

    def test_a_login_that_brings_no_code(self):
        self.bank.control("settings", {"update_returns_code": False})
        self.renew()
        self.assertEqual(self.last_attempt().state, "done")
        self.assert_all_goes_on()

    def test_a_login_when_the_state_is_known_to_come_back(self):
        self.last_attempt()._note_state_proven()
        self.renew()
        self.assertEqual(self.last_attempt().state, "done")

    def test_backing_out_of_a_login_changes_nothing(self):
        link, given = self.renewal_link(), self.consent.authorised_on
        page = self.renew(link, cancel_at="login")
        self.assertIn("not connected", self.text_of(page))
        self.assertEqual(self.last_attempt().state, "cancelled")
        self.assertEqual(self.consent.state, "active")
        self.assertEqual(self.consent.authorised_on, given)
        self.assertEqual(self.url_open(link).status_code, 200)
        self.assert_all_goes_on()

    def test_a_code_of_somebody_elses_consent(self):
        ole = Customer(email="ole@sydlys.example", user="ole")
        attempt = self.env["open.banking.authorisation"]
        link = attempt._make_link(self.company, self.journal, self.bookkeeper)
        other = attempt._from_link(link.rsplit("/", 1)[1])
        address, _state = other._go_to_bank()
        theirs = self.query_of(ole.walk(address, bank="DemoBank"))
        del theirs["state"]  # it would name the other attempt
        self.go()
        mine = self.last_attempt()
        tokens = self.consent.sudo().refresh_token_encrypted
        page = self.url_open(f"{CALLBACK}?{urlencode(theirs)}")
        self.assertIn("Somebody else", self.text_of(page))
        self.assertEqual((mine.state, mine.error_code), ("failed", "other_customer"))
        self.assertEqual(self.consent.sudo().refresh_token_encrypted, tokens)
        self.assertEqual(self.count("open.banking.consent"), 1)
        self.assert_all_goes_on()

    def test_a_made_up_code_does_no_harm(self):
        self.go()
        self.url_open(f"{CALLBACK}?code=made-up")
        self.assertEqual(self.last_attempt().state, "cancelled")
        self.assert_all_goes_on()

    def test_the_page_says_what_it_is_about(self):
        text = self.text_of(self.url_open(self.renewal_link()))
        for words in ("Renew your consent", self.consent.name, "goes on as before"):
            self.assertIn(words, text)

    def test_the_language_goes_with_the_customer(self):
        self.env["res.lang"]._activate_lang("da_DK")
        link = self.renewal_link()
        self.last_attempt().lang = "da_DK"
        self.assertEqual(self.query_of(self.go(link))["culture"], "da")


@tagged("post_install", "-at_install")
class TestRenewalOfTwoBanks(RenewalCase):
    def setUp(self):
        super().setUp()
        self.bank.control("settings", {"reuse_consent": True})
        self.connect()
        address = self.go(self.base + self._connect_link())
        self.url_open(self.customer.walk(address, bank="DemoBank"))
        self.consent = self.last_attempt().consent_id
        self.bank.control("consents/expire", {"mode": "login"})

    def _connect_link(self):
        attempts = self.env["open.banking.authorisation"]
        return attempts._make_link(self.company, self.journal, self.bookkeeper)

    def test_each_bank_asks_for_its_login(self):
        link = self.renewal_link()
        page = self.url_open(self.customer.walk(self.go(link), bank=self.bank_id))
        self.assertIn("Another of your banks", self.text_of(page))
        attempt = self.last_attempt()
        self.assertEqual(attempt.state, "opened")
        self.url_open(self.customer.walk(self.go(link)))
        self.assertEqual(attempt.state, "done")
        self.assertEqual(attempt.consent_id, self.consent)


@tagged("post_install", "-at_install")
class TestRenewalByNewConsent(RenewalCase):
    """The consent is given anew: before its end, or when it is dead."""

    def test_before_its_end(self):
        self.renew()
        attempt = self.last_attempt()
        self.assertEqual(attempt.state, "done")
        self.assertNotEqual(attempt.consent_id, self.consent)
        self.assertEqual(self.accounts.consent_id, attempt.consent_id)
        self.assertEqual(attempt.consent_id.renewed_from_id, self.consent)
        self.assertEqual(self.consent.state, "replaced")
        self.assertFalse(self.consent.sudo().refresh_token_encrypted)
        self.assertFalse(self.accounts.activity_ids)
        self.assert_all_goes_on()

    def test_with_dead_tokens_and_other_account_ids(self):
        self.lapse()
        ids = self.accounts.mapped("external_id")
        self.customer = Customer(email="ole@nordlys.example", user="karen")
        page = self.url_open(link := self.renewal_link())
        self.assertIn("nothing is lost", self.text_of(page))
        self.renew(link)
        new = self.last_attempt().consent_id
        self.assertFalse(set(ids) & set(self.accounts.mapped("external_id")))
        self.assertEqual(self.accounts.consent_id, new)
        self.assertEqual(new.renewed_from_id, self.consent)
        self.assertEqual(self.consent.state, "expired")
        self.assert_all_goes_on()

    def test_backing_out_at_each_step(self):
        for step in ("start", "bank", "login", "accounts", "accept", "email", "code"):
            with self.subTest(step):
                self.renew(cancel_at=step)
                self.assertEqual(self.last_attempt().state, "cancelled")
                self.assertEqual(self.consent.state, "active")
                self.assertEqual(self.accounts.consent_id, self.consent)
        self.assertEqual(self.count("open.banking.consent"), 1)
        self.assert_all_goes_on()

    def test_fewer_accounts_before_the_end(self):
        left = self.accounts.filtered(lambda a: a.name != "EUR-konto")
        euro = self.accounts - left
        self.renew(accounts=left.mapped("name"))
        new = self.last_attempt().consent_id
        self.assertEqual(left.consent_id, new)
        self.assertEqual(euro.consent_id, self.consent)
        self.assertEqual(self.consent.state, "active")
        self.assertIn("EUR-konto", str(new.message_ids.mapped("body")))
        self.assertEqual(len(euro.activity_ids), 1)
        self.assertIn("does not cover", euro.activity_ids.note)
        self.assertFalse(euro.error_code)
        self.assert_all_goes_on()
        self.renew()
        self.assertEqual(self.accounts.consent_id, self.last_attempt().consent_id)
        self.assertFalse(euro.activity_ids)
        self.assertEqual((self.consent.state, new.state), ("replaced", "replaced"))

    def test_fewer_accounts_when_it_is_dead(self):
        self.lapse()
        left = self.accounts.filtered(lambda a: a.name != "EUR-konto")
        euro = self.accounts - left
        self.renew(accounts=left.mapped("name"))
        self.assertEqual(euro.error_code, "not_covered")
        self.assertEqual(len(euro.activity_ids), 1)
        self.assertFalse(left.filtered("error_code"))

    def test_a_left_out_account_need_not_be_shared_again(self):
        euro = self.accounts.filtered(lambda a: a.name == "EUR-konto")
        euro._leave_out()
        self.renew(accounts=(self.accounts - euro).mapped("name"))
        self.assertEqual(self.consent.state, "replaced")
        self.assertFalse(euro.activity_ids | euro.filtered("error_code").activity_ids)

    def test_the_same_consent_given_again(self):
        self.bank.control("settings", {"reuse_consent": True})
        self.renew()
        self.assertEqual(self.last_attempt().state, "done")
        self.assert_all_goes_on()

    def test_other_links_of_the_renewal_stop_working(self):
        first, second = self.renewal_link(), self.renewal_link()
        self.renew(second)
        self.assertEqual(self.url_open(first).status_code, 404)

    def test_mastercard_cannot_be_asked(self):
        fault = {"endpoint": "update", "status": 500, "times": 0}
        self.bank.control("faults", fault)
        self.renew()
        self.assertEqual(self.consent.state, "replaced")
        self.assert_all_goes_on()

    def test_a_second_bank_does_not_end_the_first(self):
        journal = self.journal.with_user(self.bookkeeper)
        link = journal.action_open_banking_connect()["url"]
        self.url_open(self.customer.walk(self.go(link), bank="DemoBank"))
        self.assertEqual(self.last_attempt().state, "done")
        self.assertEqual(self.consent.state, "active")
        self.assert_all_goes_on()


@tagged("post_install", "-at_install")
class TestSynchronise(RenewalCase):
    def synchronise(self):
        journal = self.accounts[0].journal_id.with_user(self.bookkeeper)
        self.env.flush_all()
        return journal.action_open_banking_synchronise()

    def card(self):
        journal = self.accounts[0].journal_id.with_user(self.bookkeeper)
        return journal._open_banking_cards()[journal]

    def updates(self):
        return len(self.bank.wire_calls("/v1/update"))

    def test_the_news_arrive(self):
        account = self.accounts[0]
        self.bank.control("settings", {"sync": "manual"})
        row = {"amount": "-7.00", "text": "Nyt"}
        self.bank.control(
            "transactions/add",
            {"account": account.iban, "transactions": [row], "deliver": "next_sync"},
        )
        action = self.synchronise()
        self.assertIn("news", action["params"]["message"])
        self.assertEqual(self.updates(), 1)
        self.assertEqual(self.card()["state"], "running")
        lines = self.lines(account)
        self.assertTrue(account.next_attempt)
        account.next_attempt = account.last_fetch_on
        self.run_jobs()
        self.assertEqual(self.lines(account), lines)
        self.assertTrue(self.consent.news_asked_on)
        self.assertLess(account.next_attempt, account.last_fetch_on + TEN_MINUTES)
        self.bank.control("sync", {})
        self.fetch_again(self.accounts)
        self.assertEqual(len(self.lines(account) - lines), 1)
        self.assertFalse(self.consent.news_asked_on)
        self.assertEqual(self.card()["state"], "fine")

    def test_news_that_never_arrive_are_not_waited_for(self):
        self.bank.control("settings", {"sync": "manual"})
        self.synchronise()
        self.consent.news_asked_on -= 20 * TEN_MINUTES
        self.fetch_again(self.accounts)
        self.assertFalse(self.consent.news_asked_on)
        for account in self.accounts:
            self.assertGreater(
                account.next_attempt, account.last_fetch_on + 20 * TEN_MINUTES
            )

    def test_the_bank_wants_its_customer(self):
        self.bank.control("consents/expire", {"mode": "login"})
        action = self.synchronise()
        self.assertEqual(action["type"], "ir.actions.act_url")
        page = self.url_open(action["url"])
        self.assertIn("Renew your consent", self.text_of(page))
        address = self.press(page, "open_banking_continue").headers["Location"]
        self.url_open(self.customer.walk(address, bank=self.bank_id))
        self.assertEqual(self.last_attempt().state, "done")
        self.assert_all_goes_on()

    def test_a_limit_is_told_with_its_end(self):
        fault = {"endpoint": "update", "status": 429, "headers": {"Retry-After": "600"}}
        self.bank.control("faults", fault)
        for _press in range(2):
            with self.assertRaisesRegex(UserError, "before .*[0-9].*goes on by itself"):
                self.synchronise()
        self.assertEqual(self.updates(), 1)
        self.assertEqual(self.card()["state"], "paused")
        self.assertIn("before", self.card()["text"])

    def test_a_dead_consent_is_seen_at_once(self):
        self.bank.control("consents/expire", {"mode": "tokens"})
        self.consent.sudo().access_token_until = False
        self.assertEqual(self.synchronise()["type"], "ir.actions.act_url")
        self.assertEqual(self.consent.state, "expired")

    def test_a_token_that_is_refused_is_renewed_once(self):
        fault = {"endpoint": "update", "status": 401}
        self.bank.control("faults", fault)
        self.consent.sudo().tokens_issued_at -= TEN_MINUTES
        self.synchronise()
        self.assertEqual(self.updates(), 2)
        self.assertEqual(self.consent.state, "active")

    def test_a_fault_is_told_in_words(self):
        self.bank.control("faults", {"endpoint": "update", "status": 500})
        with self.assertRaisesRegex(UserError, "fault at the moment"):
            self.synchronise()
        self.bank.control("faults", {"endpoint": "update", "wrong_json": []})
        with self.assertRaisesRegex(UserError, "cannot be read"):
            self.synchronise()
