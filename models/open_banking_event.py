import hashlib
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from ..bank_api import parse_event
from ..bank_api.signatures import AIIA

_lt = LazyTranslate(__name__)

# An event may come late: Mastercard tries twenty times, from thirty seconds on, each
# time waiting twice as long. In thirty days it has tried sixteen times. An event id is
# remembered for longer than that, so that a replay is always known or too old.
OLDEST = timedelta(days=30)
FROM_THE_FUTURE = timedelta(hours=1)
KEPT_DAYS = 90

# The older signature names no event: the same body within this time is one event. Later
# it may be another that is equal, such as the second "SyncDone" of a day.
SAME_BODY = timedelta(minutes=10)

TITLES = {
    "AccountsUpdated": _lt("Transactions or balances have changed"),
    "SyncProgressUpdate": _lt("The bank is being read"),
    "SyncDone": _lt("The bank has been read"),
    "ConnectionUpdateRequired": _lt("The customer must log in at his bank"),
    "ConnectionRateLimited": _lt("The bank pauses"),
    "ConnectionRemoved": _lt("The connection to a bank was removed"),
    "ConsentNeedsUpdate": _lt("The consent must be confirmed again"),
    "ConsentRevoked": _lt("The consent was withdrawn"),
    "AccountsOrphaned": _lt("The bank no longer delivers accounts"),
    "AccountsUnorphaned": _lt("The bank delivers accounts again"),
}
OUTCOMES = {
    "acted": _lt("Odoo acted on it."),
    "no_concern": _lt("It does not concern Odoo."),
    "unknown_consent": _lt("Odoo does not know the consent it speaks of."),
    "not_active": _lt("The consent had ended already."),
    "asked_bank": _lt("It may be out of date: Odoo asks the bank instead."),
    "malformed": _lt("It could not be read."),
    "no_event": _lt("It names no event."),
    "failed": _lt("Acting on it failed. The server's log says why."),
}


class OpenBankingEvent(models.Model):
    """A message from Mastercard: who sent it is proven, what it says is a hint only.

    No bank data is taken from it: it leads to a reading, or to a word to people.
    """

    _name = "open.banking.event"
    _description = "Message from Mastercard"
    _order = "id desc"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
    )
    delivery_key = fields.Char(required=True, readonly=True)
    name = fields.Char(string="Event", readonly=True)
    title = fields.Char(compute="_compute_words", string="What happened")
    consent_external_id = fields.Char(string="Consent at Mastercard", readonly=True)
    consent_id = fields.Many2one(
        "open.banking.consent", readonly=True, ondelete="set null", index=True
    )
    # A list of [id, whether transactions changed, the oldest day or null].
    accounts = fields.Json(readonly=True)
    said_on = fields.Datetime(readonly=True, help="When Mastercard sent it.")
    until = fields.Datetime(readonly=True)
    until_day = fields.Date(readonly=True)
    reason = fields.Char(readonly=True)
    state = fields.Selection(
        [("waiting", "Waiting"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        readonly=True,
        default="waiting",
    )
    next_try = fields.Datetime(readonly=True, default=fields.Datetime.now)
    failures = fields.Integer(readonly=True)
    outcome_code = fields.Char(readonly=True)
    outcome = fields.Char(compute="_compute_words")

    _delivery_uniq = models.UniqueIndex("(company_id, delivery_key)")
    _waiting_index = models.Index("(next_try) WHERE state = 'waiting'")

    @api.depends("name", "outcome_code")
    @api.depends_context("lang")
    def _compute_words(self):
        for event in self:
            known = TITLES.get(event.name)
            event.title = self.env._(known) if known else event.name
            outcome = OUTCOMES.get(event.outcome_code)
            event.outcome = outcome and self.env._(outcome)

    @api.model
    def _is_out_of_time(self, timestamp):
        """Whether a delivery was sent too long ago, or in the future.

        :param datetime timestamp: as signed; None when the signature knows none
        """
        now = fields.Datetime.now()
        return bool(timestamp) and not now - OLDEST < timestamp < now + FROM_THE_FUTURE

    @api.model
    def _is_weaker(self, company, verified):
        """Whether a delivery bears the older signature only, although Mastercard has
        lately used the newer one here.

        It may be an old delivery from which the newer signature, which tells its
        moment, was taken off.
        """
        if verified.scheme == AIIA:
            return False
        lately = [
            ("company_id", "=", company.id),
            ("delivery_key", "=like", "aiia:%"),
            ("create_date", ">", fields.Datetime.now() - OLDEST),
        ]
        return bool(self.search_count(lately, limit=1))

    @api.model
    def _receive(self, company, verified, body):
        """Keep an event, and let the job act on it soon.

        :param res.company company: under whose address it came
        :param bank_api.Verified verified: what the signature vouches for
        :param bytes body: as received
        :return: whether it was new
        :rtype: bool
        """
        key = self._delivery_key(company, verified, body)
        said_on = verified.timestamp and verified.timestamp.replace(microsecond=0)
        if not key or not self._insert(company, key, said_on, parse_event(body)):
            return False
        self._wake_up()
        return True

    @api.model
    def _delivery_key(self, company, verified, body):
        """Name a delivery such that its repetitions have the same name.

        :rtype: str | None
        """
        if verified.scheme == AIIA:
            return f"aiia:{hashlib.sha256(verified.event_id.encode()).hexdigest()}"
        now = fields.Datetime.now()
        slot = int(now.timestamp() // SAME_BODY.total_seconds())
        name = f"viia:{hashlib.sha256(body).hexdigest()}"
        just_now = [
            ("company_id", "=", company.id),
            ("delivery_key", "=", f"{name}:{slot - 1}"),
            ("create_date", ">", now - SAME_BODY),
        ]
        return None if self.search_count(just_now, limit=1) else f"{name}:{slot}"

    @api.model
    def _insert(self, company, key, said_on, event):
        """Store an event unless it is there. Returns whether it was stored.

        In SQL: of deliveries at the same moment one is stored, the others must meet
        neither an error nor a second attempt of the whole request.
        """
        accounts = [
            [each.id, each.has_changes, each.oldest_day and each.oldest_day.isoformat()]
            for each in event.accounts
        ]
        now = fields.Datetime.now()
        values = {
            "company_id": company.id,
            "delivery_key": key,
            "name": event.name or None,
            "consent_external_id": event.consent_id or None,
            "accounts": psycopg2.extras.Json(accounts),
            "said_on": said_on,
            "until": event.until,
            "until_day": event.until_day,
            "reason": event.reason or None,
            "state": "done" if event.problem else "waiting",
            "outcome_code": event.problem or None,
            "next_try": now,
            "failures": 0,
            "create_date": now,
            "create_uid": self.env.uid,
        }
        query = SQL(
            """
            INSERT INTO open_banking_event (%s) VALUES (%s)
            ON CONFLICT (company_id, delivery_key) DO NOTHING RETURNING id
            """,
            SQL(", ").join(map(SQL.identifier, values)),
            SQL(", ").join(SQL("%s", value) for value in values.values()),
        )
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(query, log_exceptions=False)
                return bool(self.env.cr.fetchall())
        except psycopg2.errors.SerializationFailure:
            return False  # another delivery of it was stored since this one arrived

    @api.model
    def _wake_up(self, at=None):
        job = self.env.ref("account_mastercard_open_banking.ir_cron_events")
        job.sudo()._trigger(at)

    @api.autovacuum
    def _gc_events(self):
        """Delete events that nobody will ask about any more."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.sudo().search([("create_date", "<", limit)]).unlink()
