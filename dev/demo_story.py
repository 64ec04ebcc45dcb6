"""What the demonstration does inside Odoo: a bank is connected as a customer would.

Everything goes over HTTP, through the pages and buttons that people use. Nothing in
here knows the add-on's code.
"""

import sys
import time
from datetime import date
from decimal import Decimal

import requests
from dateutil.relativedelta import relativedelta
from lxml import html

COMPANY = "Nordlys Handel ApS"
CALLBACK = "/open_banking/callback"
CLIENT = ("rehearsal-client", "rehearsal-secret")
CUSTOMER = {"email": "karen@nordlys.example", "user": "karen"}
ACCOUNT = "open.banking.account"
# The rehearsal bank's transactions follow its calendar; this is the day they were made.
BANK_DAY = "account_mastercard_open_banking.demo_bank_day"
GIVE_UP_AFTER = 180  # seconds without any progress


class Odoo:
    """A user's browser session with Odoo, as far as the story needs it."""

    def __init__(self, address, database):
        self.address = address
        self.session = requests.Session()
        answer = self._rpc(
            "/web/session/authenticate",
            {"db": database, "login": "admin", "password": "admin"},
        )
        self.user = answer["uid"]

    def call(self, model, method, *args, **kwargs):
        """Call a public method of a model, as the web client does."""
        return self._rpc(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def search_read(self, model, domain, fields, **options):
        """Read records."""
        return self.call(model, "search_read", domain, fields, **options)

    def _rpc(self, path, params):
        answer = self.session.post(
            self.address + path, json={"params": params}, timeout=600
        ).json()
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["message"])
        return answer.get("result")


def say(text):
    """Print a line of the story at once."""
    print(text, flush=True)


def tell(odoo_url, bank_url, database, options):
    """Tell the whole story; True when every account ended equal.

    :param str odoo_url: where Odoo answers
    :param str bank_url: where the rehearsal bank answers
    :param str database: the demonstration's database
    :param options: the command's options (`once`, `transactions`, …)
    """
    odoo = Odoo(odoo_url, database)
    set_scene(odoo, bank_url, options.transactions)
    say(f"Company: {COMPANY}, Danish chart of accounts")
    make_company(odoo)
    say("Settings: the rehearsal bank stands in for Mastercard")
    make_settings(odoo, odoo_url, bank_url)
    say("Connect to bank, and the customer's way through the bank's pages")
    wizard = connect(odoo, bank_url)
    say("Choose journals: by account number, by currency, new ones for the rest")
    choose_journals(odoo, wizard)
    watch_import(odoo, started="first")
    first = report(odoo, bank_url)
    before, last_run = count_lines(odoo), newest_run(odoo)
    say("The same once more: everything is known already")
    odoo.call(ACCOUNT, "action_fetch_now", [each["id"] for each in accounts_of(odoo)])
    watch_import(odoo, started="second", after=last_run)
    added = count_lines(odoo) - before
    say(f"Second run: {added} lines added")
    return first and added == 0


def set_scene(odoo, bank_url, transactions=None):
    """Fill the bank: as it was before when the database is shown again another day.

    :param int transactions: let there be one account with so many, and no other
    """
    day = odoo.call("ir.config_parameter", "get_param", BANK_DAY)
    if not day:
        day = control(bank_url, "state")["now"]
        odoo.call("ir.config_parameter", "set_param", BANK_DAY, day)
    seed = "empty" if transactions else "demo"
    control(bank_url, "reset", {"seed": seed, "now": day})
    if transactions:
        account = {"name": "Driftskonto", "owner": COMPANY}
        control(bank_url, "accounts", {**account, "transactions": transactions})
    control(bank_url, "clock", {"real": True})


def make_company(odoo):
    """Turn the database's company into a Danish one, and its user into a bookkeeper."""
    company = odoo.search_read("res.company", [], ["name"], limit=1)[0]
    if company["name"] == COMPANY:
        return
    denmark = odoo.call("ir.model.data", "check_object_reference", "base", "dk")[1]
    odoo.call(
        "res.company",
        "write",
        [company["id"]],
        {"name": COMPANY, "country_id": denmark},
    )
    odoo.call("account.chart.template", "try_loading", [], "dk", company["id"])
    group = odoo.call(
        "ir.model.data", "check_object_reference", "account", "group_account_user"
    )[1]
    user = odoo.search_read("res.users", [("login", "=", "admin")], ["name"])[0]
    odoo.call("res.users", "write", [user["id"]], {"group_ids": [(4, group)]})


def make_settings(odoo, odoo_url, bank_url):
    """Enter the credentials as an administrator does, and register our address."""
    settings = odoo.call(
        "res.config.settings",
        "create",
        {
            "open_banking_environment": "custom",
            "open_banking_custom_url": bank_url,
            "open_banking_client_id": CLIENT[0],
            "open_banking_client_secret": CLIENT[1],
        },
    )
    odoo.call("res.config.settings", "execute", [settings])
    control(bank_url, "settings", {"redirect_uris": [odoo_url + CALLBACK]})


def control(bank_url, name, body=None, method=None, **query):
    """Use the rehearsal bank's control desk: GET without a body, else POST."""
    answer = requests.request(
        method or ("GET" if body is None else "POST"),
        f"{bank_url}/_control/{name}",
        json=body,
        params=query,
        timeout=600,
    )
    answer.raise_for_status()
    return answer.json()


def connect(odoo, bank_url):
    """Press Connect to bank and walk to the end; returns the mapping wizard's id."""
    from rehearsal_bank.customer import Customer

    journal = odoo.search_read(
        "account.journal", [("type", "=", "bank")], ["name"], limit=1
    )[0]
    action = odoo.call(
        "account.journal", "action_open_banking_connect", [journal["id"]]
    )
    page = odoo.session.get(odoo.address + action["url"], timeout=60)
    token = html.fromstring(page.text).xpath("//input[@name='csrf_token']/@value")[0]
    answer = odoo.session.post(
        page.url, data={"csrf_token": token}, allow_redirects=False, timeout=60
    )
    back = Customer(**CUSTOMER).walk(
        answer.headers["Location"], bank=demo_bank(bank_url)
    )
    end = odoo.session.get(back, timeout=60)
    if not end.url.rsplit("/", 1)[1].isdigit():
        raise RuntimeError(html.fromstring(end.text).text_content().strip())
    return int(end.url.rsplit("/", 1)[1])


def demo_bank(bank_url):
    """Return the id of the bank at which the seed's company has its accounts."""
    return control(bank_url, "accounts")["accounts"][0]["bank"]


def choose_journals(odoo, wizard):
    """Keep the wizard's suggestions, from two years back on, and start the import."""
    line_model = "open.banking.account.map.line"
    lines = odoo.search_read(
        line_model, [("map_id", "=", wizard)], ["account_name", "action", "journal_id"]
    )
    since = date.today() - relativedelta(years=2)
    for line in lines:
        odoo.call(line_model, "write", [line["id"]], {"start_date": since.isoformat()})
        journal = line["journal_id"][1] if line["journal_id"] else "a new journal"
        say(f"  {line['account_name']} -> {journal}")
    odoo.call("open.banking.account.map", "action_confirm", [wizard])


def accounts_of(odoo):
    """Read the accounts in use."""
    fields = [
        "name",
        "bban",
        "iban",
        "external_id",
        "currency_id",
        "journal_id",
        "booked_balance",
        "books_balance",
        "proof_state",
        "error_text",
    ]
    return odoo.search_read(ACCOUNT, [("journal_id", "!=", False)], fields, order="id")


def count_lines(odoo):
    """Count the statement lines of the whole company."""
    return odoo.call("account.bank.statement.line", "search_count", [])


def newest_run(odoo):
    """The number of the newest run in the bank log."""
    return odoo.search_read("open.banking.fetch", [], ["id"], limit=1)[0]["id"]


def watch_import(odoo, started, after=0):
    """Show the progress of the background jobs until all runs are closed.

    :param int after: each account must have had a run after this one
    """
    due = [("journal_id", "!=", False), ("next_attempt", "<=", "now")]
    open_runs = [("state", "in", ["reading", "booking"])]
    end = time.monotonic() + GIVE_UP_AFTER
    shown = None
    while time.monotonic() < end:
        waiting = odoo.call(ACCOUNT, "search_count", due)
        waiting += odoo.call("open.banking.fetch", "search_count", open_runs)
        begun = odoo.call("open.banking.fetch", "search_count", [("id", ">", after)])
        waiting += max(0, len(accounts_of(odoo)) - begun)
        lines = count_lines(odoo)
        if (waiting, lines) != shown:
            shown = waiting, lines
            end = time.monotonic() + GIVE_UP_AFTER
            say(f"  {started} import: {lines} lines in the books")
        failed = [each for each in accounts_of(odoo) if each["error_text"]]
        if failed:
            raise RuntimeError(f"{failed[0]['name']}: {failed[0]['error_text']}")
        if not waiting:
            return
        time.sleep(2)
    raise RuntimeError("the import did not end in time")


def report(odoo, bank_url):
    """Print the table: what the bank has, what the books have, and whether equal."""
    say("")
    say(
        f"{'account':<24}{'journal':<26}{'at bank':>9}{'in Odoo':>9}"
        f"{'bank balance':>18}{'books balance':>18}  equal"
    )
    good = True
    for account in accounts_of(odoo):
        truth = control(bank_url, "transactions", account=account["external_id"])
        booked = [row for row in truth["transactions"] if is_booked(row)]
        journal = account["journal_id"]
        lines = odoo.call(
            "account.bank.statement.line",
            "search_count",
            [("journal_id", "=", journal[0])],
        )
        at_bank, in_books = (
            Decimal(str(account[name])).quantize(Decimal("0.01"))
            for name in ("booked_balance", "books_balance")
        )
        equal = len(booked) == lines and at_bank == in_books
        good &= equal
        currency = account["currency_id"][1]
        say(
            f"{account['name'][:23]:<24}{journal[1][:25]:<26}{len(booked):>9}{lines:>9}"
            f"{at_bank:>14,} {currency}{in_books:>14,} {currency}"
            f"  {'yes' if equal else 'NO'}"
        )
    say("")
    return good


def is_booked(row):
    """Whether the bank's list says that a transaction is final and not taken back."""
    return str(row["state"]).lower() == "booked" and not row.get("deleted")


if __name__ == "__main__":
    sys.exit(__doc__)
