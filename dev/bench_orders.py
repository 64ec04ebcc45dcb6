"""What ./dev/bench orders inside Odoo: this add-on's own work."""

import contextlib
import json
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import requests
from dateutil.relativedelta import relativedelta

from bench_meter import Meter
from bench_names import CALLBACK, CLIENT, COMPANY, CUSTOMER, SITE
from bench_profile import profiled

ACCOUNT, RUN = "open.banking.account", "open.banking.fetch"
# What the rehearsal bank's customers pay in.
CURRENCIES = ("DKK", "EUR", "GBP", "NOK", "SEK", "USD")
# What a line is made of, for those who are given it and need not fetch it.
LINE_FIELDS = (
    *("date", "payment_ref", "partner_name", "account_number", "transaction_type"),
    *("amount", "transaction_details", "foreign_currency_id", "amount_currency"),
)


def control(bank, name, body=None):
    """Use the rehearsal bank's control desk."""
    address = f"{bank}/_control/{name}"
    answer = requests.post(address, json=body, timeout=600)
    answer.raise_for_status()
    return answer.json()


def prepare(env, bank):
    """A Danish company that knows the rehearsal bank, and its bookkeeper."""
    company = env.company
    company.write({"name": COMPANY, "country_id": env.ref("base.dk").id})
    # Core alone refuses a purchase in a currency that is not active.
    currencies = env["res.currency"].with_context(active_test=False)
    currencies.search([("name", "in", CURRENCIES)]).active = True
    charts = env["account.chart.template"]
    charts.try_loading("dk", company, install_demo=False)
    bookkeepers = env.ref("account.group_account_user").id
    env.ref("base.user_admin").group_ids = [(4, bookkeepers)]
    if "open_banking_environment" in company._fields:
        company.write(
            {
                "open_banking_environment": "custom",
                "open_banking_custom_url": bank,
                "open_banking_client_id": CLIENT[0],
                "open_banking_client_secret_encrypted": env[
                    "open.banking.vault"
                ]._encrypt(CLIENT[1]),
            }
        )
        env["ir.config_parameter"].set_param("web.base.url", SITE)


def move_in(env):
    """This copy of a database is the one that talks to the bank now."""
    env["open.banking.home"]._begin_anew()


def choose_way(env, way):
    """Book this way first; whether the add-on has a choice of ways."""
    if "open_banking_booking_way" not in env.company._fields:
        return False
    env.company.open_banking_booking_way = way
    return True


def connect(env, bank, user, accounts=None, days=730):
    """Give a consent and map its accounts to new journals.

    :return: the ids of the accounts and of their journals, their names and numbers
    """
    given = {"user": user, "email": CUSTOMER["email"], "redirect_uri": CALLBACK}
    if accounts:
        given["accounts"] = accounts
    admin = env.ref("base.user_admin")
    attempts = env["open.banking.authorisation"]
    link = attempts._make_link(env.company, None, admin)
    attempt = attempts._from_link(link.rsplit("/", 1)[1])
    attempt._go_to_bank("da_DK")
    env.cr.commit()
    given = control(bank, "consents/give", given)
    attempt._come_back(given["code"], given["consent"])
    env.cr.commit()
    env.invalidate_all()
    found = attempt.consent_id.account_ids.filtered(lambda a: not a.journal_id)
    journals = new_journals(env, found)
    since = date.today() - relativedelta(days=days)
    for account, journal in zip(found, journals, strict=True):
        account._map(journal, since)
    return {
        "accounts": found.ids,
        "journals": journals.ids,
        "ibans": found.mapped("iban"),
        "consent": attempt.consent_id.external_id,
    }


def new_journals(env, names):
    """Bank journals, one for each; Odoo's own codes end at 99.

    Each with an account: core looks for a free number one by one.
    """
    journals = env["account.journal"]
    taken = journals.search_count([])
    codes = [f"{taken + n:05d}" for n, _name in enumerate(names)]
    accounts = env["account.account"].create(
        [
            {"name": f"Bench {code}", "code": f"9{code}", "account_type": "asset_cash"}
            for code in codes
        ]
    )
    return journals.create(
        [
            {"name": f"Bench {code}", "type": "bank", "code": code}
            | {"default_account_id": account.id}
            for code, account in zip(codes, accounts, strict=True)
        ]
    )


def new_journal(env):
    """One empty bank journal; its id."""
    return new_journals(env, [None]).id


def fetch(env, accounts, whole_window=False, profile=None):
    """Let the scheduled job's own code read, book and prove; what it cost.

    :param bool whole_window: the days of the first reading once more
    """
    found = env[ACCOUNT].browse(accounts)
    if whole_window:
        runs = found.fetch_ids
        window = (min(runs.mapped("window_from")), max(runs.mapped("window_to")))
        for account in found:
            env[RUN]._ask(account, window, env.ref("base.user_admin"))
    found.next_attempt = datetime.now().replace(microsecond=0) - timedelta(seconds=1)
    env.cr.commit()
    env.invalidate_all()
    last = env[RUN].search([], order="id desc", limit=1).id or 0
    with Meter(env.cr) as meter, bank_wait() as waited, profiled(profile):
        for _turn in range(100):
            env[ACCOUNT]._cron_fetch()
            if not found.filtered_domain(env[ACCOUNT]._due_domain()):
                break
    env.invalidate_all()
    cost = {**meter.cost, "bank_wait": sum(waited)}
    return {**cost, **_outcome(env, found, last)}


@contextlib.contextmanager
def bank_wait():
    """Notes the seconds in which a call of the bank waits and does nothing."""
    from odoo.addons.account_mastercard_open_banking.bank_api import client

    true_send, waited = client.send, []

    def send(*args, **kwargs):
        began, used = time.perf_counter(), time.thread_time()
        try:
            return true_send(*args, **kwargs)
        finally:
            spent = time.thread_time() - used
            waited.append(time.perf_counter() - began - spent)

    client.send = send
    try:
        yield waited
    finally:
        client.send = true_send


def _outcome(env, accounts, last):
    """What the runs say they did; an error when one did not do its work."""
    mine = [("account_id", "in", accounts.ids), ("finished_on", "!=", False)]
    runs = env[RUN].search([*mine, ("id", ">=", last)], order="id desc")
    runs = runs[: len(accounts)]
    bad = [f"{run.state} {run.error_code}" for run in runs if run.state != "done"]
    bad += [a.proof_state for a in accounts if a.proof_state != "equal"]
    bad += [a.error_code for a in accounts if a.error_code]
    names = [name for name in runs._fields if name.endswith("_count")]
    counts = {name.removesuffix("_count"): sum(runs.mapped(name)) for name in names}
    reasons = runs.mapped("way_reason") if "way_reason" in runs._fields else []
    return {
        "counts": counts,
        "reasons": sorted(set(filter(None, reasons))),
        "pages": sum(runs.mapped("pages")),
        "wrong": sorted(set(bad)),
    }


def dump(env, journal, path):
    """Write the values of a journal's lines into a file, oldest first; how many."""
    lines = env["account.bank.statement.line"].search(
        [("journal_id", "=", journal)], order="internal_index"
    )
    rows = lines.read(LINE_FIELDS, load=None)
    for line, row in zip(lines, rows, strict=True):
        row["date"] = row["date"].isoformat()
        row["unique_import_id"] = line.open_banking_transaction_id.external_id
        del row["id"]
    Path(path).write_text(json.dumps(rows))
    return len(rows)


ORDERS = {
    "prepare": prepare,
    "move_in": move_in,
    "choose_way": choose_way,
    "connect": connect,
    "new_journal": new_journal,
    "fetch": fetch,
    "dump": dump,
}
