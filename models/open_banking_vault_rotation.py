import logging
import time

import psycopg2
from cryptography.fernet import Fernet, InvalidToken
from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .open_banking_vault import ENCRYPTED

_logger = logging.getLogger(__name__)

LOCK = "account_mastercard_open_banking.rotation"
# A worker has a row for one unit of work: a few calls of Mastercard at most.
LONGEST_WAIT = "60s"
TRIES, PAUSE = 10, 1.0
# A scheduled job has a transaction open all the time, two minutes at most.
OTHERS_END_WITHIN = 180


class OpenBankingVault(models.AbstractModel):
    """Another key: everything encrypted is encrypted anew, in one transaction.

    Killed at any line, everything stays readable: a key leaves the key file only when
    nothing in the database needs it any more and nobody is at work who still might.
    """

    _inherit = "open.banking.vault"

    @api.model
    def _rotate(self):
        """Encrypt everything with a new first key. Commits; see the README, "The key".

        A key file gets the new key from here. Keys of the environment or of odoo.conf
        are the administrator's: the first of them is taken.

        :return: how many secrets and tokens were encrypted anew
        :rtype: int
        :raise UserError: when somebody else is rotating, or works for too long
        :raise NotSetUp: when there is no key, or in a copy of the database
        """
        self.env["open.banking.home"]._check()
        with self.env.registry.cursor() as guard:
            self._lock_rotation(guard)
            own = self._pids(self.env.cr, guard)
            is_file = not self._keys_of_server()
            if is_file:
                self._add_first_key()
                # Who read the file before may still encrypt with the old first key.
                self._wait_for_older(own)
            count = self._in_one_transaction("_encrypt_anew")
            if is_file:
                # Who began before may still have to open what he read.
                self._wait_for_older(own)
                self._drop_old_keys()
        _logger.info("%s secrets and tokens were encrypted with a new key", count)
        return count

    def _lock_rotation(self, guard):
        guard.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        if not guard.fetchone()[0]:
            raise UserError(self.env._("Somebody else is changing the key just now."))

    # === THE KEY FILE === #

    def _add_first_key(self):
        """Let new secrets be encrypted with a new key; the old ones still decrypt."""
        keys = self._keys_from_file(may_create=True)
        self._fernet_of(keys)  # an unusable file is not made worse
        self._replace_key_file(self._key_file(), [Fernet.generate_key(), *keys])

    def _drop_old_keys(self):
        """Keep the first key only, once it opens all that can be opened at all."""
        keys = self._keys_from_file(may_create=False)
        if not self._in_one_transaction("_needs", keys[1:], keys[:1]):
            self._replace_key_file(self._key_file(), keys[:1])

    def _needs(self, old, new):
        """Whether something is encrypted that an old key opens and no new one.

        :rtype: bool
        """
        values = [
            record[field]
            for records, stored in self._encrypted_records()
            for record in records
            for field in stored
            if record[field]
        ]
        return any(
            self._opens(value, old) and not self._opens(value, new) for value in values
        )

    def _opens(self, value, keys):
        """Whether one of these keys opens a value.

        :rtype: bool
        """
        try:
            return bool(keys) and bool(self._fernet_of(keys).decrypt(value.encode()))
        except InvalidToken:
            return False

    def _known_keys(self):
        """Return all keys that are anywhere, those in use first.

        :rtype: list[bytes]
        """
        keys = [key.encode() for key in self._all_keys_of_server()]
        path = self._key_file()
        if not keys or path.exists():
            keys += self._keys_from_file(may_create=False)
        return list(dict.fromkeys(keys))

    # === THE DATABASE === #

    def _encrypt_anew(self):
        """Encrypt everything with the first key. Who is at a row is waited for; he is
        never disturbed, since workers pass by what is locked here.

        :return: how many values were encrypted
        :rtype: int
        """
        fernet = self._fernet_of(self._known_keys())
        self.env.cr.execute(
            "SELECT set_config('lock_timeout', %s, true)", [LONGEST_WAIT]
        )
        return sum(
            self._encrypt_table(self.env[name]._table, stored, fernet)
            for name, stored in ENCRYPTED.items()
        )

    def _encrypt_table(self, table, stored, fernet):
        """In SQL: nothing has changed for the ORM, and the rows must be locked."""
        columns = SQL(", ").join(map(SQL.identifier, stored))
        query = SQL(
            "SELECT id, %s FROM %s WHERE num_nonnulls(%s) > 0"
            " ORDER BY id FOR NO KEY UPDATE",
            columns,
            SQL.identifier(table),
            columns,
        )
        count = 0
        rows = self.env.execute_query(query)
        for place, name in enumerate(stored, start=1):
            anew = {row[0]: self._anew(row[place], fernet) for row in rows}
            anew = {number: text for number, text in anew.items() if text}
            self.env.execute_query(
                SQL(
                    "UPDATE %s SET %s = anew.text"
                    "  FROM unnest(%s::int[], %s::text[]) AS anew(id, text)"
                    " WHERE %s.id = anew.id RETURNING 1",
                    SQL.identifier(table),
                    SQL.identifier(name),
                    list(anew),
                    list(anew.values()),
                    SQL.identifier(table),
                )
            )
            count += len(anew)
        return count

    def _anew(self, text, fernet):
        """Return the new form of a value; None for nothing, and for what no key opens:
        that is not made worse."""
        try:
            return fernet.rotate(text.encode()).decode() if text else None
        except InvalidToken:
            return None

    # === OTHERS AT WORK === #

    def _in_one_transaction(self, method, *args):
        """Run a method in a transaction of its own, again if others were faster."""
        for left in reversed(range(TRIES)):
            try:
                with self.env.registry.cursor() as cursor:
                    env = api.Environment(cursor, SUPERUSER_ID, {})
                    return getattr(env[self._name], method)(*args)
            except psycopg2.OperationalError:
                if not left:
                    raise
                time.sleep(PAUSE)
        return None

    def _pids(self, *cursors):
        pids = []
        for cursor in cursors:
            cursor.execute("SELECT pg_backend_pid()")
            pids.append(cursor.fetchone()[0])
        return pids

    def _wait_for_older(self, own):
        """Wait until every transaction that is open now is over, ours aside.

        :param list own: process numbers of our own connections
        :raise UserError: when one goes on for too long. Both keys stay in the file.
        """
        with self.env.registry.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            moment = cursor.fetchone()[0]
        end = time.monotonic() + OTHERS_END_WITHIN
        while self._older(moment, own):
            if time.monotonic() > end:
                raise UserError(
                    self.env._(
                        "Somebody has been at work in this database for minutes. All "
                        "keys were kept. Please try again when he is done."
                    )
                )
            time.sleep(PAUSE)

    def _older(self, moment, own):
        with self.env.registry.cursor() as cursor:
            # PostgreSQL shows the same picture all through a transaction.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                """
                SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND xact_start < %s
                   AND backend_type = 'client backend' AND pid <> ALL(%s)
                """,
                [moment, [*own, *self._pids(cursor)]],
            )
            return cursor.fetchone()[0]
