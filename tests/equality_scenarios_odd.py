"""What hardly ever happens, and would be easy to get wrong."""

from datetime import date, datetime
from decimal import Decimal

from .equality_scenarios import Scenario, but, foreign, made, partner
from .equality_scenarios_numbers import journal

REPLICATED = "replicated"


def all_have(**values):
    """Return a function that makes lines which have this in common."""
    return but(made(), lambda *_: values)


def last_has(**values):
    def changed(world):
        found = made()(world)
        found[-1].update(values)
        return found

    return changed


def days_of(year):
    return but(made(), lambda _w, _p, line: {"date": line["date"].replace(year=year)})


def weak_yen(world):
    """A yen that is worth less than the smallest coin."""
    rates = world.env["res.currency.rate"].search(
        [
            ("currency_id", "=", world.currency["JPY"].id),
            ("company_id", "=", world.companies["danish"].id),
        ]
    )
    rates.rate = 10**6


def five_cents(world):
    world.currency["EUR"].rounding = 0.05


def whole_euros(_world, _place, line):
    return {"amount": round(line["amount"])}


def record_rule(model, domain):
    """Prepare a rule of the users' own for records of a model."""

    def prepare(world):
        world.env["ir.rule"].create(
            {
                "name": "Equality",
                "model_id": world.env["ir.model"]._get_id(model),
                "domain_force": domain,
            }
        )

    return prepare


def default(model, field, value):
    return lambda world: world.env["ir.default"].set(model, field, value)


def followed_journal(world):
    """Who follows the journal follows its entries: core's own mechanism."""
    subtype = world.env["mail.message.subtype"].create(
        {"name": "Entry", "res_model": "account.move", "default": True}
    )
    world.env["mail.message.subtype"].create(
        {
            "name": "Entries",
            "res_model": "account.journal",
            "parent_id": subtype.id,
            "relation_field": "journal_id",
            "default": True,
        }
    )
    world.journals["bank"].message_subscribe(
        (world.partners["plain"] | world.partners["terms"]).ids
    )


def danish_words(world):
    """What core writes into the history, in Danish."""
    world.env["res.lang"]._activate_lang("da_DK")
    world.env["ir.module.module"]._load_module_terms(["account", "mail"], ["da_DK"])


def lines_of_a_statement(world):
    """Older and newer lines, in a statement whose balances hold."""
    lines = world.make_lines(
        world.env,
        [
            world.plain_line("bank", "2025-01-05"),
            world.plain_line("bank", "2025-11-05"),
        ],
    )
    world.env["account.bank.statement"].create(
        {"name": "There before", "line_ids": [(6, 0, lines.ids)], "balance_end_real": 6}
    )


SURROGATE = "\ud800"
ODD = (
    Scenario("days to come", days_of(2031), way=REPLICATED),
    Scenario("days of another century", days_of(1898)),
    Scenario("days far away", days_of(2250)),
    Scenario("a day with an hour", all_have(date=datetime(2025, 3, 3, 23, 59))),
    Scenario("the first and last day of a month", all_have(date=date(2025, 2, 28))),
    Scenario("an amount with an exponent", all_have(amount=Decimal("1E+3"))),
    Scenario("an exact minus zero", all_have(amount=Decimal("-0.00"))),
    Scenario("an amount in whole numbers", all_have(amount=7), way=REPLICATED),
    Scenario("true for an amount", all_have(amount=True)),
    Scenario(
        "an amount that floats cannot hold",
        all_have(amount=Decimal("90071992547409.93")),
    ),
    Scenario(
        "more digits than floats have", all_have(amount=Decimal("99999999999999999.99"))
    ),
    Scenario(
        "nothing in the currency of the company",
        made("yen", amount=Decimal(1)),
        prepare=weak_yen,
    ),
    Scenario(
        "nothing in the currency of the company and abroad",
        but(made("yen", amount=Decimal(1)), foreign("EUR", factor="0.01")),
        prepare=weak_yen,
    ),
    Scenario(
        "a currency without small coins",
        but(made("euro"), whole_euros),
        prepare=five_cents,
    ),
    Scenario(
        "amounts finer than the smallest coin",
        made("euro"),
        prepare=five_cents,
    ),
    Scenario(
        "a label of half a character", last_has(payment_ref=SURROGATE), fails=True
    ),
    Scenario(
        "a name of half a character", last_has(partner_name=SURROGATE), fails=True
    ),
    Scenario("a label with spaces around", all_have(payment_ref="  a  ")),
    Scenario("a very long label", all_have(payment_ref="long " * 3000)),
    Scenario(
        "details with a decimal",
        last_has(transaction_details={"a": Decimal("1.10")}),
    ),
    Scenario("details in other shapes", all_have(transaction_details=[1, {"2": None}])),
    Scenario(
        "details that number", all_have(transaction_details={"a": 1.10, "b": 1e3})
    ),
    Scenario("a partner given as text", last_has(partner_id="x"), fails=True),
    Scenario(
        "a rule of records for lines",
        last_has(payment_ref="Refused"),
        prepare=record_rule(
            "account.bank.statement.line", "[('payment_ref', '!=', 'Refused')]"
        ),
        user="danish",
        fails=True,
    ),
    Scenario(
        "a rule of records for entries",
        last_has(date=date(2025, 12, 31)),
        prepare=record_rule("account.move", "[('date', '!=', '2025-12-31')]"),
        user="danish",
        fails=True,
    ),
    Scenario(
        "a rule of records for items",
        last_has(payment_ref="Refused"),
        prepare=record_rule("account.move.line", "[('name', '!=', 'Refused')]"),
        user="danish",
        fails=True,
    ),
    Scenario(
        "a default for entries",
        made(),
        prepare=default("account.move", "ref", "Default"),
    ),
    Scenario(
        "a default for items",
        made(),
        prepare=default("account.move.line", "quantity", 3),
    ),
    Scenario("followers of the journal", made(), prepare=followed_journal),
    Scenario(
        "followers of the journal and a user",
        made(),
        prepare=followed_journal,
        user="danish",
    ),
    Scenario(
        "history in danish", made(), prepare=danish_words, context={"lang": "da_DK"}
    ),
    Scenario("lines of a statement", made(), prepare=lines_of_a_statement),
    Scenario("a code in braces", made(), prepare=journal(code="{0}{}")),
    Scenario("a code with a percent sign", made(), prepare=journal(code="%s%%")),
    Scenario(
        "each line another partner or none",
        but(made(count=60), partner("plain", "child", "abroad", "terms", "bank")),
    ),
)
