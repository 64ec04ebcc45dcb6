"""What Mastercard tells us unasked: the body of a webhook, already proven authentic.

Shapes as in Mastercard's public Postman webhooks file. One object with one member,
whose name is not to be relied on; inside it ``consentId``, ``event`` and ``data``.
Nothing here raises: a body that cannot be understood is an event with its problem.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .errors import Malformed
from .wire import Members, calendar_date, flag, identifier, instant, parse_json

MAX_ACCOUNTS = 1000
MAX_NAME = 100
MAX_REASON = 300

_ACCOUNT_LISTS = ("accountIds", "syncedAccountIds")
_MOMENTS = ("expiresAt", "rateLimitedUntil")


@dataclass(frozen=True, slots=True)
class EventAccount:
    """An account an event names.

    ``has_changes``: transactions changed; False: only the balance did. ``oldest_day``:
    the calendar day from which, None when not told.
    """

    id: str
    has_changes: bool = True
    oldest_day: date | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event. Texts are "" and moments None where the wire has none.

    ``until``: naive UTC, `expiresAt` or `rateLimitedUntil`. ``until_day``: its day as
    written. ``problem``: "", "malformed" (no JSON) or "no_event" (no such member).
    """

    name: str = ""
    consent_id: str = ""
    accounts: tuple[EventAccount, ...] = ()
    until: datetime | None = None
    until_day: date | None = None
    reason: str = ""
    problem: str = ""


def parse_event(body: bytes) -> Event:
    """Read the body of a webhook whose signature has been verified."""
    try:
        value = parse_json(body)
    except Malformed:
        return Event(problem="malformed")
    event = _event_in(value)
    if not event:
        return Event(problem="no_event")
    data = event.members("data")
    until = next(filter(None, map(data.get, _MOMENTS)), None)
    return Event(
        name=event.text("event")[:MAX_NAME],
        consent_id=identifier(event.get("consentId")),
        accounts=tuple(_accounts(data).values()),
        until=instant(until),
        until_day=calendar_date(until),
        reason=data.text("reason")[:MAX_REASON],
    )


def _event_in(value: Any) -> Members:
    """The object that holds `event`: a member of the body, or the body itself."""
    body = Members(value)
    inside = (Members(member) for _name, member in body.items())
    for candidate in (body, *inside):
        if candidate.text("event"):
            return candidate
    return Members(None)


def _accounts(data: Members) -> dict[str, EventAccount]:
    """The accounts by id, each once: the widest of what is said of it."""
    found: dict[str, EventAccount] = {}
    for account in _listed(data):
        if account.id and len(found) < MAX_ACCOUNTS:
            before = found.get(account.id)
            found[account.id] = _both(before, account) if before else account
    return found


def _listed(data: Members) -> list[EventAccount]:
    names = [data.get("accountId")]
    for name in _ACCOUNT_LISTS:
        listed = data.get(name)
        names += listed if isinstance(listed, list) else [listed]
    changed = data.get("changedAccounts")
    changed = changed if isinstance(changed, list) else [changed]
    plain = [EventAccount(identifier(name)) for name in names]
    return plain + [_changed(Members(each)) for each in changed]


def _changed(account: Members) -> EventAccount:
    oldest = calendar_date(account.get("oldestTransactionChangedAt"))
    told = account.get("transactionsChanged")
    # When it is not told, or a date is named all the same, more is read, not less.
    has_changes = told is None or flag(told) or oldest is not None
    return EventAccount(identifier(account.get("accountId")), has_changes, oldest)


def _both(one: EventAccount, other: EventAccount) -> EventAccount:
    days = [each.oldest_day for each in (one, other) if each.oldest_day]
    has_changes = one.has_changes or other.has_changes
    return EventAccount(one.id, has_changes, min(days, default=None))
