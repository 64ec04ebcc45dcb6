"""What is in the journal already: the numbers that the lines go on from."""

from datetime import timedelta
from decimal import Decimal

from .equality_scenarios import Scenario, but, made, mixed, partner

REPLICATED = "replicated"


def numbered(*names, journal="bank"):
    """Prepare a journal with entries of these numbers, each given with its day."""

    def prepare(world):
        for day, name in names:
            line = world.make_lines(world.env, [world.plain_line(journal, day)])
            line.move_id.name = name

    return prepare


def after(first, *others):
    """Do several preparations."""

    def prepare(world):
        for each in (first, *others):
            each(world)

    return prepare


def journal(**values):
    """Prepare the bank journal with settings."""
    return lambda world: world.journals["bank"].write(values)


def draft(world):
    world.env["account.move"].create(
        {
            "journal_id": world.journals["bank"].id,
            "date": "2025-04-01",
            "move_type": "entry",
        }
    )


def deleted(world):
    """A number in the middle is free again: a gap that stays."""
    days = ("2025-01-05", "2025-02-05", "2025-03-05")
    lines = world.make_lines(world.env, [world.plain_line("bank", d) for d in days])
    lines[1].unlink()


def cancelled(world):
    line = world.make_lines(world.env, [world.plain_line("bank", "2025-02-05")])
    line.move_id.button_cancel()


def hand_entry(world):
    """An entry typed in the bank journal, with a number of its own making."""
    accounts = world.journals["bank"].default_account_id | world.receivable()
    move = world.env["account.move"].create(
        {
            "journal_id": world.journals["bank"].id,
            "date": "2025-06-03",
            "name": "HAND/2025/00500",
            "line_ids": [
                (0, 0, {"account_id": account.id, "balance": balance})
                for account, balance in zip(accounts, (5, -5), strict=True)
            ],
        }
    )
    move.action_post()


def waiting(world):
    """A payment and a rule for what is like it: they wait for someone to act."""
    payment = world.env["account.payment"].create(
        {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": world.partners["plain"].id,
            "amount": 100,
            "date": "2025-03-03",
            "journal_id": world.journals["bank"].id,
        }
    )
    payment.action_post()
    world.env["account.reconcile.model"].create(
        {
            "name": "Equality",
            "company_id": world.companies["danish"].id,
            "trigger": "auto_reconcile",
            "match_label": "contains",
            "match_label_param": "Tx",
            "line_ids": [(0, 0, {"account_id": world.receivable().id})],
        }
    )


def years(count):
    """Lines over some years, the oldest three hundred days before 2025."""

    def values(world):
        found = made(months=12)(world)
        for place, line in enumerate(found):
            line["date"] -= timedelta(days=300 * (place % count))
        return found

    return values


OVERRIDE = (
    r"^(?P<prefix1>.*?)(?P<year>\d{4})(?P<prefix3>\D*?)(?P<seq>\d*)(?P<suffix>\D*?)$"
)
NUMBERS = (
    Scenario(
        "a number that was given before",
        made(),
        prepare=numbered(("2025-05-05", "BNK1/2025/00100")),
        way=REPLICATED,
    ),
    Scenario(
        "a prefix of the users own",
        made(),
        prepare=numbered(("2025-01-01", "MINE-2025-007")),
        way=REPLICATED,
    ),
    Scenario("numbers by month", made(), numbered(("2025-01-01", "BNKM/2025/01/0007"))),
    Scenario(
        "numbers by month from the middle of the year",
        made(),
        prepare=numbered(("2025-06-15", "BNKM/2025/06/0007")),
    ),
    Scenario(
        "numbers by month with the year in two digits",
        made(),
        prepare=numbered(("2025-06-15", "B/25/06/07")),
    ),
    Scenario(
        "numbers that never start anew",
        years(3),
        prepare=numbered(("2024-01-01", "BANK00041")),
    ),
    Scenario(
        "numbers that outgrow their digits",
        years(2),
        prepare=numbered(("2024-01-01", "BANK98")),
    ),
    Scenario(
        "numbers of nine digits",
        made(),
        prepare=numbered(("2025-01-01", "BNK1/2025/999999990")),
    ),
    Scenario(
        "numbers by a range of years",
        made("audit"),
        prepare=numbered(("2025-01-01", "B/2024-2025/0001"), journal="audit"),
        company="audit",
    ),
    Scenario(
        "numbers by a range of years and by month",
        made("audit"),
        prepare=numbered(("2025-08-01", "B/2025-2026/08/0001"), journal="audit"),
        company="audit",
    ),
    Scenario(
        "numbers with a suffix",
        made(),
        prepare=numbered(("2025-05-05", "BNK1/2025/00003/X")),
    ),
    Scenario(
        "numbers with a suffix and no end",
        made(),
        prepare=numbered(("2025-05-05", "N003-bank")),
    ),
    Scenario(
        "numbers of two shapes in one year",
        made(),
        prepare=numbered(
            ("2025-05-05", "BNK1/2025/05/0003"),
            ("2025-08-05", "OTHER/2025/00003"),
        ),
        fails=True,
    ),
    Scenario(
        "numbers of two shapes in two years",
        years(2),
        prepare=numbered(
            ("2025-05-05", "BNK1/2025/05/0003"),
            ("2024-08-05", "OTHER/2024/00003"),
        ),
    ),
    Scenario(
        "one shape last year and another this year",
        years(2),
        prepare=numbered(
            ("2024-08-05", "OLD/2024/08/0003"), ("2025-05-05", "NEW/2025/00003")
        ),
    ),
    Scenario(
        "a number that an older entry has already",
        made(),
        prepare=numbered(
            ("2025-01-02", "BNK1/2025/00005"), ("2025-01-03", "BNK1/2025/00003")
        ),
    ),
    Scenario(
        "a journal that was numbered another way by its settings",
        made(),
        prepare=after(
            numbered(("2025-05-05", "BNK12025/00003")),
            journal(sequence_override_regex=OVERRIDE),
        ),
    ),
    Scenario("a gap in the numbers", made(), prepare=deleted, way=REPLICATED),
    Scenario("a cancelled entry", made(), prepare=cancelled),
    Scenario(
        "a payment and a rule that wait",
        but(made(amount=Decimal(100)), partner("plain")),
        prepare=waiting,
    ),
    Scenario("a draft entry in the journal", made(), prepare=draft),
    Scenario("an entry typed in the journal", made(), prepare=hand_entry),
    Scenario("payments numbered apart", made(), prepare=journal(payment_sequence=True)),
    Scenario("refunds numbered apart", made(), prepare=journal(refund_sequence=True)),
    Scenario("a short code that is used", made(), prepare=journal(code="B2025")),
    Scenario("a code of digits", made(), prepare=journal(code="2024")),
    Scenario(
        "lines before those that are there",
        years(2),
        prepare=numbered(("2025-12-30", "BNK1/2025/00001")),
    ),
    Scenario(
        "journals with numbers of each kind",
        mixed(made("bank", 12), made("cash", 12), made("card", 12)),
        prepare=after(
            numbered(("2025-01-01", "A/2025/01/0007")),
            numbered(("2025-01-01", "C1"), journal="cash"),
        ),
    ),
)
