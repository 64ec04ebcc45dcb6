"""What happens by itself: fetches, and the events that tell of it."""

from datetime import date, timedelta

from . import tokens
from .clock import instant_text

SPAN_DECIMALS = 9

# the member of the body that holds each event (Mastercard's Postman webhooks)
MEMBERS = {
    "AccountsUpdated": "accountsUpdatedWebhook",
    "SyncProgressUpdate": "syncProgressUpdateWebhook",
    "SyncDone": "syncDoneWebhook",
    "ConnectionUpdateRequired": "connectionUpdateRequiredWebhook",
    "ConnectionRateLimited": "connectionRateLimitedWebhook",
    "ConnectionRemoved": "connectionRemovedWebhook",
    "ConsentNeedsUpdate": "consentNeedsUpdateWebhook",
    "ConsentRevoked": "consentRevokedWebhook",
    "AccountsOrphaned": "accountsOrphanedWebhook",
    "AccountsUnorphaned": "accountsUnorphanedWebhook",
    "AccountVerifiedForPayments": "accountsVerifiedForPaymentsWebhook",
}


def emit(world, consent, event, data):
    """Send a webhook about a consent, unless ``auto_webhooks`` is off."""
    if not world.settings.auto_webhooks:
        return
    body = {MEMBERS[event]: {"consentId": consent.id, "event": event, "data": data}}
    world.webhooks.send(event, consent.id, body)


def accounts_updated(world, account, day=None):
    """Tell every consent of the account; ``day`` is the oldest changed day.

    Without a day only the balance has changed.
    """
    for consent in world.consents_of(account):
        _emit_updated(
            world, consent, [(a, day) for a in _held(world, consent, account)]
        )


def _held(world, consent, account):
    held = (world.accesses[number] for number in consent.account_ids)
    return [access for access in held if access.account is account]


def _emit_updated(world, consent, changes):
    changed = []
    for access, day in changes:
        oldest = span = None
        if day is not None:
            oldest = f"{date.fromordinal(day).isoformat()}T00:00:00Z"
            now = instant_text(world.clock.now(), SPAN_DECIMALS)
            span = f"{oldest[:-1]}.000000000Z/{now}"
        changed.append(
            {
                "accountId": access.external_id,
                "transactionsChanged": day is not None,
                "oldestTransactionChangedAt": oldest,
                "transactionSpan": span,
            }
        )
    data = {"changedAccounts": changed}
    emit(world, consent, "AccountsUpdated", data)


def queue_sync(world, consent):
    """Ask for a fetch of everything a consent reaches, as the switch says."""
    mode = world.settings.sync
    if mode == "immediate":
        run_sync(world, consent)
    elif mode == "delayed":
        due = world.clock.timestamp() + world.settings.sync_delay_seconds
        world.sync_due.append((due, consent.id))


def run_sync(world, consent):
    """Fetch now: first data appears, waiting rows arrive, events are sent."""
    now = world.clock.now()
    held = [world.accesses[number] for number in consent.account_ids]
    synced = [access for access in held if _reachable(world, consent, access, now)]
    changes = []
    for access in synced:
        days = [step() for step in access.account.waiting]
        access.account.waiting.clear()
        first, access.told = not access.told, True
        access.synced, access.last_sync = True, now
        if first and len(access.account.ledger):
            days.append(access.account.ledger.day[0])
        if days:
            changes.append((access, min(days)))
        data = {"accountId": access.external_id}
        emit(world, consent, "SyncProgressUpdate", data)
    if changes:
        _emit_updated(world, consent, changes)
    data = {"syncedAccountIds": [access.external_id for access in synced]}
    emit(world, consent, "SyncDone", data)


def _reachable(world, consent, access, now):
    if access.account.orphaned or consent.revoked:
        return False
    for connection in consent.connections:
        if (connection.bank_id, connection.bank_user) == (
            access.account.bank.id,
            access.bank_user,
        ):
            limited = connection.rate_limited_until
            return (
                not connection.login_required
                and connection.expires_at > now
                and not (limited and limited > now)
            )
    return False


def tick(world):
    """Do what has become due by the clock. Called before every request."""
    now = world.clock.timestamp()
    due = [one for one in world.sync_due if one[0] <= now]
    if due:
        world.sync_due = [one for one in world.sync_due if one[0] > now]
        for _instant, consent_id in due:
            _sync_by_id(world, consent_id)
    _auto_sync(world)
    _ends(world)


def _sync_by_id(world, consent_id):
    consent = world.consents.get(consent_id)
    if consent and not consent.revoked:
        run_sync(world, consent)


def _auto_sync(world):
    hours = world.settings.auto_sync_hours
    if hours <= 0:
        world.next_auto_sync = None
        return
    now = world.clock.now()
    if world.next_auto_sync is None:
        world.next_auto_sync = now + timedelta(hours=hours)
    if world.next_auto_sync <= now:
        world.next_auto_sync = now + timedelta(hours=hours)
        for consent in list(world.consents.values()):
            _sync_by_id(world, consent.id)


def account_ids(world, consent, connection):
    """The ids of a consent's accounts at one of its banks."""
    return [
        number
        for number in consent.account_ids
        if world.accesses[number].account.bank.id == connection.bank_id
        and world.accesses[number].bank_user == connection.bank_user
    ]


def login_required(world, consent, connection, reason=None):
    """Tell until when the bank goes on without the customer."""
    data = {
        "accountIds": account_ids(world, consent, connection),
        "expiresAt": instant_text(connection.expires_at),
        "reason": reason,
    }
    emit(world, consent, "ConnectionUpdateRequired", data)


def _ends(world):
    """Announce the ends of bank logins ahead, where a bank does, and carry them out."""
    now, settings = world.clock.now(), world.settings
    for consent in world.consents.values():
        for connection in () if consent.revoked else consent.connections:
            days = settings.announce_days_by_bank.get(connection.bank_id, 0)
            is_near = connection.expires_at - timedelta(days=days) <= now
            if days and is_near and not connection.announced:
                connection.announced = True
                login_required(world, consent, connection)
            over = connection.expires_at <= now and not connection.login_required
            if over and settings.tokens_die_at_end:
                connection.login_required = True
                tokens.drop_tokens(world, consent)
