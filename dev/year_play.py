"""Plays a year in Odoo, with the rehearsal bank as peer and both clocks moved.

Runs inside an Odoo process, or inside one of Odoo's tests. What customers get is read
from the outbox; what they do they do by the links in their mails.
"""

from contextlib import contextmanager
from datetime import datetime, time, timedelta
from urllib.parse import parse_qsl, urlsplit

from freezegun import freeze_time
from lxml import html
from odoo import SUPERUSER_ID, api

SECRET = "webhook secret of the year"
FEED_LINE = "Måned"


class Year:
    """The parties of the year, and their days."""

    def __init__(self, registry, control, scene, rules):
        """
        :param control: function to use the bank's control desk
        :param Scene scene: companies and journals, see `Scene`
        :param rules: the module year_rules
        """
        self.registry, self.control, self.scene = registry, control, scene
        self.rules = rules
        self.outcome = rules.Outcome()
        self.plans = {}  # feed name: (day, link)
        self.mails_of = {}  # consent id: links in the mails so far
        self.last_mail = self.heard = 0
        self.added = 0

    # === CLOCKS AND TRANSACTIONS === #

    @contextmanager
    def at(self, day, hour):
        """Be at an hour of a day, here and at the bank; a second later each day, so
        that a day after yesterday's run has passed."""
        moment = datetime.combine(self.scene.begins, time(hour)) + timedelta(
            days=day, seconds=day
        )
        self.control("clock", {"now": moment.isoformat() + "Z"})
        with freeze_time(moment):
            yield

    @contextmanager
    def env(self):
        """A transaction of its own."""
        with self.registry.cursor() as cursor:
            yield api.Environment(cursor, SUPERUSER_ID, {})

    # === THE DAYS === #

    def run(self, days, fetch_every, say):
        """Play so many days; returns the outcome."""
        self.prepare()
        for day in range(days):
            with self.at(day, 4):
                self.customers(day)
            with self.at(day, 5):
                self.control("state")
                if day % fetch_every == 0:
                    self.bank_books()
            with self.at(day, 6):
                self.office(day, day % fetch_every == 0)
            if day % 30 == 29:
                say(f"  day {day + 1}: {len(self.outcome.mails)} mails so far")
        with self.at(days, 6):
            self.office(days, True, looks=False)
        return self.outcome

    def prepare(self):
        """Fill the bank with the accounts of the scene."""
        banks = {feed.bank for feed in self.scene.feeds}
        with self.at(0, 3):
            self.control("reset", {"seed": "empty", "keep_clock": True})
        self.control(
            "settings",
            {
                "redirect_uris": [self.scene.base + "/open_banking/callback"],
                "consent_days_by_bank": {bank.id: bank.life for bank in banks},
                "announce_days_by_bank": {
                    bank.id: bank.ahead for bank in banks if bank.ahead
                },
                "tokens_die_at_end": True,
                "webhook_secret": SECRET,
            },
        )
        for feed in self.scene.feeds:
            account = {"bank": feed.bank.id, "name": feed.name, "user": feed.contact}
            self.control("accounts", {**account, "transactions": 2, "days": 30})

    def customers(self, day):
        """Give the first consents, and press the links that are to be pressed."""
        for feed in self.scene.feeds:
            if feed.first_day == day:
                self.first_consent(feed)
            elif self.plans.get(feed.name, (None,))[0] == day:
                self.renew(feed, self.plans.pop(feed.name)[1])
                self.outcome.renewals[feed.name].append(day)

    def bank_books(self):
        """One more transaction for everybody."""
        self.added += 1
        row = {"amount": "-1.00", "text": f"{FEED_LINE} {self.added}", "date": 0}
        for feed in self.scene.feeds:
            body = {"account": feed.name, "transactions": [row]}
            self.control("transactions/add", body)

    def office(self, day, fetches, looks=True):
        """Let Odoo's jobs run, as they do every day, and read the outbox."""
        self.hear()
        with self.env() as env:
            env["open.banking.event"]._cron_react()
        with self.env() as env:
            env["open.banking.consent"]._cron_keep_alive()
        if fetches:
            self.fetch()
        for _run in range(2):
            with self.env() as env:
                env["open.banking.reminder"]._cron_remind()
        with self.env() as env:
            env["open.banking.authorisation"]._cron_expire()
        if looks:
            with self.env() as env:
                self.read_outbox(env, day)
                self.note_dead(env)

    def fetch(self):
        with self.env() as env:
            accounts = env["open.banking.account"]
            accounts.search([("journal_id", "!=", False)])._fetch_soon()
        for _turn in range(200):
            with self.env() as env:
                accounts = env["open.banking.account"]
                accounts._cron_fetch()
                if not accounts.search_count(accounts._due_domain()):
                    return

    # === THE BANK TELLS === #

    def hear(self):
        """Carry the bank's messages to Odoo, as its server would take them."""
        log = self.control("webhooks")["webhooks"]
        for delivery in log[self.heard :]:
            if delivery["event"] != "ConnectionUpdateRequired":
                continue
            body = delivery["body"].encode()
            with self.env() as env:
                verified = self.scene.verify(delivery["headers"], body, SECRET)
                company = env["res.company"].browse(self.scene.companies[0])
                env["open.banking.event"]._receive(company, verified, body)
        self.heard = len(log)

    # === CUSTOMERS === #

    def first_consent(self, feed):
        with self.env() as env:
            journal = env["account.journal"].browse(self.scene.journals[feed.name])
            partner = env["res.partner"].browse(self.scene.contacts[feed.contact])
            attempts = env["open.banking.authorisation"]
            link = attempts._make_link(
                journal.company_id, journal, partner_id=partner.id
            )
        consent_id = self.walk(feed, link)
        with self.env() as env:
            consent = env["open.banking.consent"].browse(consent_id)
            journal = env["account.journal"].browse(self.scene.journals[feed.name])
            today = env["open.banking.fetch"]._bank_today()
            consent.account_ids._map(journal, today)

    def renew(self, feed, link):
        with self.env() as env:
            token = link.rsplit("/", 1)[1]
            old_id = env["open.banking.authorisation"]._from_link(token).renews_id.id
        new_id = self.walk(feed, link)
        with self.env() as env:
            old = env["open.banking.consent"].browse(old_id)
            if old.state == "active" and old_id != new_id and not old.account_ids:
                old._end("replaced", "replaced")

    def walk(self, feed, link):
        """Follow a link to the bank's pages and back; returns the consent's id."""
        with self.env() as env:
            attempt = env["open.banking.authorisation"]._from_link(
                link.rsplit("/", 1)[1]
            )
            attempt_id = attempt.id
            address, _state = attempt._go_to_bank("da_DK")
        email = f"{feed.name.replace(' ', '.')}@kunde.example"
        customer = self.scene.customer(email, user=feed.contact)
        back = customer.walk(address, bank=feed.bank.id, accounts=[feed.name])
        brought = dict(parse_qsl(urlsplit(back).query))
        with self.env() as env:
            attempt = env["open.banking.authorisation"].browse(attempt_id)
            attempt._come_back(brought.get("code"), brought.get("consentId", ""))
        with self.env() as env:
            attempt = env["open.banking.authorisation"].browse(attempt_id)
            if attempt.state != "done":
                raise AssertionError(f"{feed.name}: {attempt.error_text}")
            return attempt.consent_id.id

    def read_outbox(self, env, day):
        """Note the new mails that ask to renew, as their receivers see them."""
        mails = env["mail.mail"].search([("id", ">", self.last_mail)], order="id")
        self.last_mail = max(mails.ids, default=self.last_mail)
        for mail in mails:
            links = [
                link
                for link in html.fromstring(mail.body_html or "<p/>").xpath("//a/@href")
                if "/open_banking/consent/" in link
            ]
            if links:
                self.take_in(env, day, mail.recipient_ids.name, links)

    def take_in(self, env, day, contact, links):
        names = []
        attempts = env["open.banking.authorisation"]
        for link in links:
            consent = attempts._from_link(link.rsplit("/", 1)[1]).renews_id
            name = consent.account_ids.name
            names.append(name)
            got = self.mails_of.setdefault(consent.id, [])
            got.append(link)
            habit = self.scene.habits[contact]
            if len(got) == habit.mails:
                # Some press the oldest of their mails, some the newest.
                chosen = got[0] if habit.days % 2 else got[-1]
                self.plans[name] = (day + habit.days, chosen)
        if (day, contact) in self.outcome.mails:
            names += ["a second mail on one day"]
        self.outcome.mails[day, contact] = sorted(names)

    def note_dead(self, env):
        accounts = env["open.banking.account"].search([("journal_id", "!=", False)])
        for account in accounts:
            if account.consent_id.state != "active":
                self.outcome.dead_days[account.name] += 1

    # === IN THE END === #

    def problems_in_books(self, env, is_dead):
        """Say whose lines are not what the bank has booked since the start.

        :param is_dead: names of feeds that nobody has renewed: their lines may lack
        """
        problems = []
        accounts = env["open.banking.account"].search([("journal_id", "!=", False)])
        for account in accounts.filtered(lambda each: each.name not in is_dead):
            rows = self.control("transactions", account=account.iban)["transactions"]
            since = account.start_date.isoformat()
            said = sorted(row["date"] for row in rows if row["date"] >= since)
            lines = env["account.bank.statement.line"].search(
                [("journal_id", "=", account.journal_id.id)]
            )
            have = sorted(line.date.isoformat() for line in lines)
            have = [day for day in have if day >= since]
            if have != said:
                problems.append(f"{account.name}: lines {have}, at the bank {said}")
        names = [account.name for account in accounts]
        if sorted(names) != sorted(feed.name for feed in self.scene.feeds):
            problems.append(f"accounts: {names}")
        return problems


class Scene:
    """Companies, journals and contacts of the year, made in Odoo."""

    def __init__(self, base, begins, feeds, habits, tools):
        """
        :param tools: the rehearsal bank's Customer, and the function that verifies the
            bank's messages
        """
        self.base, self.begins = base, begins
        self.feeds, self.habits = feeds, habits
        self.customer, self.verify = tools
        self.companies, self.journals, self.contacts = [], {}, {}

    def make_company(self, env, name, bank_url):
        """A Danish company with the rehearsal bank's credentials."""
        # A new company has Odoo install the country's other modules, but not so.
        companies = env["res.company"].with_context(install_mode=True)
        company = companies.create({"name": name, "country_id": env.ref("base.dk").id})
        company = company.with_env(env)
        env.user.company_ids += company
        chart = env["account.chart.template"]
        chart.try_loading("dk", company, install_demo=False)
        secret = env["open.banking.vault"]._encrypt("rehearsal-secret")
        company.write(
            {
                "open_banking_environment": "custom",
                "open_banking_custom_url": bank_url,
                "open_banking_client_id": "rehearsal-client",
                "open_banking_client_secret_encrypted": secret,
            }
        )
        return company

    def make_contacts(self, env):
        for name in self.habits:
            partner = env["res.partner"].create(
                {"name": name, "email": f"{name}@kunde.example"}
            )
            self.contacts[name] = partner.id

    def make_journals(self, env, companies):
        """A journal for each account, in its company."""
        self.companies = companies.ids
        for number, feed in enumerate(self.feeds):
            journal = env["account.journal"].create(
                {
                    "name": feed.name,
                    "code": f"OB{number:02d}",
                    "type": "bank",
                    "company_id": companies[feed.company].id,
                }
            )
            self.journals[feed.name] = journal.id
