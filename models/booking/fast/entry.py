from functools import partial
from typing import NamedTuple

import psycopg2
from odoo import models

from ....const import CONCURRENT
from .batched import create_batched
from .doubt import NotProven
from .numbers import AT_ONCE
from .replicate import create_replicated

REPLICATED, BATCHED, CORE = WAYS = ("replicated", "batched", "core")


class Made(NamedTuple):
    """Lines, and how they were made."""

    lines: models.BaseModel
    way: str
    reason: str  # why not the way that was asked for, "" when it was taken


def create_lines(lines, values_list, way=REPLICATED, falls_back=True):
    """Make statement lines, by the first way that is proven to equal core's.

    More than a thousand are made as core makes them in several calls, for a thousand
    each: of more it numbers the last thousand first.

    :param account.bank.statement.line lines: the model, in the environment to use
    :param list[dict] values_list: as for core's `create`; left as they are
    :param str way: the first one tried, of `WAYS`
    :param bool falls_back: whether the next ways are taken; they cost core's time
    :rtype: Made
    :raise NotProven: when the next way may not be taken
    :raise UserError: and whatever else core's `create` raises
    """
    reasons = []
    makers = {
        REPLICATED: create_replicated,
        BATCHED: partial(_by_thousands, create_batched),
        CORE: partial(_by_thousands, _create),
    }
    for name in WAYS[WAYS.index(way) :]:
        try:
            with lines.env.cr.savepoint():
                made = makers[name](lines, [dict(values) for values in values_list])
            return Made(made, name, "; ".join(reasons))
        except NotProven as doubt:
            if not falls_back:
                raise
            reasons.append(str(doubt))
        except CONCURRENT:
            raise
        except psycopg2.Error as error:
            # Core says it in its own words, if it is so for core as well.
            if name != REPLICATED or isinstance(error, psycopg2.OperationalError):
                raise
            if not falls_back:
                raise NotProven(type(error).__name__) from error
            reasons.append(type(error).__name__)
    raise AssertionError("core's own way proves itself")


def _by_thousands(create, lines, values_list):
    made = [
        create(lines, values_list[start : start + AT_ONCE])
        for start in range(0, len(values_list), AT_ONCE)
    ]
    return lines.union(*made)


def _create(lines, values_list):
    return lines.create(values_list)
