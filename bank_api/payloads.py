"""From parsed JSON to the records of :mod:`.records`.

Shapes as in Mastercard's public Postman collection and in aiia-sample. Every
oddity of the wire is settled here or in :mod:`.wire`, so that callers can trust
the types. A row with a problem is returned with the problem named: the caller
holds it, the other rows go on.
"""

import base64
import binascii
import functools
import re
from decimal import Decimal
from typing import Any

from .errors import Malformed
from .records import (
    BOOKED,
    PENDING,
    Account,
    AccountList,
    AccountNumber,
    Money,
    Provider,
    TokenSet,
    Transaction,
    UpdateAnswer,
)
from .wire import (
    Members,
    calendar_date,
    clean,
    currency_code,
    decimal,
    flag,
    identifier,
    instant,
    original,
    parse_json,
)

# No page of true rows is that long: it would be larger than a body may be.
MAX_LIST = 50_000
_TOKEN = re.compile(r"[!-~]{1,16384}")
_DANISH_DISPLAY = re.compile(r"(\d{4})[-. ](\d{1,10})", re.ASCII)
_DEFAULT_TOKEN_LIFE = 3600
_LONGEST_TOKEN_LIFE = 400 * 86400
_REFERENCE_NAMES = {
    name.lower(): name
    for name in (
        "reference",
        "document",
        "endToEndId",
        "creditorReference",
        "sequenceNumber",
        "terminal",
        "finnishReference",
        "finnishArchiveId",
        "norwegianKid",
    )
}


def required_object(value: Any, what: str) -> dict[str, Any]:
    """The value as an object. Raises Malformed when it is something else."""
    if not isinstance(value, dict):
        raise Malformed("malformed", f"{what}: an object was expected")
    return value


def required_list(value: Any, what: str) -> list[Any]:
    """The value as a list. Raises Malformed when it is something else."""
    # A missing list is no empty list: "no transactions" must be said, not guessed.
    if not isinstance(value, list):
        raise Malformed("malformed", f"{what}: a list was expected")
    if len(value) > MAX_LIST:
        raise Malformed("too_large", f"{what}: the list is too long")
    return value


def token_set(value: Any) -> TokenSet:
    """Read an answer of the token endpoint. Raises Malformed without a token."""
    members = Members(required_object(value, "token answer"))
    access, refresh = members.get("access_token"), members.get("refresh_token")
    if not usable_token(access) or not (refresh is None or usable_token(refresh)):
        raise Malformed("malformed", "token answer: no usable token")
    life = decimal(members.get("expires_in"))
    if life is None or life < 0:
        life = Decimal(_DEFAULT_TOKEN_LIFE)
    return TokenSet(
        access_token=access,
        refresh_token=refresh or "",
        expires_in=int(min(life, Decimal(_LONGEST_TOKEN_LIFE))),
        consent_id=_claimed_consent(refresh or ""),
    )


def usable_token(value: Any) -> bool:
    """Whether the value can travel in a header: printable ASCII, not endless."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _claimed_consent(token: str) -> str | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = parse_json(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error, Malformed):
        return None
    return identifier(Members(claims).get("consentId")) or None


def money(value: Any, default_currency: str = "") -> Money | None:
    """An amount object or a bare number; None when there is no number in it."""
    if isinstance(value, dict):
        members = Members(value)
        number = decimal(members.get("value"))
        currency = currency_code(members.get("currency")) or default_currency
    else:
        number, currency = decimal(value), default_currency
    return None if number is None else Money(number, currency)


def account_number(value: Any) -> AccountNumber:
    """Read a ``number`` object (or the ``account`` of a counterpart)."""
    members = Members(value)
    parts = members.members("bbanParsed")
    bban = members.text("bban")
    bank_code, number = parts.text("bankCode"), parts.text("accountNumber")
    display = _DANISH_DISPLAY.fullmatch(bban)
    if display and not (bank_code and number):
        bank_code, number = display.groups()
    return AccountNumber(
        iban=members.text("iban"),
        bban=bban,
        bank_code=bank_code,
        account_number=number,
        masked_pan=members.members("card").text("maskedPan"),
    )


def account(value: Any) -> Account:
    """Read one account. Raises Malformed when it is no object or has no id."""
    raw = required_object(value, "account")
    members = Members(raw)
    account_id = identifier(members.get("id"))
    if not account_id:
        raise Malformed("malformed", "account: no id")
    provider = members.members("accountProvider")
    currency = currency_code(members.get("currency"))
    booked = _balance(members, "booked", currency)
    return Account(
        id=account_id,
        provider_id=identifier(provider.get("id")),
        provider_name=provider.text("name"),
        name=members.text("name"),
        holder=members.text("owner"),
        type=members.text("type"),
        currency=currency or (booked.currency if booked else ""),
        number=account_number(members.get("number")),
        booked=booked,
        available=_balance(members, "available", currency),
        last_synchronized=instant(members.get("lastSynchronized")),
        is_orphaned=flag(members.get("isOrphaned")),
        raw=raw,
    )


def _balance(members: Members, name: str, currency: str) -> Money | None:
    found = money(members.get(name), currency)
    return found or money(members.get(name + "Balance"), currency)


def account_list(value: Any) -> AccountList:
    """Read the answer of the account list. Raises Malformed without a list."""
    members = Members(required_object(value, "account list"))
    rows = required_list(members.get("accounts"), "account list")
    accounts = []
    for row in rows:
        try:
            accounts.append(account(row))
        except Malformed:
            continue
    return AccountList(tuple(accounts), len(rows) - len(accounts))


def transaction(
    value: Any, own: Account | None = None, wire: str = "", digest: str = ""
) -> Transaction:
    """Read one transaction. Raises Malformed only when it is no object.

    ``own``: the account it belongs to. With it the own side of a transaction is known
    by its number, not only by its place. ``wire``, ``digest``: see ``Transaction``.
    """
    raw = required_object(value, "transaction")
    members = Members(raw)
    detail = members.members("detail")
    amount, currency, problems = _amount(members)
    problems = (*_date_problem(members.get("date")), *problems)
    name, number = _counterpart(detail, amount, own)
    message = detail.text("message")
    balance = money(members.get("balance"))
    conversion = detail.members("currencyConversion")
    bank_state = members.text("state")
    return Transaction(
        id=identifier(members.get("id")),
        account_id=identifier(members.get("accountId")),
        date=calendar_date(members.get("date")),
        value_date=calendar_date(detail.get("valueDate")),
        execution_date=calendar_date(detail.get("executionDate")),
        text=members.text("text") or clean(members.get("originalText")) or message,
        original_text=original(members.get("originalText")),
        message=message,
        amount=amount,
        currency=currency,
        balance=balance.value if balance else None,
        state=BOOKED if bank_state.lower() == BOOKED else PENDING,
        bank_state=bank_state,
        type=members.text("type"),
        is_deleted=flag(members.get("isDeleted")),
        original_amount=money(conversion.get("originalAmount")),
        exchange_rate=decimal(conversion.get("exchangeRate")),
        counterpart_name=name,
        counterpart_account=number,
        references=_references(detail.get("identifiers")),
        problems=problems,
        raw=raw,
        wire=wire,
        digest=digest,
    )


def _date_problem(value: Any) -> tuple[str, ...]:
    if calendar_date(value) is not None:
        return ()
    empty = not original(value) or original(value).startswith("0001-01-01")
    return ("date_missing",) if empty else ("date_invalid",)


def _amount(members: Members) -> tuple[Decimal | None, str, tuple[str, ...]]:
    """Amount and currency with their problems.

    The object ``transactionAmount`` leads. The older bare ``amount`` with
    ``currency`` beside it stands in where the object is missing or empty.
    """
    bare = members.get("currency")
    raw_amount, raw_currency = members.get("transactionAmount"), None
    for name in ("transactionAmount", "amount"):
        raw_amount, raw_currency = _amount_parts(members.get(name))
        if raw_amount is not None:
            break
    amount = decimal(raw_amount)
    currency = currency_code(raw_currency) or currency_code(bare)
    problems = []
    if amount is None:
        blank = raw_amount is None or raw_amount == ""
        problems.append("amount_missing" if blank else "amount_not_a_number")
    if not currency:
        problems.append("currency_missing")
    return amount, currency, tuple(problems)


def _amount_parts(value: Any) -> tuple[Any, Any]:
    if isinstance(value, dict):
        members = Members(value)
        return members.get("value"), members.get("currency")
    return value, None


def _references(value: Any) -> dict[str, str]:
    references = {}
    for name, member in Members(value).items():
        text = clean(member)
        if text:
            references[_REFERENCE_NAMES.get(name, name)] = text
    return references


def _counterpart(
    detail: Members, amount: Decimal | None, own: Account | None
) -> tuple[str, str]:
    """Name and account of the other side, or two empty strings.

    Money out goes to the destination, money in comes from the source. A bank may
    put the account holder there (seen on card purchases): that is no counterpart.
    """
    if not amount:
        return "", ""
    sides = ("destination", "source") if amount < 0 else ("source", "destination")
    other, ours = (detail.members(side) for side in sides)
    number = account_number(other.get("account"))
    own_numbers = _spellings(account_number(ours.get("account")))
    if own:
        own_numbers |= _own_spellings(own.number)
    if _spellings(number) & own_numbers:
        return "", ""
    name, text = other.text("name"), number.iban or number.bban
    if own and not text and name.casefold() == own.holder.casefold():
        name = ""
    return name, text


def _spellings(number: AccountNumber) -> set[str]:
    """The ways one account may be written, for a test of equality only."""
    iban = "".join(filter(str.isalnum, number.iban)).upper()
    digits = "".join(filter(str.isdigit, number.bban))
    spellings = {iban, digits, "".join(number.masked_pan.split()).upper()}
    if iban.startswith("DK") and len(iban) == 18:
        spellings.add(iban[4:])
    if number.bank_code and number.account_number:
        spellings.add(number.bank_code.zfill(4) + number.account_number.zfill(10))
    return spellings - {""}


# The account is the same for every transaction of its list.
_own_spellings = functools.lru_cache(maxsize=8)(_spellings)


def update_answer(value: Any) -> UpdateAnswer:
    """Read the answer to an update. The address is not judged here."""
    members = Members(required_object(value, "update answer"))
    status = members.text("status")
    if not status:
        raise Malformed("malformed", "update answer: no status")
    return UpdateAnswer(status, original(members.get("authUrl")))


def provider_list(value: Any) -> list[Provider]:
    """Read the list of banks, bare or inside ``providers``."""
    if isinstance(value, dict):
        value = Members(value).get("providers")
    rows = required_list(value, "provider list")
    found = (provider(row) for row in rows if isinstance(row, dict))
    return [each for each in found if each.id]


def provider(value: Any) -> Provider:
    """Read one bank. Raises Malformed when it is no object."""
    raw = required_object(value, "provider")
    members = Members(raw)
    audiences = members.get("audiences")
    texts = map(clean, audiences) if isinstance(audiences, list) else ()
    return Provider(
        id=identifier(members.get("id")),
        name=members.text("name"),
        country=members.text("countryCode").upper(),
        audiences=tuple(text for text in texts if text),
        raw=raw,
    )
