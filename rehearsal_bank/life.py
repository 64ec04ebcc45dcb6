"""A company's life on one account: rows of any number, the same every time."""

from datetime import date, timedelta
from itertools import accumulate
from random import Random

from . import describe as d
from .ledger import RESERVED

# kind, weight, smallest and largest amount in minor units (sign included)
_DANISH = (
    (d.CARD, 24, -180_000, -2_500),
    (d.CARD_FX, 6, 0, 0),
    (d.FIK_OUT, 9, -1_450_000, -12_000),
    (d.SUPPLIER_OUT, 11, -2_200_000, -15_000),
    (d.CUSTOMER_IN, 24, 45_000, 2_650_000),
    (d.CUSTOMER_RF_IN, 10, 45_000, 1_900_000),
    (d.MOBILEPAY_IN, 15, 9_500, 240_000),
    (d.FEE, 1, -7_500, -500),
)
_FOREIGN = (
    (d.CARD_FX, 12, 0, 0),
    (d.SEPA_OUT, 40, -480_000, -8_000),
    (d.SEPA_IN, 44, 12_000, 520_000),
    (d.FEE, 4, -2_500, -300),
)


def fill(ledger, seed, count, days, today, currency, pending=0):
    """Write so many booked rows over the last days, and pending ones after.

    The last row is not later than ``today`` (a date); only pending rows are
    dated today or tomorrow. Takes about a second for 100,000 rows.
    """
    rng = Random(seed)
    plan = _plan(rng, count, days, today, currency)
    low, high = ledger.opening // 2, ledger.opening * 2
    balance = ledger.opening
    income = next(row for row in _menu(currency) if row[2] > 0)
    expense = next(row for row in _menu(currency)[1:] if row[3] < 0)
    for day, choice in plan:
        if choice[1] and balance < low and choice[3] < 0 and rng.random() < 0.85:
            choice = income
        elif choice[1] and balance > high and choice[2] > 0 and rng.random() < 0.85:
            choice = expense
        if choice is _TWIN:
            row_seed, amount, kind = ledger.seed[-1], ledger.amount[-1], ledger.kind[-1]
        else:
            row_seed, kind = rng.getrandbits(32), choice[0]
            amount = _amount(rng, row_seed, choice, currency)
        balance += amount
        _append(ledger, day, amount, kind, row_seed)
    for number in range(pending):
        choice = _menu(currency)[0]
        row_seed = rng.getrandbits(32)
        amount = _amount(rng, row_seed, choice, currency)
        day = today.toordinal() + number % 2
        ledger.insert(day, amount, choice[0], row_seed, RESERVED)
    ledger.version += 1


_TWIN = (d.PLAIN, 0, 0, 0)


def _append(ledger, day, amount, kind, seed):
    ledger.day.append(day)
    ledger.amount.append(amount)
    ledger.kind.append(kind)
    ledger.seed.append(seed)
    ledger.state.append(0)
    ledger.deleted.append(0)
    ledger.generation.append(0)
    ledger.uid.append(ledger.take_uid())


def _menu(currency):
    return _DANISH if currency == "DKK" else _FOREIGN


def _amount(rng, seed, choice, currency):
    kind, _weight, low, high = choice
    if kind == d.CARD_FX:
        return d.fx_purchase(seed, currency)[3]
    if kind in (d.RENT,):
        return low
    # small amounts are more usual than large ones
    part = rng.random() ** 2.2
    near, far = (low, high) if low >= 0 else (high, low)
    return near + round((far - near) * part)


def _plan(rng, count, days, today, currency):
    """Sorted (day ordinal, choice) pairs, exactly ``count`` of them."""
    first = today - timedelta(days=max(days, 1) - 1)
    fixed = _fixed(first, today) if currency == "DKK" else []
    if len(fixed) > count // 3:
        fixed = []
    drawn = _days(rng, count - len(fixed), first, today)
    menu = _menu(currency)
    weights = list(accumulate(row[1] for row in menu))
    choices = rng.choices(menu, cum_weights=weights, k=len(drawn))
    _make_twins(rng, drawn, choices)
    plan = list(zip(drawn, choices, strict=True))
    if fixed:
        plan = _merge(plan, fixed)
    return plan


def _days(rng, count, first, today):
    ordinals = range(first.toordinal(), today.toordinal() + 1)
    weights = list(
        accumulate(15 if date.fromordinal(o).weekday() > 4 else 100 for o in ordinals)
    )
    return sorted(rng.choices(ordinals, cum_weights=weights, k=count))


def _make_twins(rng, days, choices):
    """Let some rows repeat the one before: same day, text and amount."""
    for _ in range(len(days) // 100 + (1 if len(days) >= 8 else 0)):
        place = rng.randrange(1, len(days))
        days[place] = days[place - 1]
        choices[place] = _TWIN


def _merge(plan, fixed):
    """Put fixed rows in their days, before the drawn ones of that day."""
    merged = []
    fixed = sorted(fixed, key=lambda row: row[0])
    place = 0
    for row in plan:
        while place < len(fixed) and fixed[place][0] <= row[0] and row[1] is not _TWIN:
            merged.append(fixed[place])
            place += 1
        merged.append(row)
    return sorted(merged + fixed[place:], key=lambda row: row[0])


def _fixed(first, today):
    """What returns every month and quarter: rent, wages, interest, tax."""
    rows = []
    month = first.replace(day=1)
    while month <= today:
        later = (month + timedelta(days=32)).replace(day=1)
        last = later - timedelta(days=1)
        dated = [(month, (d.RENT, 0, -1_875_000, -1_875_000))]
        dated += [(last, (d.SALARY, 0, -3_200_000, -2_100_000))] * 2
        if month.month % 3 == 0:
            dated.append((last, (d.INTEREST, 0, -90_000, -1_200)))
            tax = (d.TAX, 0, -4_800_000, -900_000)
            dated.append((month + timedelta(days=9), tax))
        rows += [(day, row) for day, row in dated if first <= day <= today]
        month = later
    return [(day.toordinal(), row) for day, row in rows]
