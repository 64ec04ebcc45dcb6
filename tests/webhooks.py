from .common import OpenBankingHttpCase

SECRET = "webhook secret of the tests"


class WebhookCase(OpenBankingHttpCase):
    """The rehearsal bank signs its events; the tests carry them to Odoo.

    (A server under test answers the test's own session only.)
    """

    def setUp(self):
        super().setUp()
        self.company.open_banking_webhook_secret_encrypted = self.env[
            "open.banking.vault"
        ]._encrypt(SECRET)
        self.path = self.company._open_banking_webhook_path()
        self.settings(webhook_secret=SECRET)

    def settings(self, **values):
        self.bank.control("settings", values)

    def told(self, event):
        """Return the bank's newest delivery of an event."""
        log = self.bank.control("webhooks")["webhooks"]
        return [delivery for delivery in log if delivery["event"] == event][-1]

    def make(self, event, consent="no-consent", data=None, **options):
        """Let the bank make any event, and return it."""
        body = {"event": event, "consent": consent, "data": data, **options}
        self.bank.control("webhooks/send", body)
        return self.told(event)

    def post(self, delivery, path=None, headers=None, body=None):
        """Carry a delivery to Odoo; returns the answer."""
        body = delivery["body"].encode() if body is None else body
        headers = delivery["headers"] if headers is None else headers
        return self.url_open(path or self.path, data=body, headers=headers)

    def tell(self, event, *args, **options):
        """Make an event, carry it to Odoo and act on it; returns its record."""
        answer = self.post(self.make(event, *args, **options))
        self.assertEqual((answer.status_code, answer.text), (200, "ok"))
        self.react()
        return self.events()[:1]

    def hear(self, event):
        """Carry the newest event that the bank made by itself to Odoo, and act."""
        answer = self.post(self.told(event))
        self.assertEqual((answer.status_code, answer.text), (200, "ok"))
        self.react()
        return self.events()[:1]

    def events(self):
        return self.env["open.banking.event"].search([])

    def react(self):
        """Run the job that acts on events."""
        job = self.env.ref("account_mastercard_open_banking.ir_cron_events")
        self.env.flush_all()
        error = job.method_direct_trigger()
        self.assertIsInstance(error, bool, error)
        self.env.invalidate_all()

    def calls(self):
        """Return the accounts somebody wants to have read."""
        return self.env["open.banking.call"].search([]).account_id

    def activities(self, consent):
        return consent.activity_ids.mapped("note")
