"""What ./dev/bench orders inside Odoo: what a user looks at, by its queries."""

from bench_meter import Meter

# What the board's list shows of a row.
BOARD_FIELDS = (
    *("account_id", "name", "number", "company_id", "consent_id", "journal_id"),
    *("partner_id", "user_id", "provider_name", "urgency", "consent_until"),
    *("days_left", "last_transaction_on", "last_fetch_on", "question_count", "text"),
)


def _as_bookkeeper(env):
    return env(user=env.ref("base.user_admin"))


def dashboard(env, journals):
    """Show these journals' cards, twice: what is made once is no longer counted."""
    cards = _as_bookkeeper(env)["account.journal"].browse(journals)
    for _time in range(2):
        env.invalidate_all()
        with Meter(env.cr) as meter:
            cards.read(["kanban_dashboard", "kanban_dashboard_graph"])
    return meter.cost


def board(env):
    """Show the whole board as its list does."""
    rows = _as_bookkeeper(env)["open.banking.board"]
    specification = {name: {} for name in BOARD_FIELDS}
    for name in ("account_id", "company_id", "consent_id", "journal_id"):
        specification[name] = {"fields": {"display_name": {}}}
    for _time in range(2):
        env.invalidate_all()
        with Meter(env.cr) as meter:
            shown = rows.web_search_read([], specification, limit=1000)
    return {**meter.cost, "rows": shown["length"]}


def set_lanes(env, lanes):
    """Let so many import jobs work at once, as an administrator does.

    :return: the ids of the jobs
    """
    env["res.config.settings"].create({"open_banking_lanes": lanes}).execute()
    return env["open.banking.account"]._lanes().filtered("active").ids


ORDERS = {"dashboard": dashboard, "board": board, "set_lanes": set_lanes}
