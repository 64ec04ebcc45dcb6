"""Control of accounts and their transactions."""

from datetime import date, timedelta
from decimal import Decimal

from . import events, listing, money, render, wire_data
from .account_numbers import parse_number
from .bank_account import truth_rows
from .banks import SEED_BANK
from .describe import CARD, PLAIN
from .ledger import STATES
from .reply import Unknown

_NO_DAY = 2**31


def account_dict(world, account):
    """An account as control shows it: the truth, amounts as texts."""
    ledger = account.ledger
    return {
        "bank": account.bank.id,
        "user": account.user,
        "name": account.name,
        "owner": account.owner,
        "currency": account.currency,
        "type": account.kind,
        "bban": account.number["bban"],
        "iban": account.number["iban"],
        "orphaned": account.orphaned,
        "opening": money.amount_text(ledger.opening, account.currency),
        "booked_balance": money.amount_text(ledger.booked_balance(), account.currency),
        "transactions": len(ledger),
        "waiting": len(account.waiting),
        "external_ids": [
            a.external_id for a in world.accesses.values() if a.account is account
        ],
    }


def _list_accounts(world, body):
    return {"accounts": [account_dict(world, a) for a in world.accounts]}


def _define_account(world, body):
    wanted = dict(body)
    currency = wanted.pop("currency", "DKK")
    options = {
        "user": wanted.pop("user", None),
        "owner": wanted.pop("owner", ""),
        "kind": wanted.pop("type", "Consumption"),
        "card": wanted.pop("card", None),
        "number": wanted.pop("iban", None) or wanted.pop("bban", None),
        "days": int(wanted.pop("days", 725)),
        "pending": int(wanted.pop("pending", 0)),
        "opening": money.to_minor(wanted.pop("opening", "250000"), currency),
    }
    wanted.pop("bban", None)
    bank, name = wanted.pop("bank", SEED_BANK), wanted.pop("name", "Konto")
    rows = int(wanted.pop("transactions", 0))
    if wanted:
        raise ValueError(f"unknown members: {sorted(wanted)}")
    account = world.add_account(bank, name, currency, rows, **options)
    return account_dict(world, account)


def _transactions(world, body):
    account, access = world.find_account(body["account"])
    per_account = world.settings.transaction_ids == "per_account_id"
    rows = truth_rows(account, access, per_account)
    if str(body.get("texts", "")).lower() == "true":
        _add_texts(world, account, access, rows)
    return {"account": account_dict(world, account), "transactions": rows}


def _add_texts(world, account, access, rows):
    if access is None:
        raise ValueError("texts need an account that is connected")
    now = world.clock.now()
    for place, row in enumerate(rows):
        generation = account.ledger.generation[place]
        row["wire"] = render.transaction_json(
            access, place, generation, world.settings, now
        )


def _specs(body, name="transactions"):
    specs = body.get(name)
    if specs is None:
        specs = [{k: v for k, v in body.items() if k not in ("account", "deliver")}]
    if not isinstance(specs, list) or not all(isinstance(s, dict) for s in specs):
        raise ValueError(f"{name} is a list of objects")
    return specs


def _deliver(world, account, body, step):
    """Do a step now, or when the next fetch comes; tell of it."""
    if body.get("deliver") == "next_sync":
        account.waiting.append(step)
        return
    day = step()
    events.accounts_updated(world, account, None if day == _NO_DAY else day)


def _add(world, body):
    account, access = world.find_account(body["account"])
    checked = [_checked_row(world, account, spec) for spec in _specs(body)]
    uids = []

    def step():
        for row in checked:
            uids.extend(_insert(world, account, row))
        return min((row["day"] for row in checked), default=_NO_DAY)

    _deliver(world, account, body, step)
    return _rows_of(world, account, access, uids)


_FACTS = {
    "text": "text",
    "original_text": "original",
    "type": "type",
    "message": "message",
    "reference": "reference",
    "document": "document",
    "end_to_end_id": "end_to_end",
    "creditor_reference": "creditor_reference",
    "norwegian_kid": "norwegian_kid",
    "value_date": "value_date",
    "creation_date": "created",
    "category": "category",
    "own_card": "own_card",
}


def _checked_row(world, account, spec):
    """A row as given -> what the ledger needs. Raises ValueError."""
    spec = dict(spec)
    row = {
        "day": _day(world, spec.pop("date", None)),
        "amount": money.to_minor(spec.pop("amount"), account.currency),
        "state": _state(spec.pop("state", "Booked")),
        "first_of_day": bool(spec.pop("first_of_day", False)),
        "patch": spec.pop("patch", None),
        "copies": int(spec.pop("copies", 1)),
    }
    text = spec.get("text", "Overførsel")
    facts = {"text": text, "original": spec.get("original_text", text)}
    facts["type"] = "Transfer"
    for name, inner in _FACTS.items():
        if name in spec:
            facts[inner] = spec.pop(name)
    if "counterpart" in spec:
        facts["other"] = _counterpart(spec.pop("counterpart"))
    if "conversion" in spec:
        facts["conversion"] = _conversion(spec.pop("conversion"))
    if spec:
        raise ValueError(f"unknown members: {sorted(spec)}")
    row["facts"] = facts
    return row


def _counterpart(given):
    """{name, iban or bban, country, address, mcc, mcc_name} as facts."""
    given = {"name": given} if isinstance(given, str) else dict(given)
    number = given.pop("iban", None) or given.pop("bban", None)
    if number:
        given |= parse_number(given.get("country", "DK"), number)
    return given


def _conversion(given):
    """{amount, currency, rate}: the original amount, and the rate."""
    currency = given["currency"]
    amount = money.to_minor(given["amount"], currency)
    return amount, currency, Decimal(str(given["rate"]))


def _day(world, text):
    if text is None:
        return world.clock.today().toordinal()
    if isinstance(text, int):
        return (world.clock.today() + timedelta(days=text)).toordinal()
    return date.fromisoformat(text).toordinal()


def _state(name):
    for number, known in enumerate(STATES):
        if known.lower() == str(name).lower():
            return number
    raise ValueError(f"state is one of {', '.join(STATES)}")


def _insert(world, account, row):
    """Write the row and its copies; returns their uids."""
    ledger, uids = account.ledger, []
    for _copy in range(row["copies"]):
        uid = ledger.insert(
            row["day"], row["amount"], PLAIN, 0, row["state"], row["first_of_day"]
        )
        ledger.facts[uid] = row["facts"]
        ledger.added_at[uid] = world.clock.now()
        if row["patch"]:
            ledger.patches[uid] = row["patch"]
        uids.append(uid)
    return uids


def _rows_of(world, account, access, uids):
    per_account = world.settings.transaction_ids == "per_account_id"
    wanted = set(uids)
    rows = truth_rows(account, access, per_account)
    return {"transactions": [row for row in rows if row["line"] in wanted]}


def _find(world, account, spec):
    """The uid of a row named by ``line`` or ``transaction`` (its id)."""
    if spec.get("line") is not None:
        uid = int(spec["line"])
        account.ledger.index(uid)
        return uid
    wanted = spec["transaction"]
    for access in world.accesses.values():
        if access.account is account:
            entry = wire_data.find_entry(world, access, wanted)
            if entry:
                return entry[0]
    raise Unknown(f"transaction {wanted}")


def _change(world, body, check, act):
    """Check every change first, then do them all; bad ones change nothing."""
    account, access = world.find_account(body["account"])
    specs = _specs(body)
    uids = [_find(world, account, spec) for spec in specs]
    plans = [check(world, account, spec) for spec in specs]

    def step():
        days = [_NO_DAY]
        for uid, plan in zip(uids, plans, strict=True):
            ledger = account.ledger
            days += [ledger.day[ledger.index(uid)], plan.get("day", _NO_DAY)]
            act(account.ledger, uid, plan)
        return min(days)

    _deliver(world, account, body, step)
    return _rows_of(world, account, access, uids)


_NAMING = {"line", "transaction"}
_ALTERING = {
    "amount",
    "state",
    "date",
    "patch",
    "text",
    "original_text",
    "new_id",
    "keep_old",
}


def _only(spec, known):
    unknown = set(spec) - known - _NAMING
    if unknown:
        raise ValueError(f"unknown members: {sorted(unknown)}")


def _check_alter(world, account, spec):
    _only(spec, _ALTERING)
    plan = {"new_id": spec.get("new_id"), "keep_old": spec.get("keep_old", True)}
    if "amount" in spec:
        plan["amount"] = money.to_minor(spec["amount"], account.currency)
    if "state" in spec:
        plan["state"] = _state(spec["state"])
    if "date" in spec:
        plan["day"] = _day(world, spec["date"])
    if not isinstance(spec.get("patch"), (dict, type(None))):
        raise ValueError("patch is an object or null")
    if "patch" in spec:
        plan["patch"] = spec["patch"]
    texts = {"text": "text", "original_text": "originalText"}
    plan["texts"] = {texts[name]: spec[name] for name in texts if name in spec}
    return plan


def _check_book(world, account, spec):
    """Booking is an alteration: booked, today unless said otherwise."""
    return _check_alter(world, account, {"state": "Booked", "date": None} | spec)


def _check_withdraw(world, account, spec):
    _only(spec, {"hard"})
    return {"hard": bool(spec.get("hard"))}


def _alter_one(ledger, uid, plan):
    columns = {name: plan[name] for name in ("amount", "state") if name in plan}
    ledger.set(uid, **columns)
    if "patch" in plan and plan["patch"] is None:
        ledger.patches.pop(uid, None)
    patch = (plan.get("patch") or {}) | plan["texts"]
    if patch:
        ledger.patches[uid] = ledger.patches.get(uid, {}) | patch
    if plan["new_id"]:
        ledger.renew_ids([uid], keep_ghosts=bool(plan["keep_old"]))
    if "day" in plan:
        ledger.move(uid, plan["day"])


def _withdraw_one(ledger, uid, plan):
    if plan["hard"]:
        ledger.remove(uid)
    else:
        ledger.set(uid, deleted=1)


def _new_ids(world, body):
    account, access = world.find_account(body["account"])
    if "every_read" in body:
        account.ids_change = bool(body["every_read"])
    if body.get("now", True):
        account.ledger.renew_ids(keep_ghosts=bool(body.get("keep_old", True)))
        if len(account.ledger):
            events.accounts_updated(world, account, account.ledger.day[0])
    return account_dict(world, account)


def _generate(world, body):
    """Add so many card purchases dated today: quick load for a test.

    ``first`` numbers them on, so that they are no twins of those before.
    """
    account, access = world.find_account(body["account"])
    day = _day(world, body.get("date"))
    first = int(body.get("first", 0))
    for number in range(first, first + int(body["count"])):
        account.ledger.insert(day, -1000 - number, CARD, number)
    events.accounts_updated(world, account, day)
    return account_dict(world, account)


def _orphan(gone):
    event = "AccountsOrphaned" if gone else "AccountsUnorphaned"

    def act(world, body):
        account, _access = world.find_account(body["account"])
        account.orphaned = gone
        for consent in world.consents_of(account):
            held = [
                number
                for number in consent.account_ids
                if world.accesses[number].account is account
            ]
            events.emit(world, consent, event, {"accountIds": held})
        return account_dict(world, account)

    return act


def _changer(check, act):
    return lambda world, body: _change(world, body, check, act)


def _wire_count(world, body):
    """How many rows the wire shows now, and with deleted ones."""
    account, access = world.find_account(body["account"])
    if access is None:
        raise ValueError("the account is not connected")
    return {
        "visible": len(listing.entries(world, access, False)),
        "with_deleted": len(listing.entries(world, access, True)),
    }


ACTIONS = {
    ("GET", "accounts"): _list_accounts,
    ("POST", "accounts"): _define_account,
    ("POST", "accounts/orphan"): _orphan(True),
    ("POST", "accounts/unorphan"): _orphan(False),
    ("GET", "transactions"): _transactions,
    ("GET", "transactions/count"): _wire_count,
    ("POST", "transactions/add"): _add,
    ("POST", "transactions/alter"): _changer(_check_alter, _alter_one),
    ("POST", "transactions/withdraw"): _changer(_check_withdraw, _withdraw_one),
    ("POST", "transactions/book"): _changer(_check_book, _alter_one),
    ("POST", "transactions/new-ids"): _new_ids,
    ("POST", "transactions/generate"): _generate,
}
