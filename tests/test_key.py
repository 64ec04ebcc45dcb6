import linecache
import os
import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet, InvalidToken
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import new_test_user, tagged
from odoo.tools import config

from ..models import open_banking_vault_rotation as rotation
from ..models.open_banking_vault import ENCRYPTED, KEY_OPTION, KEY_VARIABLE, NotSetUp
from .common import BOOKKEEPER_GROUPS
from .keys import OwnKeys
from .reminders import ReminderCase
from .tokens import TokenCase


class Killed(BaseException):
    """The process ends here."""


class KilledAtLine:
    """Ends the process at the n-th line of the vault's own code.

    Not on the line of a `with`: Python comes back to it to leave the block, and the
    cursor would stay open, which it does not when a process ends.
    """

    FILES = ("open_banking_vault.py", "open_banking_vault_rotation.py")

    def __init__(self, number):
        self.left, self.seen = number, set()

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self.trace)

    def __exit__(self, *_error):
        sys.settrace(self.before)

    def trace(self, frame, event, _argument):
        if Path(frame.f_code.co_filename).name not in self.FILES:
            return None
        place = frame.f_code.co_filename, frame.f_lineno
        if event == "line" and place not in self.seen:
            self.seen.add(place)
            self.left -= not linecache.getline(*place).strip().startswith("with ")
            if not self.left:
                raise Killed()
        return self.trace


@tagged("post_install", "-at_install")
class TestNewKey(OwnKeys, TokenCase):
    """Everything is encrypted anew, and nothing is ever unreadable."""

    def setUp(self):
        super().setUp()
        self.before = self.all_secrets()
        self.assertEqual(len(self.before), 3)

    def all_secrets(self):
        """Return everything encrypted, in clear."""
        self.env.invalidate_all()
        return {
            (record, name): self.vault._decrypt(record[name])
            for records, stored in self.vault._encrypted_records()
            for record in records
            for name in stored
            if record[name]
        }

    def stored(self):
        self.env.invalidate_all()
        return {
            record[name]
            for records, stored in self.vault._encrypted_records()
            for record in records
            for name in stored
            if record[name]
        }

    def rotate(self):
        self.env.flush_all()
        with self.own_cursors(), patch.object(rotation, "PAUSE", 0.01):
            return self.vault._rotate()

    def test_all_encrypted_fields_are_known(self):
        found = {
            name: tuple(
                sorted(
                    field.name
                    for field in model._fields.values()
                    if field.name.endswith("_encrypted") and field.store
                )
            )
            for name, model in self.env.registry.items()
            if not model._abstract
        }
        self.assertEqual({name: f for name, f in found.items() if f}, ENCRYPTED)

    def test_a_new_key_in_the_file(self):
        old, old_values = self.key_file.read_bytes(), self.stored()
        self.assertEqual(self.rotate(), 3)
        new = self.key_file.read_bytes()
        self.assertNotEqual(new, old)
        self.assertEqual(len(new.split()), 1)
        self.assertEqual(self.key_file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(list(self.key_file.parent.iterdir()), [self.key_file])
        self.assertEqual(self.all_secrets(), self.before)
        self.assertFalse(self.stored() & old_values)
        for value in self.stored():
            with self.assertRaises(InvalidToken):
                Fernet(old).decrypt(value.encode())
        self.add(self.account, amount="-12.00", text="Bager")
        self.fetch_again(self.account)
        self.assert_books_equal_bank(self.account)

    def test_killed_at_any_line(self):
        """Whatever was done by then, all can be read, and the next attempt ends it."""
        number, ended = 0, False
        while not ended:
            number += 1
            try:
                with KilledAtLine(number):
                    self.rotate()
            except Killed:
                ended = False
            else:
                ended = True
            self.assertEqual(self.all_secrets(), self.before, number)
            self.rotate()
            self.assertEqual(len(self.key_file.read_bytes().split()), 1, number)
        self.assertGreater(number, 80)
        self.assertEqual(self.all_secrets(), self.before)
        self.assertEqual(list(self.key_file.parent.iterdir()), [self.key_file])

    def test_what_was_encrypted_with_the_old_key_meanwhile_keeps_it(self):
        """Should anything slip through, the old key stays where it is."""
        old = self.key_file.read_bytes()
        encrypt_anew = type(self.vault)._encrypt_anew
        late = Fernet(old).encrypt(b"late").decode()
        company = self.company.sudo()

        def with_one_more(vault):
            count = encrypt_anew(vault)
            vault.env["res.company"].sudo().browse(
                company.id
            ).open_banking_webhook_secret_encrypted = late
            return count

        with patch.object(type(self.vault), "_encrypt_anew", with_one_more):
            self.rotate()
        self.assertIn(old, self.key_file.read_bytes())
        self.assertIn("late", self.all_secrets().values())
        self.rotate()
        self.assertNotIn(old, self.key_file.read_bytes())
        self.assertIn("late", self.all_secrets().values())

    def test_somebody_who_works_for_too_long(self):
        with patch.object(rotation, "OTHERS_END_WITHIN", 0):
            with patch.object(type(self.vault), "_older", lambda *_: 1):
                with self.assertRaisesRegex(UserError, "All keys were kept"):
                    self.rotate()
        self.assertEqual(len(self.key_file.read_bytes().split()), 2)
        self.assertEqual(self.all_secrets(), self.before)

    def test_older_transactions_are_seen(self):
        with self.registry.cursor() as other:
            own = self.vault._pids(self.env.cr)
            other.execute("SELECT pg_backend_pid()")
            with self.own_cursors():
                with self.registry.cursor() as mine:
                    mine.execute("SELECT clock_timestamp()")
                    moment = mine.fetchone()[0]
                if other.connection.get_backend_pid() not in own:
                    self.assertGreaterEqual(self.vault._older(moment, own), 1)
                    other.rollback()
                    self.assertEqual(self.vault._older(moment, own), 0)

    # === KEYS OF THE SERVER === #

    def test_keys_of_the_environment(self):
        old = self.key_file.read_text()
        new = Fernet.generate_key().decode()
        os.environ[KEY_VARIABLE] = f"{new}, {old}"
        self.assertEqual(self.rotate(), 3)
        os.environ[KEY_VARIABLE] = new
        self.assertEqual(self.all_secrets(), self.before)
        self.assertEqual(self.key_file.read_text(), old)  # the administrator's own

    def test_from_the_file_to_odoo_conf(self):
        """Without naming the file's key: the command knows it."""
        new = Fernet.generate_key().decode()
        config[KEY_OPTION] = new
        self.rotate()
        self.lose_key()
        self.assertEqual(self.all_secrets(), self.before)

    def test_the_environment_comes_first(self):
        first, second = (Fernet.generate_key().decode() for _ in range(2))
        config[KEY_OPTION] = second
        secret = self.vault._encrypt("of odoo.conf")
        self.assertEqual(Fernet(second).decrypt(secret.encode()), b"of odoo.conf")
        state, where = self.vault._key_state(self.company)
        self.assertIn("option open_banking_key of odoo.conf", where)
        os.environ[KEY_VARIABLE] = first
        secret = self.vault._encrypt("of the environment")
        self.assertEqual(Fernet(first).decrypt(secret.encode()), b"of the environment")
        del os.environ[KEY_VARIABLE]
        config[KEY_OPTION] = None
        self.assertEqual(self.all_secrets(), self.before)


@tagged("post_install", "-at_install")
class TestLostKey(OwnKeys, ReminderCase):
    """Said once and clearly, nothing crashes, and there is a way out."""

    def setUp(self):
        super().setUp()
        self.account = self.import_one("Driftskonto")
        self.consent = self.account.consent_id.sudo()
        self.consent.partner_id = self.karen
        self.admin = self.env.ref("base.user_admin")
        self.admin.company_ids += self.company
        self.admin.company_id = self.company

    def settings(self, user=None):
        settings = self.env["res.config.settings"].with_user(user or self.admin)
        return settings.with_company(self.company).create({})

    def run_all_jobs(self):
        for job in self.env["open.banking.health"]._jobs():
            self.env.flush_all()
            with self.own_cursors(), self.assertNoLogs("odoo.addons", "WARNING"):
                answer = job.method_direct_trigger()
            self.assertIs(answer, True, answer)
            self.env.invalidate_all()

    def make_all_due(self):
        now = fields.Datetime.now()
        self.account.next_attempt = now
        self.consent.tokens_issued_at = now - timedelta(days=2)
        self.consent.expires_on = self.today + timedelta(days=3)

    def test_everything_is_quiet_and_says_so(self):
        self.lose_key()
        self.make_all_due()
        calls = len(self.bank.wire_calls())
        self.run_all_jobs()
        self.run_all_jobs()
        self.assertEqual(len(self.bank.wire_calls()), calls)
        self.assertFalse(self.mails())  # the bookkeeper hears of it, no customer does
        card = self.journal._open_banking_cards()[self.journal]
        self.assertEqual(card["state"], "error")
        self.assertIn("its key is missing", card["text"])
        rows = self.env["open.banking.health"]._rows(self.company)
        [row] = [row for row in rows if row["title"] == "Key"]
        self.assertEqual(row["state"], "bad")
        self.assertIn("Start with a New Key", row["todo"])
        self.assertFalse(self.key_file.exists())

    def test_the_key_that_is_found_again_loses_nothing(self):
        content = self.lose_key()
        self.make_all_due()
        self.run_all_jobs()
        self.key_file.write_bytes(content)
        self.consent.next_refresh = False
        self.add(self.account, amount="-12.00", text="Bager")
        self.fetch_again(self.account)
        self.assert_books_equal_bank(self.account)
        self.assertFalse(self.account.error_code)

    def test_starting_with_a_new_key(self):
        """Forget, enter the credentials, renew: the accounts go on without a gap."""
        self.add(self.account, amount="-11.00", text="While it was lost")
        for spoil in (self.lose_key, lambda: self.key_file.write_text("no key")):
            spoil()
            with self.assertRaises(NotSetUp):
                self.vault._encrypt("new credentials")
        settings = self.settings()
        self.assertTrue(settings.open_banking_key_is_lost)
        self.bank.control("requests", method="DELETE")
        call_kw(settings, "action_open_banking_new_key", [settings.ids], {})
        self.env.invalidate_all()
        self.assertEqual(self.consent.state, "expired")
        self.assertEqual(self.consent.error_code, "key_lost")
        self.assertFalse(self.consent.refresh_token_encrypted)
        self.assertIn("was lost", self.account.consent_end_text)
        put_away = list(self.key_file.parent.glob("*.unusable-*"))
        self.assertEqual([path.read_text() for path in put_away], ["no key"])
        # Nobody is asked to renew before it can be done.
        self.run_all_jobs()
        self.assertFalse(self.mails())
        self.assertFalse(self.bank.wire_calls())
        self.enter_credentials()
        self.assertFalse(self.settings().open_banking_key_is_lost)
        self.run_all_jobs()
        [mail] = self.mails()
        self.renew(self.links(mail)[0], ["Driftskonto"])
        self.run_jobs()
        self.assertEqual(self.account.consent_id.state, "active")
        self.assert_books_equal_bank(self.account)

    def test_what_can_be_read_is_kept(self):
        """Only what no key opens is forgotten."""
        lost = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
        self.company.sudo().open_banking_webhook_secret_encrypted = lost
        content = self.key_file.read_bytes()
        self.settings().action_open_banking_new_key()
        company = self.company.sudo()
        self.assertFalse(company.open_banking_webhook_secret_encrypted)
        self.assertTrue(company.open_banking_client_secret_encrypted)
        self.assertEqual(self.consent.state, "active")
        self.assertEqual(self.key_file.read_bytes(), content)

    def test_nothing_is_forgotten_when_nothing_is_lost(self):
        with self.assertRaisesRegex(UserError, "Nothing is lost"):
            self.settings().action_open_banking_new_key()
        self.assertEqual(self.consent.state, "active")

    def test_an_unusable_key_of_the_server_is_to_be_mended_first(self):
        os.environ[KEY_VARIABLE] = "no key"
        with self.assertRaisesRegex(NotSetUp, "not a valid key"):
            self.settings().action_open_banking_new_key()
        self.assertTrue(self.consent.refresh_token_encrypted)

    def test_only_administrators(self):
        manager = new_test_user(
            self.env,
            login="books",
            groups=BOOKKEEPER_GROUPS,
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.lose_key()
        model = self.env["res.config.settings"].with_user(manager)
        for name in ("action_open_banking_new_key", "action_open_banking_is_original"):
            with self.assertRaises(AccessError):
                call_kw(model, name, [[]], {})
        self.assertTrue(self.consent.refresh_token_encrypted)
