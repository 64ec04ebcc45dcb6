"""Money is exact to the last øre, from the text on the wire to the Decimal."""

import json
from decimal import Decimal
from random import Random

from bank_api import pages, wire

AMOUNTS = 100_000
PAGE = 500
SEED = 20250301
SMALL = 10**8  # a million: the dust of larger sums is no dust any more


def plain(ore, random):
    return f"{Decimal(ore).scaleb(-2):f}"


def short(ore, random):
    """12.50 as 12.5, 12.00 as 12."""
    return f"{Decimal(ore).scaleb(-2).normalize():f}"


def scientific(ore, random):
    return f"{Decimal(ore).scaleb(-2):e}"


def text(ore, random):
    return json.dumps(plain(ore, random))


def binary(ore, random):
    """As a program writes it that counts money in binary floats."""
    return repr(ore / 100)


def dusty(ore, random):
    """The sum of two binary floats, 0.30000000000000004."""
    part = random.randrange(-SMALL, SMALL)
    return repr(part / 100 + (ore - part) / 100)


EXACT_WAYS = (plain, short, scientific, text, binary)
WAYS = (*EXACT_WAYS, dusty)


def drawn(random):
    """An amount in øre: small ones as often as large ones."""
    return random.choice((1, -1)) * random.randrange(10 ** random.randint(1, 12))


def row(amount, balance):
    """One row as JSON text, with its numbers as some bank writes them."""
    currency = '"currency":"DKK"'
    return (
        f'{{"id":"x","date":"2025-03-01","state":"Booked",'
        f'"transactionAmount":{{"value":{amount},{currency}}},'
        f'"balance":{{"value":{balance},{currency}}}}}'
    )


def written(ore, random):
    """The amount as text, in one way or another."""
    ways = WAYS if abs(ore) < SMALL else EXACT_WAYS
    return random.choice(ways)(ore, random)


def read(rows):
    body = '{"transactions":[' + ",".join(rows) + '],"pagingToken":null}'
    return pages.transaction_page(wire.parse_json(body.encode())).transactions


def test_a_hundred_thousand_amounts():
    random = Random(SEED)
    total, balance, summed = 0, 0, Decimal(0)
    for _page in range(AMOUNTS // PAGE):
        ores = [drawn(random) for _ in range(PAGE)]
        balances = [drawn(random) for _ in range(PAGE)]
        numbers = zip(ores, balances, strict=True)
        found = read(row(*(written(ore, random) for ore in pair)) for pair in numbers)
        assert len(found) == PAGE
        for ore, running, each in zip(ores, balances, found, strict=True):
            assert type(each.amount) is type(each.balance) is Decimal
            assert each.amount * 100 == ore and each.balance * 100 == running
            # As the feed stores it: text, digit by digit.
            assert Decimal(f"{each.amount:f}") * 100 == ore
            assert not each.problems
        total, balance = total + sum(ores), balance + sum(balances)
        summed += sum((each.amount - each.balance for each in found), Decimal(0))
    assert summed * 100 == total - balance


def test_the_ways_of_writing_are_all_read():
    random = Random(SEED)
    for ore in (0, 1, -1, 10, -30, 29, 57, 100, 115, -12345, 99_999_999):
        for way in WAYS:
            (found,) = read([row(way(ore, random), 1)])
            assert found.amount * 100 == ore, way.__name__
