"""What the lines say: amounts, currencies, partners, texts."""

from datetime import date, timedelta
from decimal import Decimal

from .equality_scenarios import Scenario, but, foreign, made, mixed, partner

REPLICATED = "replicated"


def zeros(_world, place, line):
    """Every fifth amount is nothing, every seventh is whole."""
    if place % 5 == 0:
        return {"amount": Decimal(0)}
    return {"amount": round(line["amount"])} if place % 7 == 0 else {}


def over_the_years(_world, place, line):
    return {"date": line["date"] - timedelta(days=300 * (place % 3))}


def texts(_world, place, _line):
    """What a bank may send, and what it may leave out."""
    odd = ["\t tab ", "<b>&amp;</b>", "æøå 漢字 😀", "a\nb", "'; --", "\\x00", "0"]
    return {
        "payment_ref": odd[place % len(odd)],
        "partner_name": [False, "", "O'Neill", None][place % 4],
        "account_number": [False, "", "DK 12-34"][place % 3],
        "transaction_type": [False, "", "SEPA"][place % 3],
        "transaction_details": [False, None, {}, {"a": [1.50, "é"]}, "x"][place % 5],
    }


def only_what_must_be(world):
    return [
        {name: line[name] for name in ("journal_id", "date", "payment_ref", "amount")}
        for line in made()(world)
    ]


def fed(world):
    """Lines of feed rows, as booking makes them."""
    rows = world.feed_rows()
    return [
        {**line, "open_banking_transaction_id": row.id}
        for line, row in zip(made()(world), rows, strict=True)
    ]


AMOUNTS = (
    Scenario("twelve months in shuffled order", made(), way=REPLICATED),
    Scenario("only what must be there", only_what_must_be, way=REPLICATED),
    Scenario("zero and whole amounts", but(made(), zeros), way=REPLICATED),
    Scenario("nothing but zeros", made(amount=Decimal(0)), way=REPLICATED),
    Scenario("one day and one sign", made(amount=Decimal("9.95"), months=1)),
    Scenario("over three years", but(made(), over_the_years), way=REPLICATED),
    Scenario(
        "amounts as binary fractions",
        but(made(), lambda _w, _p, line: {"amount": float(line["amount"])}),
        way=REPLICATED,
    ),
    Scenario(
        "amounts as text", but(made(), lambda _w, _p, v: {"amount": str(v["amount"])})
    ),
    Scenario(
        "huge amounts",
        but(made(), lambda _w, _p, line: {"amount": line["amount"] * 10**9}),
    ),
    Scenario("an amount that is not rounded", made(amount=Decimal("1.005"))),
    Scenario("a binary fraction that is not rounded", made(amount=0.1 + 0.2)),
    Scenario("minus zero", made(amount=-0.0)),
    Scenario("no amount", made(amount=False)),
    Scenario("a single line", made(count=1)),
    Scenario("two lines", made(count=2)),
    Scenario("no line", made(count=0), after=None),
)
CURRENCIES = (
    Scenario("journal in its company currency", made("same"), way=REPLICATED),
    Scenario("journal in euro", made("euro"), way=REPLICATED),
    Scenario("journal in yen", made("yen"), way=REPLICATED),
    Scenario("journal in dinar of three digits", made("dinar"), way=REPLICATED),
    Scenario("company of three digits", made("dinar home"), company="dinar"),
    Scenario("yen in a company of three digits", made("dinar yen"), company="dinar"),
    Scenario("company without digits", made("yen home"), company="yen"),
    Scenario("dollar in a company without digits", made("yen dollar"), company="yen"),
    Scenario("company in another currency", made("audit"), company="audit"),
    Scenario("zeros in euro", made("euro", amount=Decimal(0)), way=REPLICATED),
    Scenario(
        "a hundredth of a yen in a company of its own",
        made("yen dollar", amount=Decimal("0.01")),
        company="yen",
    ),
    Scenario("purchases abroad", but(made(count=70), foreign("EUR", "GBP", "JPY"), 2)),
    Scenario(
        "purchases abroad from euro",
        but(made("euro", count=70), foreign("DKK", "GBP", "JPY", factor="7.4"), 2),
    ),
    Scenario("all lines abroad in one currency", but(made(), foreign("EUR"))),
    Scenario("euro account used in kroner", but(made("euro"), foreign("DKK"))),
    Scenario("abroad in three digits", but(made(), foreign("KWD"))),
    Scenario(
        "foreign amount of the other sign",
        but(made(), foreign("EUR", factor="-0.5")),
        fails=True,
    ),
    Scenario("foreign currency equal to the journal", but(made(), foreign("DKK"), 4)),
    Scenario(
        "foreign currency without an amount",
        but(made(), lambda w, _p, _l: {"foreign_currency_id": w.currency["EUR"].id}, 7),
    ),
    Scenario(
        "foreign currency with no amount at all",
        but(
            made(),
            lambda w, _p, _l: {
                "foreign_currency_id": w.currency["EUR"].id,
                "amount_currency": 0,
            },
            7,
        ),
        fails=True,
    ),
    Scenario(
        "foreign amount without a currency",
        but(made(), lambda _w, _p, _l: {"amount_currency": 5}, 7),
        fails=True,
    ),
    Scenario(
        "foreign amount that is not rounded",
        but(
            made(),
            lambda w, _p, line: {
                "foreign_currency_id": w.currency["EUR"].id,
                "amount_currency": float(line["amount"]) * 0.123456,
            },
            7,
        ),
    ),
    Scenario(
        "foreign currency that is archived",
        but(made(), foreign("GBP"), 2),
        prepare=lambda w: w.currency["GBP"].write({"active": False}),
        fails=True,
    ),
    Scenario(
        "days without any rate",
        but(made("euro"), lambda _w, place, _l: {"date": date(2023, 1 + place % 9, 3)}),
    ),
)
PARTNERS = (
    Scenario("one partner", but(made(), partner("plain")), way=REPLICATED),
    Scenario(
        "partners of all kinds",
        but(
            made(count=80),
            partner("parent", "child", "abroad", "terms", "bank", "plain"),
            2,
        ),
    ),
    Scenario(
        "partners abroad",
        but(
            but(made("euro", count=80), partner("child", "abroad", "terms"), 2),
            foreign("GBP"),
            3,
        ),
    ),
    Scenario(
        "a partner of another company",
        but(made(), partner("plain"), 9),
        prepare=lambda w: w.partners["plain"].write(
            {"company_id": w.env.ref("base.main_company").id}
        ),
        fails=True,
    ),
    Scenario(
        "a partner of the same company",
        but(made(), partner("plain"), 2),
        prepare=lambda w: w.partners["plain"].write(
            {"company_id": w.companies["danish"].id}
        ),
    ),
    Scenario(
        "an archived partner",
        but(made(), partner("plain"), 2),
        prepare=lambda w: w.partners["plain"].write({"active": False}),
    ),
    Scenario("a partner that is gone", made(partner_id=2**30), fails=True),
)
TEXTS = (
    Scenario("odd texts", but(made(), texts)),
    Scenario("no label", but(made(), lambda *_: {"payment_ref": False}, 9)),
    Scenario("an empty label", but(made(), lambda *_: {"payment_ref": ""}, 9)),
    Scenario(
        "a label with a zero byte",
        but(made(), lambda *_: {"payment_ref": "a\0b"}, 9),
        fails=True,
    ),
    Scenario("a label that is a number", made(payment_ref=12)),
    Scenario("dates as text", but(made(), lambda _w, _p, v: {"date": str(v["date"])})),
    Scenario("a date that is none", made(date="2025-13-40"), fails=True),
    Scenario("no date", made(date=False), fails=True),
    Scenario(
        "references", but(made(), lambda _w, place, _l: {"ref": f"R {place % 7}"}, 2)
    ),
    Scenario(
        "notes",
        but(
            made(),
            lambda _w, place, _l: {
                "narration": ["<p>a <b>b</b><script>c</script></p>", "", False][
                    place % 3
                ]
            },
        ),
    ),
    Scenario("sequences", but(made(), lambda _w, place, _l: {"sequence": place % 5})),
    Scenario("an unknown field", made(no_such_field=1), fails=True),
    Scenario("linked to rows of the feed", fed, way=REPLICATED),
    Scenario(
        "several journals",
        mixed(*(made(name, 12) for name in ("bank", "euro", "cash", "card"))),
    ),
    Scenario("a cash journal", made("cash"), way=REPLICATED),
    Scenario("a credit card journal", made("card"), way=REPLICATED),
    Scenario(
        "another account than the suspense account",
        lambda w: made(counterpart_account_id=w.receivable().id)(w),
    ),
    Scenario("no journal", made(journal_id=False), fails=True),
)
