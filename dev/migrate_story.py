"""What happens around an upgrade: a bank is connected before, and has news afterwards.

Over HTTP, through what people use: it must fit older states of the add-on as well.
"""

from decimal import Decimal

import demo_story
from demo_story import control

LINE = "account.bank.statement.line"
# Settings as no new database has them.
SETTINGS = {
    "open_banking_consent_days": 120,
    "open_banking_notices": "10, 5, 0",
    "open_banking_reminder_weeks": 2,
    "open_banking_adopt_lines": True,
    "open_banking_webhook_secret": "a secret of its own",
}
# What an administrator has changed in the data that came with the add-on.
CHANGED = {
    "ir_cron_fetch": ("ir.cron", {"interval_number": 3}),
    "ir_cron_expire_links": ("ir.cron", {"active": False}),
    "mail_template_connect": ("mail.template", {"subject": "Your bank, please"}),
}
NEWS = (
    {"amount": "-120.50", "text": "Kontorartikler"},
    {"amount": "-120.50", "text": "Kontorartikler"},
    {"amount": "9000.00", "text": "Indbetaling"},
)
DELETED = "NOK-konto"  # a user has deleted a line of this account


def before(odoo_url, bank_url, database):
    """Connect the bank, import, and change what people change."""
    odoo = demo_story.Odoo(odoo_url, database)
    control(bank_url, "reset", {"seed": "small"})
    demo_story.make_company(odoo)
    demo_story.make_settings(odoo, odoo_url, bank_url)
    demo_story.choose_journals(odoo, demo_story.connect(odoo, bank_url))
    demo_story.watch_import(odoo, started="first")
    if wrong := _unlike_bank(odoo, bank_url):
        raise RuntimeError("\n".join(wrong))
    settings = odoo.call("res.config.settings", "create", SETTINGS)
    odoo.call("res.config.settings", "execute", [settings])
    for name, (model, values) in CHANGED.items():
        odoo.call(model, "write", [_record(odoo, name)], values)
    _delete_line(odoo)


def _record(odoo, name):
    module = "account_mastercard_open_banking"
    found = odoo.call("ir.model.data", "check_object_reference", module, name)
    return found[1]


def _delete_line(odoo):
    [account] = [each for each in demo_story.accounts_of(odoo) if _is_cut(each)]
    mine = [("journal_id", "=", account["journal_id"][0])]
    line = odoo.search_read(LINE, mine, ["id"], limit=1)[0]["id"]
    odoo.call(LINE, "unlink", [line])


def after(odoo_url, bank_url, database):
    """Fetch what the bank has new, and once more; what is wrong, as sentences."""
    odoo = demo_story.Odoo(odoo_url, database)
    accounts = demo_story.accounts_of(odoo)
    lines = demo_story.count_lines(odoo)
    for account in accounts:
        news = {"account": account["external_id"], "transactions": list(NEWS)}
        control(bank_url, "transactions/add", news)
    wrong = []
    for started, expected in (("next", len(accounts) * len(NEWS)), ("same", 0)):
        _fetch(odoo, accounts, started)
        added = demo_story.count_lines(odoo) - lines
        lines += added
        if added != expected:
            wrong.append(f"the {started} fetch added {added} lines, not {expected}")
    return wrong + _unlike_bank(odoo, bank_url)


def _fetch(odoo, accounts, started):
    last_run = demo_story.newest_run(odoo)
    ids = [each["id"] for each in accounts]
    odoo.call(demo_story.ACCOUNT, "action_fetch_now", ids)
    demo_story.watch_import(odoo, started=started, after=last_run)


def _unlike_bank(odoo, bank_url):
    """Where lines, balances and proof of the accounts are not what they must be."""
    return [
        f"{account['name']}: {what}"
        for account in demo_story.accounts_of(odoo)
        for what in _wrong_in(odoo, bank_url, account)
    ]


def _wrong_in(odoo, bank_url, account):
    truth = control(bank_url, "transactions", account=account["external_id"])
    booked = filter(demo_story.is_booked, truth["transactions"])
    said = [Decimal(row["amount"]) for row in booked]
    journal = [("journal_id", "=", account["journal_id"][0])]
    lines = odoo.search_read(LINE, journal, ["amount"])
    have = [Decimal(f"{line['amount']:.2f}") for line in lines]
    proof = "equal"
    if _is_cut(account) and len(have) == len(said) - 1:
        proof = "differs"
        have.append(sum(said) - sum(have))
    if sorted(have) != sorted(said):
        yield f"{len(have)} lines, and the bank has {len(said)} transactions"
    if account["proof_state"] != proof:
        yield f"the proof says {account['proof_state']}, not {proof}"


def _is_cut(account):
    return account["name"] == DELETED
