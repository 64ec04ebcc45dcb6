from contextlib import contextmanager
from datetime import datetime, time, timedelta

from freezegun import freeze_time
from lxml import html

from .common import OpenBankingCase


class ReminderCase(OpenBankingCase):
    """A customer whose consent ends, and days that pass."""

    def setUp(self):
        super().setUp()
        self.karen = self.env["res.partner"].create(
            {"name": "Karen Holm", "email": "karen@nordlys.example"}
        )

    def given(self, name="Driftskonto", partner=None, **where):
        """Give a consent for one account and take it into use; returns the consent."""
        consent = self.connect(accounts=[name], **where)
        account = consent.account_ids
        account._map(where.get("journal") or self.journal, self.today)
        consent.partner_id = partner or self.karen
        return consent

    def given_elsewhere(self, name="Sydkonto", partner=None):
        """Give a consent for an account of another company; returns the consent."""
        company = self.make_company("Sydlys Handel ApS")
        self.bank.control("accounts", {"name": name, "transactions": 3})
        journal = self.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", "bank")], limit=1
        )
        return self.given(name, partner, company=company, journal=journal)

    @contextmanager
    def day(self, number, hour=8):
        """Be on a day, counted from the one on which the consent was given."""
        then = datetime.combine(self.today, time(hour)) + timedelta(days=number)
        with freeze_time(then):
            yield then.date()

    def remind(self):
        """Run the job of the reminders."""
        self.run_job("ir_cron_remind")

    def run_job(self, name):
        job = self.env.ref(f"account_mastercard_open_banking.{name}")
        self.env.flush_all()
        with self.own_cursors():
            answer = job.method_direct_trigger()
        self.assertIs(answer, True, answer)
        self.env.invalidate_all()

    def mails(self):
        """Return the mails that ask to renew, oldest first."""
        return self.env["mail.mail"].search(
            [("body_html", "like", "Renew the consent")], order="id"
        )

    def links(self, mail):
        """Return where the buttons of a mail lead."""
        found = html.fromstring(mail.body_html).xpath("//a/@href")
        return [link for link in found if "/open_banking/consent/" in link]

    def attempt_of(self, link):
        return self.env["open.banking.authorisation"]._from_link(link.rsplit("/", 1)[1])

    def mail_days(self, days, every=1):
        """Run the job on each of these days; returns those on which a mail went out."""
        told = []
        for number in range(*days, every):
            before = len(self.mails())
            with self.day(number):
                self.remind()
            told += [number] * (len(self.mails()) - before)
        return told

    def renew(self, link, accounts=("Driftskonto",)):
        """Press a link and go through the bank's pages; returns the new consent."""
        attempt = self.attempt_of(link)
        old = attempt.renews_id
        address, _state = attempt._go_to_bank("da_DK")
        back = self.customer.walk(address, bank=self.bank_id, accounts=list(accounts))
        brought = self.query_of(back)
        self.env.flush_all()
        with self.own_cursors():
            attempt._come_back(brought.get("code"), brought.get("consentId", ""))
        self.env.invalidate_all()
        self.assertEqual(attempt.state, "done", attempt.error_text)
        if old.state == "active" and old != attempt.consent_id:
            old._end("replaced", "replaced")
        return attempt.consent_id

    def asked(self, consent):
        return consent.activity_ids.filtered("automated")
