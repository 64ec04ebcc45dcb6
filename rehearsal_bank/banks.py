"""The banks: Mastercard's official test banks and a few invented ones.

The test banks and their quirks are those of the public page "test providers".
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bank:
    """One provider. ``templates`` are the accounts any new user name finds."""

    id: str
    name: str
    country: str
    bank_code: str
    audiences: tuple = ("Private", "Business")
    unattended: bool = True
    numeric_password: bool = False
    aliases: tuple = ()
    templates: tuple = field(default=())


@dataclass(frozen=True)
class Template:
    """An account that appears for every user name at a bank."""

    name: str
    currency: str
    transactions: int = 60
    kind: str = "Consumption"


def _test_bank(number, country, templates, **quirks):
    return Bank(
        id=f"TestDataBank{number}",
        name=f"Test bank with data {number}",
        country=country,
        bank_code={"DK": "0001", "FI": "799799", "NO": "0530", "SE": "999"}[country],
        numeric_password=True,
        aliases=("Test bank with data",),
        templates=templates,
        **quirks,
    )


def _pair(currency):
    return (
        Template("Test account", currency, 60),
        Template("Test savings", currency, 12, "Savings"),
    )


_WITH_EMPTY = (Template("Test account", "EUR", 60), Template("Empty", "EUR", 0))

TEST_BANKS = (
    *(_test_bank(number, "DK", _pair("DKK")) for number in (1, 2, 3, 4)),
    _test_bank(5, "FI", _pair("EUR"), unattended=False),
    _test_bank(6, "NO", _pair("NOK")),
    _test_bank(7, "DK", _pair("DKK")),
    _test_bank(8, "FI", _pair("SEK")),
    _test_bank(9, "FI", _WITH_EMPTY),
    _test_bank(10, "FI", ()),
    _test_bank(11, "SE", _pair("NOK")),
    _test_bank(12, "SE", (Template("Test account", "SEK"), Template("E", "SEK", 0))),
    Bank("DK_TestBank", "Test Bank", "DK", "0001", templates=_pair("DKK")),
    Bank("FI_TestBank", "Test Bank Finland", "FI", "799799", templates=_pair("EUR")),
    Bank("DemoBank", "Demo Bank", "DK", "0002", templates=_pair("DKK")),
)

SEED_BANK = "DK_Havnebanken_Erhverv"

REHEARSED_BANKS = (
    Bank(
        SEED_BANK,
        "Havnebanken Erhverv",
        "DK",
        "0099",
        audiences=("Business",),
        aliases=("Havnebanken",),
    ),
    Bank(
        "DK_Havnebanken_Privat",
        "Havnebanken Privat",
        "DK",
        "0099",
        audiences=("Private",),
        aliases=("Havnebanken",),
        templates=(Template("Lønkonto", "DKK", 80),),
    ),
    Bank(
        "DK_Klitkassen",
        "Klitkassen",
        "DK",
        "0098",
        templates=(Template("Erhvervskonto", "DKK", 120),),
    ),
    Bank(
        "DK_Boegelund",
        "Bøgelund Sparekasse",
        "DK",
        "0097",
        aliases=("Boegelund",),
        templates=(
            Template("Driftskonto", "DKK", 90),
            Template("Skattekonto", "DKK", 8, "Savings"),
        ),
    ),
    Bank("DK_TomBank", "Tom Bank (no accounts)", "DK", "0096"),
    Bank(
        "NO_Fjordheim",
        "Fjordheim Sparebank",
        "NO",
        "0531",
        templates=(Template("Driftskonto", "NOK", 60),),
    ),
    Bank(
        "SE_Skogsbro",
        "Skogsbro Bank",
        "SE",
        "998",
        templates=(Template("Företagskonto", "SEK", 60),),
    ),
)

BANKS = {bank.id: bank for bank in REHEARSED_BANKS + TEST_BANKS}


def provider_json(bank):
    """A bank as ``GET /v2/providers`` shows it (members of both samples)."""
    return {
        "id": bank.id,
        "name": bank.name,
        "countryCode": bank.country,
        "status": {
            "syncMode": "Unattended" if bank.unattended else "Supervised",
            "tryAgain": None,
            "updated": None,
            "message": None,
        },
        "presentation": {
            "priority": 0,
            "aliases": list(bank.aliases),
            "color": "#1b4965",
            "logos": [],
        },
        "audiences": list(bank.audiences),
    }


def search(text, allowed=None):
    """Banks whose name, alias or id holds the text, by name."""
    wanted = (text or "").strip().casefold()
    found = []
    for bank in BANKS.values():
        if allowed is not None and bank.id not in allowed:
            continue
        words = " ".join((bank.name, bank.id, *bank.aliases)).casefold()
        if wanted in words:
            found.append(bank)
    return found
