"""Values shared by the rooms of the add-on that may touch the database."""

from datetime import timedelta

from psycopg2.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

# The value of a journal's feed source, and those of feeds that read a bank by
# themselves as ours does: OCA's and Odoo Enterprise's.
FEED_SOURCE = "mastercard_open_banking"
OTHER_FEEDS = ("online", "online_sync")

# Hosts of product A (Mastercard Postman collection, "Environments" page).
PRODUCTION_URL = "https://api.aiia.eu"
SANDBOX_URL = "https://api-sandbox.aiia.eu"

CALLBACK_PATH = "/open_banking/callback"
CONSENT_PAGE_PATH = "/open_banking/consent"
OUTCOME_PATH = "/open_banking/outcome"
WEBHOOK_PATH = "/open_banking/webhook"

# One page of the bank's list, and one chunk of statement lines, are the unit of work
# of a scheduled job: a few seconds, well inside Odoo's limits for cron workers. The
# page is the largest we ask for; a bank may refuse it, or send less. Lines that are
# inserted by set come in larger chunks: their probes cost the same for few. When a row
# is refused its chunk is halved and made again, so a chunk that Odoo makes stays small.
PAGE_SIZE = 1000
CHUNK_SIZE = 200
SET_SIZE = 10_000

# Mastercard reads the banks every six hours (its page "Data synchronisation").
FETCH_INTERVAL_HOURS = 6

# The bank's days are Danish days: "today" is the calendar day in Copenhagen.
BANK_TIMEZONE = "Europe/Copenhagen"

# Another worker has, or just had, what this one wants. No other error of PostgreSQL
# goes away by waiting quietly: a full disk, say, has to be told.
CONCURRENT = (DeadlockDetected, LockNotAvailable, SerializationFailure)

# When a worker comes back for what another worker has locked.
BUSY = timedelta(minutes=1)
