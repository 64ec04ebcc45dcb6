"""What the database says of the import, read from outside while it runs."""

import psycopg2

import cluster

# Work in hand: which account is first in line, and how far its run is. A worker has
# two connections: one holds the scheduled job, the other does the work.
MOMENT = """
    SELECT CASE WHEN run.id IS NULL THEN 'before a run'
                WHEN run.state = 'booking' THEN 'booking'
                WHEN run.pages = 0 THEN 'first page'
                ELSE 'later page' END,
           (SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid != pg_backend_pid()
               AND xact_start IS NOT NULL)
      FROM open_banking_account account
      LEFT JOIN open_banking_fetch run
        ON run.account_id = account.id AND run.state IN ('reading', 'booking')
     WHERE account.journal_id IS NOT NULL
       AND account.next_attempt <= now() AT TIME ZONE 'UTC'
  ORDER BY account.next_attempt, account.id
     LIMIT 1
"""
DUE = """
    UPDATE open_banking_account
       SET next_attempt = date_trunc('second', now() AT TIME ZONE 'UTC')
     WHERE journal_id IS NOT NULL
"""
# Odoo pauses a job for an hour that was killed three times without any progress.
PARDON = "UPDATE ir_cron_progress SET timed_out_counter = 0 WHERE timed_out_counter > 0"
TRIGGER = """
    INSERT INTO ir_cron_trigger (cron_id, call_at)
    SELECT unnest(%s), date_trunc('second', now() AT TIME ZONE 'UTC')
"""
FETCH_JOB = """
    SELECT res_id FROM ir_model_data
     WHERE module = 'account_mastercard_open_banking' AND name = 'ir_cron_fetch'
"""


class Books:
    """A connection of our own to the database of the chaos run."""

    def __init__(self, server, name):
        self.connection = psycopg2.connect(
            host=str(server.socket_dir), port=5432, user=cluster.ROLE, dbname=name
        )
        self.connection.autocommit = True
        [(self.job,)] = self.rows(FETCH_JOB)

    def close(self):
        self.connection.close()

    def rows(self, query, *values):
        """Run a query; its rows as tuples."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def accounts(self):
        """The accounts in use, as dictionaries."""
        names = ("id", "name", "iban", "journal_id")
        query = f"SELECT {', '.join(names)} FROM open_banking_account"
        rows = self.rows(f"{query} WHERE journal_id IS NOT NULL ORDER BY id")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def make_due(self, *jobs):
        """Every account is to be read now, by these jobs (without: the usual one)."""
        self.rows(PARDON)
        self.make_due_at_work(*jobs)

    def make_due_at_work(self, *jobs):
        """The same while a worker may be at work, who keeps a record of its job."""
        self.rows(DUE)
        self.trigger(*jobs)

    def wear_tokens_out(self):
        """As if an hour had passed: the access token must be renewed first."""
        until = "access_token_until = now() AT TIME ZONE 'UTC'"
        self.rows(f"UPDATE open_banking_consent SET {until}")

    def trigger(self, *jobs):
        """Let the scheduled jobs run now."""
        self.rows(TRIGGER, list(jobs) or [self.job])

    def moment(self):
        """What is being worked on right now, or None when nothing is left to do."""
        rows = self.rows(MOMENT)
        if not rows:
            return None
        step, transactions = rows[0]
        return step if transactions > 1 else f"{step}, between two units"

    def waiting(self):
        """How many accounts are due."""
        due = "next_attempt <= now() AT TIME ZONE 'UTC'"
        return self.count("open_banking_account", f"journal_id IS NOT NULL AND {due}")

    def unfinished(self):
        """How many runs are open."""
        return self.count("open_banking_fetch", "state IN ('reading', 'booking')")

    def count(self, table, condition="true"):
        """Count rows."""
        return self.rows(f"SELECT COUNT(*) FROM {table} WHERE {condition}")[0][0]
