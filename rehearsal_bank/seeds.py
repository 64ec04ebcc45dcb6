"""The ready-made worlds: demo, small, big, empty."""

from datetime import timedelta

from . import describe as d
from . import money
from .banks import SEED_BANK
from .dice import seed_of
from .ledger import RESERVED

COMPANY = "Nordlys Handel ApS"


def check(name):
    """Raises ValueError when there is no seed of that name."""
    if name not in _SEEDS:
        raise ValueError(f"no such seed: {name}; one of {', '.join(_SEEDS)}")


def plant(world, name):
    """Fill the world from a seed. Raises ValueError on an unknown name."""
    check(name)
    world.clear()
    _SEEDS[name](world)
    world.seed = name


def _open(world, name, currency, rows=0, **options):
    return world.add_account(SEED_BANK, name, currency, rows, owner=COMPANY, **options)


def _demo(world):
    main = _open(world, "Driftskonto", "DKK", 1460, opening=48_250_000, pending=2)
    euro = _open(world, "EUR-konto", "EUR", 292, opening=3_115_000)
    _open(world, "NOK-konto", "NOK", 120, opening=21_400_000, pending=1)
    _open(world, "Opsparing", "DKK", opening=0, kind="Savings")
    today = world.clock.today()
    for number in range(8):
        day = today - timedelta(days=30 + number * 84)
        _own_transfer(main, euro, day, 150_000 + number * 12_500)


def _own_transfer(giver, taker, day, cents):
    """Buy euro: one leg in each account, on one day."""
    rate = d.RATES["EUR"]
    kroner = money.convert(cents, "EUR", rate, "DKK")
    text = "Overførsel egen konto"
    for account, amount, other in ((giver, -kroner, taker), (taker, cents, giver)):
        uid = account.ledger.insert(day.toordinal(), amount, d.PLAIN, 0)
        foreign = (-cents, "EUR", rate) if account is giver else None
        account.ledger.facts[uid] = {
            "text": text,
            "original": f"{text} {other.number['bban']}",
            "type": "Transfer",
            "other": {"name": COMPANY, **other.number},
            "conversion": foreign,
        }


_SMALL_DKK = (
    # days ago, kind, amount in minor units (None: as the card purchase says)
    (58, d.CUSTOMER_IN, 1_250_000),
    (57, d.RENT, -1_875_000),
    (44, d.CARD, -29_100),
    (44, d.CARD_FX, None),
    (31, d.FIK_OUT, -437_550),
    (30, d.FEE, -4_500),
    (17, d.MOBILEPAY_IN, 62_000),
    (17, d.MOBILEPAY_IN, 62_000),
    (10, d.CUSTOMER_RF_IN, 873_125),
    (5, d.SALARY, -2_310_000),
    (2, d.CARD_FX, None),
)
_SMALL_EUR = (
    (50, d.SEPA_IN, 240_000),
    (41, d.CARD_FX, None),
    (29, d.SEPA_OUT, -87_550),
    (29, d.SEPA_OUT, -87_550),
    (12, d.FEE, -900),
    (3, d.SEPA_IN, 61_010),
)
_SMALL_NOK = (
    (47, d.SEPA_IN, 410_000),
    (33, d.CARD_FX, None),
    (20, d.SEPA_OUT, -129_995),
    (9, d.FEE, -2_500),
    (4, d.SEPA_IN, 77_005),
)


def _small(world):
    main = _open(world, "Driftskonto", "DKK", opening=10_000_000)
    _write(world, main, _SMALL_DKK)
    today = world.clock.today().toordinal()
    main.ledger.insert(today, -18_995, d.CARD, 4711, RESERVED)
    euro = _open(world, "EUR-konto", "EUR", opening=500_000)
    _write(world, euro, _SMALL_EUR)
    krone = _open(world, "NOK-konto", "NOK", opening=1_000_000)
    _write(world, krone, _SMALL_NOK)


def _write(world, account, rows):
    today = world.clock.today()
    for ago, kind, amount in rows:
        # equal rows of one day get one seed: they are true twins
        seed = seed_of(account.currency, ago, kind)
        if amount is None:
            amount = d.fx_purchase(seed, account.currency)[3]
        day = (today - timedelta(days=ago)).toordinal()
        account.ledger.insert(day, amount, kind, seed)


def _big(world):
    _open(world, "Driftskonto", "DKK", 9500, opening=48_250_000)


def _empty(world):
    """No accounts at all; control defines them."""


_SEEDS = {"demo": _demo, "small": _small, "big": _big, "empty": _empty}
