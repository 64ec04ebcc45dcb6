"""What ./dev/bench orders inside Odoo: core's way, and the community's add-on."""

import json
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from dateutil.relativedelta import relativedelta

from bench_meter import Meter
from bench_orders import new_journal


def _values(path, journal, leave_out=("unique_import_id",)):
    rows = json.loads(Path(path).read_text())
    for row in rows:
        for name in leave_out:
            del row[name]
        if not row["foreign_currency_id"]:
            del row["foreign_currency_id"], row["amount_currency"]
        row["journal_id"] = journal
    return rows


def core(env, path, batch):
    """Core's own create, so many lines at a time, with a commit after each.

    :param int batch: 0 for all at once
    """
    rows = _values(path, new_journal(env))
    env.cr.commit()
    env.invalidate_all()
    lines = env["account.bank.statement.line"]
    size = batch or len(rows)
    with Meter(env.cr) as meter:
        for start in range(0, len(rows), size):
            lines.create(rows[start : start + size])
            env.cr.commit()
            env.invalidate_all()
    return {**meter.cost, "counts": {"booked": len(rows)}, "wrong": []}


def oca_new(env, path):
    """The community's add-on pulls new lines, month by month, a commit after each.

    Without statements: it is quickest so.
    """
    from odoo.addons.bench_online_provider.models import (
        online_bank_statement_provider as memory,
    )

    journal = new_journal(env)
    provider = env["online.bank.statement.provider"].create(
        {
            "journal_id": journal,
            "service": "bench",
            "statement_creation_mode": "monthly",
            "create_statement": False,
            "tz": "UTC",
        }
    )
    rows = _values(path, journal, leave_out=())
    for row in rows:
        row.pop("transaction_details")
    memory.LINES[provider.id] = rows
    env.cr.commit()
    env.invalidate_all()
    cost = _pull(env, provider, rows)
    return {**cost, "provider": provider.id}


def oca_again(env, provider, bank=None):
    """The same pull once more: every line is known.

    :param dict bank: where to get them over HTTP, without: from memory
    """
    from odoo.addons.bench_online_provider.models import (
        online_bank_statement_provider as memory,
    )

    provider = env["online.bank.statement.provider"].browse(provider)
    provider.service = "bench_http" if bank else "bench"
    memory.BANKS[provider.id] = bank
    env.cr.commit()
    return _pull(env, provider, memory.LINES[provider.id])


def _months(rows):
    """The first days of the months that have rows."""
    for month, _rows in groupby(row["date"][:7] for row in rows):
        yield datetime.fromisoformat(f"{month}-01")


def _pull(env, provider, rows):
    lines = env["account.bank.statement.line"]
    mine = [("journal_id", "=", provider.journal_id.id)]
    before = lines.search_count(mine)
    months = list(_months(rows))
    with Meter(env.cr) as meter:
        for first in months:
            last = first + relativedelta(months=1) - timedelta(seconds=1)
            provider._pull(first, last)
            env.cr.commit()
            env.invalidate_all()
    made = lines.search_count(mine) - before
    wrong = [] if before + made == len(rows) else [f"{made} lines of {len(rows)}"]
    return {**meter.cost, "counts": {"booked": made}, "wrong": wrong}


ORDERS = {"core": core, "oca_new": oca_new, "oca_again": oca_again}
