"""Planned faults: what an endpoint does wrong, and how often."""

import copy
from dataclasses import dataclass, field, fields

from . import json_text
from .dice import Dice, seed_of
from .listing import ENDLESS
from .reply import Reply

ENDPOINTS = (
    "connect",
    "token",
    "accounts",
    "account",
    "transactions",
    "transactions_query",
    "transaction",
    "update",
    "all_accounts_selected",
    "providers",
    "provider",
)


@dataclass
class Fault:
    """One planned fault; see README.md for every member."""

    endpoint: str = "*"
    account: str | None = None
    consent: str | None = None
    times: int | None = 1
    after: int = 0
    chance: float = 1.0
    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: object = None
    delay_seconds: float = 0.0
    processed: bool = False
    cut_after_bytes: int | None = None
    truncate: int | None = None
    wrong_json: object = None
    patch: dict = field(default_factory=dict)
    remove: list = field(default_factory=list)
    repeat_paging_token: bool = False
    endless_paging: bool = False
    duplicate_rows: int = 0
    seen: int = 0
    used: int = 0

    def __post_init__(self):
        self._dice = Dice(seed_of(self))

    @property
    def answers_alone(self):
        """Whether the fault answers without the call being carried out."""
        return (self.status is not None or self.body is not None) and not self.processed

    def takes(self, endpoint, account, consent):
        """Whether the fault strikes this call; counts it."""
        if self.endpoint not in ("*", endpoint):
            return False
        if self.account not in (None, account):
            return False
        if self.consent not in (None, consent):
            return False
        if self.times and self.used >= self.times:
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        if self._dice.below(10_000) >= self.chance * 10_000:
            return False
        self.used += 1
        return True


_INNER = ("seen", "used")


def make_fault(spec):
    """A fault from a JSON object. Raises ValueError on a bad one."""
    if not isinstance(spec, dict):
        raise ValueError("a fault is an object")
    known = {item.name for item in fields(Fault)} - set(_INNER)
    unknown = set(spec) - known
    if unknown:
        raise ValueError(f"unknown members: {sorted(unknown)}")
    fault = Fault(**spec)
    if fault.endpoint not in ("*", *ENDPOINTS):
        raise ValueError(f"endpoint is * or one of {', '.join(ENDPOINTS)}")
    for name in ("times", "after", "status", "cut_after_bytes", "truncate"):
        value = getattr(fault, name)
        if value is not None and type(value) is not int:
            raise ValueError(f"{name} is a whole number")
    fault.delay_seconds = float(fault.delay_seconds)
    fault.chance = float(fault.chance)
    return fault


def as_dict(fault):
    """A fault as control shows it."""
    return {item.name: getattr(fault, item.name) for item in fields(fault)}


def alone(fault):
    """The answer of a fault that does not carry out the call."""
    status = 200 if fault.status is None else fault.status
    return _dress(fault, Reply({"error": "Rehearsed", "details": {}}, status))


def spoil(fault, reply, request):
    """Change a true answer as the fault says; returns another answer."""
    reply = copy.deepcopy(reply)
    if fault.status is not None:
        reply.status = fault.status
    data = reply.data
    if isinstance(data, dict):
        _spoil_page(fault, data, request)
        for path, value in fault.patch.items():
            _put(data, path.split("."), value)
        for path in fault.remove:
            _take(data, path.split("."))
    if fault.wrong_json is not None:
        reply.data = fault.wrong_json
    return _dress(fault, reply)


def _dress(fault, reply):
    if fault.body is not None:
        is_text = isinstance(fault.body, str)
        reply.raw = fault.body.encode() if is_text else json_text.dumps(fault.body)
    reply.headers.update(fault.headers)
    if fault.truncate is not None:
        reply.raw = reply.body()[: fault.truncate]
    return reply


def _spoil_page(fault, data, request):
    rows = data.get("transactions")
    if not isinstance(rows, list):
        return
    if fault.duplicate_rows:
        rows += copy.deepcopy(rows[: fault.duplicate_rows])
    if fault.repeat_paging_token and data.get("pagingToken"):
        data["pagingToken"] = _sent_token(request) or data["pagingToken"]
    if fault.endless_paging:
        data["pagingToken"] = f"{ENDLESS}{fault.used}"


def _sent_token(request):
    if request.method == "GET":
        return request.args.get("pagingToken")
    try:
        body = json_text.loads(request.get_data())
    except ValueError:
        return None
    lower = {str(name).lower(): value for name, value in dict(body or {}).items()}
    return lower.get("pagingtoken")


def _put(value, path, new):
    _visit(value, path, lambda holder, name: _assign(holder, name, new))


def _assign(holder, name, new):
    if isinstance(holder, dict) or name < len(holder):
        holder[name] = copy.deepcopy(new)


def _take(value, path):
    _visit(value, path, lambda holder, name: _delete(holder, name))


def _delete(holder, name):
    if isinstance(holder, dict):
        holder.pop(name, None)
    elif name < len(holder):
        del holder[name]


def _visit(holder, path, act):
    """Reach the members of a dotted path; ``*`` means every list item."""
    name, *rest = path
    if isinstance(holder, list):
        wanted = range(len(holder) - 1, -1, -1) if name == "*" else [int(name)]
    elif isinstance(holder, dict):
        wanted = list(holder) if name == "*" else [name]
    else:
        return
    for one in wanted:
        if not rest:
            act(holder, one)
        elif isinstance(holder, dict) or one < len(holder):
            inner = holder.get(one) if isinstance(holder, dict) else holder[one]
            _visit(inner, rest, act)
