from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.http import request
from odoo.tools import config

from ..bank_api.transport import is_loopback
from .error_words import words
from .open_banking_vault import KEY_OPTION, KEY_VARIABLE, NotSetUp

MODULE = "account_mastercard_open_banking"
CRON_ACTION = "/odoo/action-base.ir_cron_act"

# A job is late when it should have begun so long ago: other jobs may be at work.
LATE = timedelta(minutes=30)

# What a test of the credentials left behind, where it was no error.
TEST_OK = "ok"


class OpenBankingHealth(models.AbstractModel):
    """What must work so that the feed works: each thing in words, with what to do.

    A row says `state` (`good`, `look`, `bad`, or `off` for what is not used), `title`,
    `text`, `todo` and perhaps `link` with its `link_text`. No secret is in it.
    """

    _name = "open.banking.health"
    _description = "Health of the Bank Feed"

    @api.model
    def _rows(self, company):
        """Look at everything.

        :param res.company company: whose feed it is
        :rtype: list[dict]
        """
        rows = [
            self._of_copy(),
            self._of_credentials(company),
            self._of_key(company),
            self._of_address(),
            self._of_databases(),
            self._of_jobs(),
            self._of_messages(company),
            self._of_mail(),
        ]
        return [row for row in rows if row]

    @api.model
    def _row(self, state, title, text, todo="", link="", link_text=""):
        return {
            "state": state,
            "title": title,
            "text": text,
            "todo": todo,
            "link": link,
            "link_text": link_text,
        }

    @api.model
    def _of_copy(self):
        home = self.env["open.banking.home"]
        title = self.env._("Copy of a database")
        if not home._is_home():
            todo = self.env._("Press This Is the Original Now only if it is.")
            return self._row("bad", title, home._sentence(), todo)
        if not home._is_neutralized():
            return None
        return self._row(
            "bad",
            title,
            self.env._("This is a neutralized copy. It does not talk to the bank."),
            self.env._("Work in the original, or enter credentials for the sandbox."),
        )

    # === CREDENTIALS AND KEY === #

    @api.model
    def _of_credentials(self, company):
        title = self.env._("Credentials")
        press = self.env._("Press Test Credentials.")
        if not company._open_banking_is_set_up():
            todo = self.env._("Enter client ID and secret, and save.")
            return self._row("bad", title, words(self.env, "not_set_up"), todo)
        company = company.sudo()
        if not company.open_banking_tested_on:
            text = self.env._("Entered, but not tested yet.")
            return self._row("look", title, text, press)
        ago = self._ago(company.open_banking_tested_on)
        code = company.open_banking_test_code
        if code != TEST_OK:
            text = self.env._(
                "The test %(ago)s failed. %(why)s",
                ago=ago,
                why=words(self.env, code),
            )
            return self._row("bad", title, text, press)
        text = self.env._(
            "They work. When tested %(ago)s, Mastercard listed %(count)s banks.",
            ago=ago,
            count=company.open_banking_test_banks,
        )
        return self._row("good", title, text)

    @api.model
    def _of_key(self, company):
        title = self.env._("Key")
        vault = self.env["open.banking.vault"]
        state, where = vault._key_state(company)
        if state == "none":
            text = self.env._("It is made with the first secret: %(where)s.")
            return self._row("look", title, text % {"where": where})
        if state == "good":
            text = self.env._("It is there and opens what is stored: %(where)s.")
            todo = self.env._("Keep a copy of it apart from the database.")
            return self._row("good", title, text % {"where": where}, todo)
        text = self.env._(
            "It is missing or not the one that was used: %(where)s. This database does "
            "not talk to the bank."
        )
        todo = self.env._(
            "Put the key back. Only if it is lost for good: press Start with a New "
            "Key, enter the secrets again, and have the customers renew their consents."
        )
        return self._row("bad", title, text % {"where": where}, todo)

    # === ADDRESS === #

    @api.model
    def _of_address(self):
        title = self.env._("This server's address")
        base = self.env["ir.config_parameter"].sudo().get_param("web.base.url") or ""
        parts = urlsplit(base)
        todo = self.env._("Set the system parameter web.base.url.")
        link = {
            "link": "/odoo/action-base.ir_config_list_action",
            "link_text": self.env._("System parameters"),
        }
        if parts.scheme != "https":
            if is_loopback(parts.hostname):
                text = self.env._(
                    "%(address)s is this machine only: good for a rehearsal, not for "
                    "Mastercard."
                )
                return self._row("look", title, text % {"address": base}, todo, **link)
            text = self.env._(
                "%(address)s is not https. Mastercard leads nobody back to it."
            )
            return self._row("bad", title, text % {"address": base}, todo, **link)
        here = request and request.httprequest.host
        if here and here != parts.netloc:
            text = self.env._(
                "It is said to be %(address)s, but you are working at %(here)s. Links "
                "and the way back from the bank lead to the first.",
                address=base,
                here=here,
            )
            return self._row("look", title, text, todo, **link)
        text = self.env._("%(address)s, over https.", address=base)
        return self._row("good", title, text)

    # === JOBS === #

    @api.model
    def _of_jobs(self):
        title = self.env._("Scheduled jobs")
        link = {"link": CRON_ACTION, "link_text": self.env._("Scheduled actions")}
        lanes = self.env["open.banking.account"]._lanes()
        # Lanes beyond the first are asleep until somebody asks for them.
        jobs = self._jobs() - lanes[1:].filtered(lambda lane: not lane.active)
        workers = self.env._(
            "Let the server run scheduled jobs: max_cron_threads at least 1."
        )
        off = jobs.filtered(lambda job: not job.active)
        if off:
            text = self.env._(
                "Switched off: %(jobs)s.", jobs=", ".join(off.mapped("name"))
            )
            todo = self.env._("Switch it on again.")
            return self._row("bad", title, text, todo, **link)
        if not config["max_cron_threads"] and not self._have_run_lately(jobs):
            text = self.env._("This server runs no scheduled jobs, and no other does.")
            return self._row("bad", title, text, workers)
        late = self._late(jobs)
        if late:
            text = self.env._(
                "Overdue: %(jobs)s. Nothing is fetched by itself.",
                jobs=", ".join(late.mapped("name")),
            )
            return self._row("bad", title, text, workers, **link)
        failing = jobs.filtered("failure_count")
        if failing:
            text = self.env._(
                "Failed when they ran last: %(jobs)s.",
                jobs=", ".join(failing.mapped("name")),
            )
            todo = self.env._("The server's log says why.")
            return self._row("look", title, text, todo, **link)
        fetch = jobs.sorted("lastcall")[-1:]
        if not fetch.lastcall:
            text = self.env._("They are on, and begin within the hour.")
            return self._row("look", title, text)
        text = self.env._("They run; the last one %(ago)s.")
        return self._row("good", title, text % {"ago": self._ago(fetch.lastcall)})

    @api.model
    def _jobs(self):
        """Return all scheduled jobs that came with this add-on."""
        data = self.env["ir.model.data"].sudo()
        names = data.search([("module", "=", MODULE), ("model", "=", "ir.cron")])
        jobs = self.env["ir.cron"].sudo().with_context(active_test=False)
        return jobs.browse(names.mapped("res_id")).exists()

    @api.model
    def _late(self, jobs):
        """Return the jobs that should have begun a while ago and did not."""
        limit = fields.Datetime.now() - LATE
        called = self.env["ir.cron.trigger"].sudo()
        called = called.search([("cron_id", "in", jobs.ids), ("call_at", "<", limit)])
        late = jobs.filtered(lambda job: job.nextcall < limit)
        return late | called.cron_id

    @api.model
    def _have_run_lately(self, jobs):
        day = fields.Datetime.now() - timedelta(days=1)
        return any(job.lastcall and job.lastcall > day for job in jobs)

    # === MESSAGES AND MAIL === #

    @api.model
    def _of_messages(self, company):
        title = self.env._("Messages from Mastercard")
        companies = company._open_banking_app()
        if not any(companies.mapped("open_banking_webhook_secret_encrypted")):
            text = self.env._(
                "Not used. Feeds run every six hours by themselves; with messages new "
                "transactions arrive within minutes."
            )
            return self._row("off", title, text)
        events = self.env["open.banking.event"].sudo()
        last = events.search([("company_id", "in", companies.ids)], limit=1)
        if not last:
            text = self.env._(
                "None seen yet. Feeds still run every six hours by themselves."
            )
            todo = self.env._(
                "Enter the address for webhooks and the secret in Mastercard's portal."
            )
            return self._row("look", title, text, todo)
        text = self.env._("The last one was seen %(ago)s.")
        return self._row("good", title, text % {"ago": self._ago(last.create_date)})

    @api.model
    def _of_mail(self):
        title = self.env._("Outgoing e-mail")
        servers = self.env["ir.mail_server"].sudo()
        if servers.search_count([], limit=1):
            text = self.env._("A mail server is set up: customers get their links.")
            return self._row("good", title, text)
        name = config["smtp_server"]
        if name and name != "localhost":
            text = self.env._("The server's own configuration names a mail server.")
            return self._row("good", title, text)
        return self._row(
            "look",
            title,
            self.env._("No mail server is set up: links may not reach customers."),
            self.env._("Set up a server for outgoing mail."),
            link="/odoo/action-base.action_ir_mail_server_list",
            link_text=self.env._("Outgoing mail servers"),
        )

    @api.model
    def _ago(self, moment):
        return self.env["account.journal"]._open_banking_ago(moment)


class OpenBankingVault(models.AbstractModel):
    """Where the key is and whether it fits. Never the key."""

    _inherit = "open.banking.vault"

    @api.model
    def _key_state(self, company):
        """Tell whether the key opens what the company has stored.

        :return: `good`, `bad`, or `none` as long as nothing is encrypted; and where
            the key is, in words
        :rtype: tuple[str, str]
        """
        file = self._key_file()
        of_environment, of_file = self._key_lists_of_server()
        if of_environment:
            where = self.env._("environment variable %s", KEY_VARIABLE)
        elif of_file:
            where = self.env._("option %s of odoo.conf", KEY_OPTION)
        else:
            where = self.env._("file %s", file)
            if not file.exists() and not self._anything_encrypted():
                return "none", where
        company = company.sudo()
        secrets = (
            company.open_banking_client_secret_encrypted,
            company.open_banking_webhook_secret_encrypted,
        )
        try:
            self._fernet(may_create=False)
            for secret in filter(None, secrets):
                self._open(secret)
        except NotSetUp:
            return "bad", where
        return "good", where
