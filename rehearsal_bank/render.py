"""One transaction and one account as the peer's JSON shows them.

Shapes: Mastercard's Postman collection, aiia-sample, and the third-party
model of answers. Every documented member is there, null when empty.
"""

import copy
import functools
from datetime import date, timedelta
from decimal import Decimal

from . import money
from .clock import instant_text
from .describe import describe
from .dice import guid_of
from .ledger import STATES

NO_INSTANT = "0001-01-01T00:00:00"

_CATEGORIES = {
    "shopping": ("Indkøb", "Shopping", "Ostokset", "Innkjøp", "Inköp"),
    "supplier": ("Leverandører", "Suppliers", "Toimittajat", "Leverandører", "Lev."),
    "sales": ("Salg", "Sales", "Myynti", "Salg", "Försäljning"),
    "salary": ("Løn", "Wages", "Palkat", "Lønn", "Löner"),
    "rent": ("Husleje", "Rent", "Vuokra", "Husleie", "Hyra"),
    "bank": ("Bank", "Bank", "Pankki", "Bank", "Bank"),
    "tax": ("Skat og moms", "Tax", "Verot", "Skatt", "Skatt"),
}
_LANGUAGES = ("da", "en", "fi", "no", "sv")


def account_json(access, settings, migration=False):
    """An account as ``GET /v1/accounts`` shows it."""
    account = access.account
    booked = available = None
    if access.visible and settings.account_balances:
        minor = account.ledger.booked_balance()
        booked = account.amount(minor)
        available = account.amount(minor + account.ledger.pending_total())
    shown = {
        "id": access.external_id,
        "accountProvider": {"id": account.bank.id, "name": account.bank.name},
        "name": account.name,
        "owner": account.owner or None,
        "type": account.kind,
        "currency": account.currency,
        "number": number_json(account.number, settings.show_iban, account.card),
        "booked": _amount(booked, account.currency),
        "available": _amount(available, account.currency),
        "bookedBalance": booked,
        "availableBalance": available,
        "lastSynchronized": access.last_sync and instant_text(access.last_sync),
        "isOrphaned": account.orphaned,
        "destinationId": guid_of("destination", account.key),
    }
    if migration:
        shown["nagApiAccountId"] = f"{guid_of('nag', account.key)[:18]}.1"
    return shown


def number_json(number, show_iban=True, card=None):
    """The ``number`` member of an account or a counterpart."""
    if card:
        return {
            "bbanType": None,
            "bban": None,
            "bbanParsed": None,
            "iban": None,
            "card": card,
        }
    return {
        "bbanType": number["country"],
        "bban": number["bban"],
        "bbanParsed": {
            "bankCode": number["bank_code"],
            "accountNumber": number["account_number"],
        },
        "iban": number["iban"] if show_iban else None,
        "card": None,
    }


def _amount(value, currency):
    return None if value is None else {"value": value, "currency": currency}


def transaction_json(access, place, generation, settings, now, migration=False):
    """The row at that place of the ledger, under that generation's id."""
    account, ledger = access.account, access.account.ledger
    uid, minor = ledger.uid[place], ledger.amount[place]
    current = generation == ledger.generation[place]
    deleted = bool(ledger.deleted[place]) or not current
    per_account = settings.transaction_ids == "per_account_id"
    facts = ledger.facts.get(uid) or describe(
        ledger.kind[place], ledger.seed[place], minor, account.currency
    )
    value = account.amount(minor)
    shown = {
        "id": access.transaction_id(uid, generation, per_account),
        "accountId": access.external_id,
        "date": date.fromordinal(ledger.day[place]).isoformat(),
        "creationDate": facts.get("created", NO_INSTANT),
        "text": facts.get("text"),
        "originalText": facts.get("original"),
        "transactionAmount": {"value": value, "currency": account.currency},
        "amount": value,
        "currency": account.currency,
        "balance": _running(account, place, settings) if not deleted else None,
        "estimatedBalance": None,
        "state": STATES[ledger.state[place]],
        "type": facts.get("type"),
        "isDeleted": _flag(deleted, settings),
        "nagApiTransactionId": guid_of("nag", account.key, uid) if migration else None,
        "categories": _categories(facts.get("category"), ledger.seed[place]),
        "detail": None,
    }
    if _has_detail(ledger.added_at.get(uid), settings, now):
        shown["detail"] = _detail(facts, ledger.day[place], minor, account, ledger)
    if current and uid in ledger.patches:
        merge(shown, ledger.patches[uid])
    return shown


def _flag(value, settings):
    return str(value).lower() if settings.deleted_flag == "string" else value


def _running(account, place, settings):
    if not settings.running_balances or not account.ledger.counts(place):
        return None
    minor = account.ledger.balance_after(place)
    return {"value": account.amount(minor), "currency": account.currency}


def _has_detail(added_at, settings, now):
    if settings.details == "off":
        return False
    if settings.details == "late" and added_at is not None:
        return now - added_at >= timedelta(hours=24)
    return True


def _categories(name, seed):
    if name is None:
        return []
    names = dict(zip(_LANGUAGES, _CATEGORIES[name], strict=True))
    return [
        {
            **_category_ids(name),
            "score": Decimal(60 + seed % 40) / 100,
            "names": names,
        }
    ]


@functools.cache
def _category_ids(name):
    return {
        "id": guid_of("category", name),
        "parentId": guid_of("category", "all"),
        "setId": guid_of("category set"),
    }


def _detail(facts, day, minor, account, ledger):
    booked = date.fromordinal(day)
    value_day = None
    if facts.get("value_days") is not None:
        value_day = (booked + timedelta(days=facts["value_days"])).isoformat()
    other, own = _party(facts.get("other")), _party(None)
    if facts.get("own_card"):
        own["account"] = _own_card(account)
    source, destination = (own, other) if minor < 0 else (other, own)
    return {
        "message": facts.get("message"),
        "executionDate": booked.isoformat() if value_day else None,
        "valueDate": facts.get("value_date") or value_day,
        "currencyConversion": _conversion(facts.get("conversion")),
        "identifiers": _identifiers(facts),
        "source": source,
        "destination": destination,
        "reward": None,
        "routing": [],
    }


def _identifiers(facts):
    return {
        "reference": facts.get("reference"),
        "document": facts.get("document"),
        "endToEndId": facts.get("end_to_end"),
        "creditorReference": facts.get("creditor_reference"),
        "sequenceNumber": facts.get("sequence_number"),
        "terminal": facts.get("terminal"),
        "finnishReference": None,
        "finnishArchiveId": None,
        "norwegianKid": facts.get("norwegian_kid"),
    }


def _conversion(conversion):
    if not conversion:
        return None
    original, currency, rate = conversion
    value = money.to_decimal(original, currency)
    return {
        "exchangeRate": rate.normalize(),
        "originalAmount": {"value": value, "currency": currency},
    }


def _party(other):
    other = other or {}
    account = None
    if other.get("bban") or other.get("iban"):
        account = {
            "bban": other.get("bban"),
            "bbanParsed": None,
            "bbanType": other.get("country"),
            "iban": other.get("iban"),
            "card": None,
        }
        if other.get("bank_code"):
            account["bbanParsed"] = {
                "bankCode": other["bank_code"],
                "accountNumber": other["account_number"],
            }
    return {
        "name": other.get("name"),
        "address": other.get("address"),
        "merchantCategoryCode": other.get("mcc"),
        "merchantCategoryName": other.get("mcc_name"),
        "account": account,
    }


def _own_card(account):
    tail = account.number["iban"][-4:]
    card = {
        "cardHolder": account.owner or None,
        "maskedPan": f"4571 XXXX XXXX {tail}",
        "expireMonth": None,
        "expireYear": None,
    }
    return {
        "bban": None,
        "bbanParsed": None,
        "bbanType": None,
        "iban": None,
        "card": card,
    }


def merge(shown, patch):
    """Set members of a JSON object from another, objects member by member."""
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(shown.get(name), dict):
            merge(shown[name], value)
        else:
            shown[name] = copy.deepcopy(value)
