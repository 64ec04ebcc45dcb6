"""The filters of ``POST …/transactions/query``. Member names ignore case."""

from datetime import date
from decimal import Decimal

from . import render
from .clock import parse_instant
from .listing import midnight
from .reply import invalid

_MEMBERS = {
    "interval",
    "pagesize",
    "pagingtoken",
    "amountvaluebetween",
    "balancevaluebetween",
    "patterns",
}
_TEXTS = ("text", "originalText", "type", "state", "id", "currency")


def lower_names(value):
    """The same JSON value with every member name in lower case."""
    if isinstance(value, dict):
        return {str(k).lower(): lower_names(v) for k, v in value.items()}
    if isinstance(value, list):
        return [lower_names(item) for item in value]
    return value


class Query:
    """A checked query body. Raises Refusal 400 on a bad one."""

    def __init__(self, body, world):
        body = lower_names(body)
        unknown = set(body) - _MEMBERS
        if unknown:
            raise invalid("Unknown member", **dict.fromkeys(unknown, "unknown"))
        self.page_size = body.get("pagesize")
        self.paging_token = body.get("pagingtoken")
        self._world = world
        self._interval = _interval(body.get("interval"))
        self._amount = _between(body, "amountvaluebetween")
        self._balance = _between(body, "balancevaluebetween")
        self._patterns = [_pattern(one) for one in _list(body.get("patterns"))]
        self.scope = {
            name: value
            for name, value in body.items()
            if name not in ("pagesize", "pagingtoken")
        }

    @property
    def is_open(self):
        """Whether nothing is filtered."""
        return not any((self._interval, self._amount, self._balance, self._patterns))

    def matches(self, access, entry):
        """Whether the row is asked for."""
        place = entry[2]
        account = access.account
        if self._interval and not self._in_interval(account.ledger.day[place]):
            return False
        if self._amount:
            value = account.amount(account.ledger.amount[place])
            if not _within(value, self._amount):
                return False
        if self._balance and not self._in_balance(account, place):
            return False
        return not self._patterns or self._matches_patterns(access, entry)

    def _in_interval(self, ordinal):
        start, finish = self._interval
        instant = midnight(date.fromordinal(ordinal))
        if self._world.settings.interval_end_inclusive:
            return start <= instant <= finish
        return start <= instant < finish

    def _in_balance(self, account, place):
        if not account.ledger.counts(place):
            return False
        value = account.amount(account.ledger.balance_after(place))
        return _within(value, self._balance)

    def _matches_patterns(self, access, entry):
        shown = render.transaction_json(
            access, entry[2], entry[1], self._world.settings, self._world.clock.now()
        )
        result = None
        for included, pattern, operator in self._patterns:
            texts = (str(shown.get(name) or "") for name in included)
            found = any(pattern in text.casefold() for text in texts)
            if result is None:
                result = found
            elif operator == "OR":
                result = result or found
            else:
                result = result and found
        return result


def _interval(text):
    if text in (None, ""):
        return None
    if not isinstance(text, str) or text.count("/") != 1:
        raise invalid("interval is two instants with a slash", interval=str(text))
    try:
        start, finish = (parse_instant(part) for part in text.split("/"))
    except ValueError as error:
        raise invalid(str(error), interval=str(error)) from error
    if finish < start:
        raise invalid("interval ends before it begins", interval=text)
    return start, finish


def _between(body, name):
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid(f"{name} is an object", **{name: "not an object"})
    ends = value.get("min"), value.get("max")
    for end in ends:
        if end is not None and (isinstance(end, bool) or not _is_number(end)):
            raise invalid(f"{name} holds numbers", **{name: "not a number"})
    return ends


def _is_number(value):
    return isinstance(value, (int, Decimal))


def _within(value, ends):
    low, high = ends
    return (low is None or value >= low) and (high is None or value <= high)


def _list(value):
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid("patterns is a list", patterns="not a list")
    return value


def _pattern(one):
    if not isinstance(one, dict) or not isinstance(one.get("pattern"), str):
        raise invalid("a pattern has a text 'pattern'", patterns="bad pattern")
    operator = str(one.get("operator") or "AND").upper()
    if operator not in ("AND", "OR"):
        raise invalid("operator is AND or OR", patterns="bad operator")
    legal = {name.lower(): name for name in _TEXTS}
    chosen = {}
    for member in ("includedqueryproperties", "excludedqueryproperties"):
        names = [str(name).lower() for name in _list(one.get(member))]
        if any(name not in legal for name in names):
            raise invalid("unknown query property", patterns=f"known: {_TEXTS}")
        chosen[member] = [legal[name] for name in names]
    included = chosen["includedqueryproperties"] or list(_TEXTS[:2])
    excluded = chosen["excludedqueryproperties"]
    kept = [name for name in included if name not in excluded]
    return kept, one["pattern"].casefold(), operator
