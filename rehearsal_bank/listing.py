"""Pages of transactions: which rows an answer holds, and paging tokens."""

import base64
import hashlib
import json
from array import array
from datetime import datetime, timezone

from .clock import years_before
from .reply import invalid

_KEPT = 6
# begins the tokens of the fault "endless_paging", which lead to page one again
ENDLESS = "endless-"


def entries(world, access, wants_deleted, query=None):
    """The rows an access sees in page order, as codes (see ``unpack``).

    The answer is kept until the ledger changes, so that reading page after
    page of a large account stays cheap.
    """
    if not access.visible:
        return array("Q")
    ledger, settings = access.account.ledger, world.settings
    floor = years_before(world.clock.today(), settings.history_years).toordinal()
    oldest_first = settings.page_order == "oldest_first"
    base = (ledger.version, wants_deleted, floor, oldest_first)
    everything = _kept(
        ledger, base, lambda: _all(ledger, wants_deleted, floor, oldest_first)
    )
    if query is None:
        return everything
    asked = json.dumps(query.scope, sort_keys=True, default=str)
    key = (*base, asked, access.external_id, settings.interval_end_inclusive)
    return _kept(ledger, key, lambda: _asked(access, everything, query))


def _kept(ledger, key, make):
    kept = ledger.kept_listings
    if key not in kept:
        if len(kept) >= _KEPT or any(old[0] != key[0] for old in kept):
            kept.clear()
        kept[key] = make()
    return kept[key]


def _asked(access, codes, query):
    ledger = access.account.ledger
    return array("Q", [c for c in codes if query.matches(access, unpack(ledger, c))])


def unpack(ledger, code):
    """A code -> (uid, generation of the id, place in the ledger)."""
    place = code >> 16
    return ledger.uid[place], code & 0xFFFF, place


def _all(ledger, wants_deleted, floor, oldest_first):
    day, deleted, generation = ledger.day, ledger.deleted, ledger.generation
    codes = array(
        "Q",
        [
            place << 16 | generation[place]
            for place in range(len(ledger))
            if day[place] >= floor and (wants_deleted or not deleted[place])
        ],
    )
    if wants_deleted and ledger.ghosts:
        places = {uid: place for place, uid in enumerate(ledger.uid)}
        ghosts = ((places[uid], gen) for uid, gen in ledger.ghosts)
        codes.extend(at << 16 | gen for at, gen in ghosts if day[at] >= floor)
        codes = array("Q", sorted(codes))
    return codes if oldest_first else codes[::-1]


def page(world, access, rows, size, token, scope):
    """One page of the rows and the token of the next (or None).

    ``scope`` is whatever the token must belong to. Raises Refusal 400 on a
    token that is not one of ours, or whose row has gone.
    """
    start = 0
    endless = isinstance(token, str) and token.startswith(ENDLESS)
    if token not in (None, "") and not endless:
        start = _start(access, rows, _read_token(token, access, scope))
    ledger = access.account.ledger
    shown = [unpack(ledger, code) for code in rows[start : start + size]]
    if start + size >= len(rows) or not shown:
        return shown, None
    return shown, _make_token(access, scope, start + size, shown[-1])


def page_size(settings, value):
    """The page size asked for, as the switches want it. Raises Refusal 400."""
    if value is None or value == "":
        return settings.default_page_size
    try:
        size = int(str(value))
    except ValueError as error:
        raise invalid("pageSize is not a number", pageSize="not a number") from error
    if size < 1:
        raise invalid("pageSize must be at least 1", pageSize="too small")
    if size > settings.max_page_size:
        if settings.too_large_page == "reject":
            raise invalid("pageSize is too large", pageSize="too large")
        size = settings.max_page_size
    return size


def _make_token(access, scope, start, last):
    text = json.dumps([_stamp(access, scope), start, last[0], last[1]])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(token, access, scope):
    bad = invalid("Bad paging token", pagingToken="not a token of this list")
    if not isinstance(token, str):
        raise bad
    try:
        stamp, start, uid, generation = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise bad from error
    if stamp != _stamp(access, scope):
        raise bad
    return start, uid, generation


def _stamp(access, scope):
    text = f"{access.external_id}|{json.dumps(scope, sort_keys=True, default=str)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _start(access, rows, anchor):
    start, *wanted = anchor
    ledger = access.account.ledger

    def holds(number):
        return list(unpack(ledger, rows[number])[:2]) == wanted

    if 0 < start <= len(rows) and holds(start - 1):
        return start
    for number in range(len(rows)):
        if holds(number):
            return number + 1
    raise invalid("Bad paging token", pagingToken="its place in the list is gone")


def midnight(day):
    """The instant a calendar date begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
