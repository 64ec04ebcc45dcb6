"""The damages of ./dev/fuzz: the same dice damage alike, and damage at all."""

import json
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz_json import Damage, Members, Raw, written  # noqa: E402

ANSWER = json.dumps({"accounts": [{"id": "a", "booked": {"value": 1.5}}]})


def test_the_same_dice_damage_alike():
    made = [[Damage(random.Random(3)).body(ANSWER) for _ in range(20)] for _ in "ab"]
    assert made[0] == made[1]


def test_most_answers_are_not_what_they_were():
    damage = Damage(random.Random(1))
    bodies = [damage.body(ANSWER)[0] for _number in range(300)]
    same = sum(body == ANSWER.encode() for body in bodies)
    assert same < 30 and len(set(bodies)) > 150


@pytest.mark.parametrize(
    "value, text",
    [
        (Members([("a", 1), ("a", 2)]), '{"a":1,"a":2}'),
        ([Raw("1e400"), Raw("NaN")], "[1e400,NaN]"),
        ({"a": {"b": None}}, '{"a":{"b":null}}'),
    ],
)
def test_what_python_cannot_write_is_written(value, text):
    assert written(value) == text
