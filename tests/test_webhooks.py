import hashlib
import hmac
import json
from datetime import timedelta

from freezegun import freeze_time
from odoo import fields
from odoo.tests import tagged

from .webhooks import SECRET, WebhookCase

AIIA = (
    "X-Aiia-Signature",
    "X-Aiia-TimeStamp",
    "X-Aiia-EventId",
    "X-Aiia-Event",
)


@tagged("post_install", "-at_install")
class TestWebhooks(WebhookCase):
    """Who may speak, and what is taken in; nothing is acted on here."""

    def refused(self, answer):
        self.assertEqual((answer.status_code, answer.text), (401, "refused"))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertFalse(self.events())
        return answer

    def accepted(self, answer):
        self.assertEqual((answer.status_code, answer.text), (200, "ok"))

    def without(self, delivery, *names):
        return {k: v for k, v in delivery["headers"].items() if k not in names}

    def test_an_event_is_kept_and_the_job_is_called(self):
        job = self.env.ref("account_mastercard_open_banking.ir_cron_events")
        triggers = [("cron_id", "=", job.id)]
        self.env["ir.cron.trigger"].search(triggers).unlink()
        self.accepted(self.post(self.make("SyncDone")))
        event = self.events()
        self.assertEqual((event.name, event.state), ("SyncDone", "waiting"))
        self.assertEqual(event.company_id, self.company)
        self.assertTrue(event.said_on)
        self.assertEqual(self.count("ir.cron.trigger", triggers), 1)

    def test_each_scheme_alone(self):
        for number, scheme in enumerate(("viia", "aiia", "both"), 1):
            self.settings(signature_schemes=scheme)
            data = {"syncedAccountIds": [scheme]}
            self.accepted(self.post(self.make("SyncDone", data=data)))
            self.assertEqual(len(self.events()), number)
        self.settings(signature_timestamp_unit="ms")
        self.accepted(self.post(self.make("SyncDone")))

    def test_no_signature(self):
        self.settings(signature_schemes="none")
        self.refused(self.post(self.make("SyncDone")))

    def test_a_wrong_signature(self):
        self.settings(webhook_secret="another secret")
        for scheme in ("aiia", "viia", "both"):
            self.settings(signature_schemes=scheme)
            self.refused(self.post(self.make("SyncDone")))

    def test_the_stronger_signature_must_hold(self):
        delivery = self.make("SyncDone")
        headers = {**delivery["headers"], "X-Aiia-Signature": "0" * 64}
        self.refused(self.post(delivery, headers=headers))

    def test_a_part_of_the_signature_is_missing(self):
        delivery = self.make("SyncDone")
        for name in AIIA[1:]:
            self.refused(self.post(delivery, headers=self.without(delivery, name)))

    def test_an_old_signature_under_another_id_or_time(self):
        """A replay that pretends to be another event, or to be newer."""
        delivery = self.make("SyncDone")
        self.accepted(self.post(delivery))
        now = str(int(fields.Datetime.now().timestamp()) + 60)
        others = zip(AIIA[1:], (now, "another", "ConsentRevoked"), strict=True)
        for name, value in others:
            with self.subTest(name):
                headers = {**delivery["headers"], name: value}
                answer = self.post(delivery, headers=headers)
                self.assertEqual((answer.status_code, answer.text), (401, "refused"))
        self.assertEqual(len(self.events()), 1)

    def test_a_replay_within_its_time_does_nothing_again(self):
        delivery = self.make("SyncDone")
        self.accepted(self.post(delivery))
        job = self.env.ref("account_mastercard_open_banking.ir_cron_events")
        triggers = [("cron_id", "=", job.id)]
        before = self.count("ir.cron.trigger", triggers)
        for days in (1, 29):
            with freeze_time(fields.Datetime.now() + timedelta(days=days)):
                self.accepted(self.post(delivery))
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            answer = self.post(delivery)
            self.assertEqual((answer.status_code, answer.text), (401, "refused"))
        self.assertEqual(len(self.events()), 1)
        self.assertEqual(self.count("ir.cron.trigger", triggers), before)

    def test_an_old_delivery_whose_newer_signature_was_taken_off(self):
        delivery = self.make("SyncDone")
        self.accepted(self.post(delivery))
        headers = delivery["headers"]
        for name in AIIA:
            headers = {k: v for k, v in headers.items() if k.lower() != name.lower()}
        with freeze_time(fields.Datetime.now() + timedelta(days=29)):
            answer = self.post(delivery, headers=headers)
            self.assertEqual((answer.status_code, answer.text), (401, "refused"))
        self.assertEqual(len(self.events()), 1)
        # Mastercard may have stopped to use it: after a while the older one counts.
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.accepted(self.post(delivery, headers=headers))
            self.assertEqual(len(self.events()), 2)

    def test_a_body_that_was_written_anew(self):
        delivery = self.make("SyncDone", data={"syncedAccountIds": ["a", "b"]})
        anew = json.dumps(json.loads(delivery["body"]), indent=1).encode()
        self.assertNotEqual(anew, delivery["body"].encode())
        self.refused(self.post(delivery, body=anew))
        self.settings(signature_schemes="viia")
        self.refused(self.post(self.make("SyncDone"), body=anew))

    def test_without_a_secret_nothing_is_believed(self):
        self.company.open_banking_webhook_secret_encrypted = False
        self.settings(webhook_secret="")
        self.refused(self.post(self.make("SyncDone")))
        empty = hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
        headers = {"X-Viia-Signature": empty, "Content-Type": "application/json"}
        answer = self.url_open(self.path, data=b"{}", headers=headers)
        self.refused(answer)

    def test_an_address_nobody_gave_out(self):
        delivery = self.make("SyncDone")
        number, _dash, proof = self.path.rpartition("/")[2].partition("-")
        other = self.env["res.company"].search([("id", "!=", self.company.id)], limit=1)
        base = self.path.rpartition("/")[0]
        known = self.refused(self.post(delivery, headers={}))
        for key in (
            "x",
            "-",
            number,
            f"{number}-",
            f"{number}-{'0' * 40}",
            f"{other.id}-{proof}",
            f"999999999-{proof}",
            f"{'9' * 40}-{proof}",
            "%C3%A6-%C3%A6",
            f"{number}-%C3%A6",
        ):
            with self.subTest(key):
                answer = self.refused(self.post(delivery, path=f"{base}/{key}"))
                self.assertEqual(answer.headers.keys(), known.headers.keys())

    def test_only_by_post(self):
        self.assertEqual(self.url_open(self.path).status_code, 405)

    def test_any_content_type(self):
        delivery = self.make("SyncDone")
        for kind in ("text/plain", "application/octet-stream", ""):
            headers = {**delivery["headers"], "Content-Type": kind}
            self.accepted(self.post(delivery, headers=headers))

    def test_a_huge_body(self):
        body = b" " * (1024 * 1024 + 1)
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Viia-Signature": signature, "Content-Type": "application/json"}
        answer = self.url_open(self.path, data=body, headers=headers)
        self.assertEqual(answer.status_code, 413)
        self.assertFalse(self.events())

    def test_the_same_event_again(self):
        delivery = self.make("SyncDone")
        for _time in range(3):
            self.accepted(self.post(delivery))
        self.assertEqual(len(self.events()), 1)

    def test_a_replay_after_the_record_is_gone(self):
        delivery = self.make("SyncDone")
        self.accepted(self.post(delivery))
        with freeze_time(fields.Datetime.now() + timedelta(days=91)):
            self.env["open.banking.event"]._gc_events()
            self.assertFalse(self.events())
            self.refused(self.post(delivery))

    def test_a_time_in_the_future(self):
        ahead = fields.Datetime.now() + timedelta(hours=3)
        self.bank.control("clock", {"now": ahead.isoformat() + "Z"})
        self.refused(self.post(self.make("SyncDone")))
        self.bank.control("clock", {"real": True})

    def test_the_same_body_without_event_id(self):
        self.settings(signature_schemes="viia")
        delivery = self.make("SyncDone")
        start = fields.Datetime.now()
        for minutes, expected in ((0, 1), (4, 1), (9, 1), (20, 2), (24, 2), (40, 3)):
            with freeze_time(start + timedelta(minutes=minutes)):
                self.accepted(self.post(delivery))
            with self.subTest(minutes=minutes):
                self.assertEqual(len(self.events()), expected)

    def test_authentic_but_not_understood(self):
        for raw, code in (("{", "malformed"), ("[1]", "no_event"), ("{}", "no_event")):
            with self.subTest(raw):
                self.accepted(self.post(self.make("SyncDone", raw=raw)))
                event = self.events()[:1]
                self.assertEqual((event.state, event.outcome_code), ("done", code))
                self.assertTrue(event.outcome)

    def test_of_what_is_sent_no_more_is_kept_than_needed(self):
        data = {"accountId": "a", "balance": 1234.5, "text": "Løn til Karen"}
        self.accepted(self.post(self.make("SyncDone", data=data)))
        kept = json.dumps(self.events().read(), default=str)
        for secret in ("1234", "Karen", SECRET):
            self.assertNotIn(secret, kept)

    def test_the_settings_show_the_address_and_never_the_secret(self):
        settings = self.env["res.config.settings"].with_company(self.company)
        record = settings.create({})
        self.assertEqual(record.open_banking_webhook_url, self.base + self.path)
        self.assertTrue(record.open_banking_has_webhook_secret)
        self.assertFalse(record.open_banking_webhook_secret)
        record.open_banking_webhook_secret = " a new one "
        record.execute()
        self.settings(webhook_secret="a new one")
        self.accepted(self.post(self.make("SyncDone")))

    def test_the_key_of_the_vault_is_lost(self):
        delivery = self.make("SyncDone")
        path = self.env["open.banking.vault"]._key_file()
        away = path.with_suffix(".away")
        path.rename(away)
        try:
            self.assertEqual(self.post(delivery).status_code, 503)
        finally:
            away.rename(path)
        self.accepted(self.post(delivery))
