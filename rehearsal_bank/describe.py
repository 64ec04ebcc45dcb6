"""What a row says: texts, counterpart and references from kind and seed."""

from decimal import Decimal

from . import money
from .account_numbers import fik_reference, make_number, rf_reference
from .dice import Dice

(
    PLAIN,
    CARD,
    CARD_FX,
    FIK_OUT,
    CUSTOMER_IN,
    CUSTOMER_RF_IN,
    SUPPLIER_OUT,
    SALARY,
    RENT,
    MOBILEPAY_IN,
    FEE,
    INTEREST,
    TAX,
    SEPA_IN,
    SEPA_OUT,
) = range(15)

SHOPS = (
    ("Tanken Valby", "5541", "Service Stations"),
    ("Byens Bager", "5462", "Bakeries"),
    ("Kontorhuset Østerbro", "5943", "Office Supplies"),
    ("Brugsen Havnegade", "5411", "Grocery Stores"),
    ("Café Fyrtårnet", "5812", "Restaurants"),
    ("Taxa Sundby", "4121", "Taxicabs"),
    ("Byggecenter Nord", "5200", "Home Supply"),
    ("Parkering Rådhuspladsen", "7523", "Parking Lots"),
)
SHOPS_ABROAD = (
    ("CLOUDHOST.EXAMPLE", "USD", "7372"),
    ("HOTEL ALSTERBLICK HAMBURG", "EUR", "7011"),
    ("MALMØ KONTORSVARUHUS", "SEK", "5943"),
    ("LONDON RAIL TICKETS", "GBP", "4112"),
    ("OSLO LUFTHAVN PARKERING", "NOK", "7523"),
    ("TYPEFOUNDRY.EXAMPLE", "EUR", "5817"),
)
RATES = {
    "DKK": Decimal("1"),
    "EUR": Decimal("7.4601"),
    "USD": Decimal("6.8312"),
    "SEK": Decimal("0.6587"),
    "NOK": Decimal("0.6391"),
    "GBP": Decimal("8.7243"),
}
CUSTOMERS = (
    "Lygten Møbler ApS",
    "Søndergaard & Datter I/S",
    "Hotel Klitgården A/S",
    "Aarhus Teltudlejning ApS",
    "Fjordens Fisk A/S",
    "Murermester Knud Bech",
    "Gartneriet Solhøj",
    "Kommunekontoret Strandby",
)
SUPPLIERS = (
    "Dansk Papirimport A/S",
    "Elværket Syd",
    "Vognmand P. Holm ApS",
    "Revisionsfirmaet Bjerre",
    "Forsikringen Trygge Havn",
    "Telefonselskabet Linje 4",
    "Vester Trælast A/S",
    "Rengøring Plus ApS",
)
FOREIGN = (
    ("Hanse Papier GmbH", "DE", "20050550"),
    ("Helsingin Huonekalu Oy", "FI", "799799"),
    ("Bergens Treverk AS", "NO", "0532"),
    ("Lübeck Spedition KG", "DE", "23050101"),
)
PEOPLE = ("Anne Holst", "Jens Kragh", "Mette Lund", "Omar Farah", "Pia Skov")


def fx_purchase(seed, currency):
    """A card purchase abroad: (original minor units, currency, rate, minor).

    The rate is account currency per unit of the original one; the amounts
    are negative and exact to the minor unit.
    """
    dice = Dice(seed)
    shops = [shop for shop in SHOPS_ABROAD if shop[1] != currency]
    shop = dice.pick(shops)
    original = -dice.between(900, 289_000)
    cross = RATES[shop[1]] / RATES.get(currency, Decimal(1))
    wobble = Decimal(dice.between(9700, 10300)) / 10000
    rate = (cross * wobble).quantize(Decimal("0.000001"))
    minor = money.convert(original, shop[1], rate, currency)
    return shop, original, rate, minor


def describe(kind, seed, minor, currency):
    """The facts of a generated row, as a dict (see render.py for the keys)."""
    return _MAKERS[kind](Dice(seed), seed, minor, currency)


def _plain(dice, seed, minor, currency):
    return {"text": "Overførsel", "original": "Overførsel", "type": "Transfer"}


def _card(dice, seed, minor, currency):
    name, code, code_name = dice.pick(SHOPS)
    number = dice.digits(5)
    return {
        "text": name,
        "original": f"Dankort-køb {name}    {number}",
        "type": "Card",
        "category": "shopping",
        "reference": f"0{dice.digits(3)}Y{dice.digits(6)}",
        "terminal": dice.digits(8),
        "own_card": True,
        "value_days": 0,
        "other": {"name": f"{name}    {number}", "mcc": code, "mcc_name": code_name},
    }


def _card_fx(dice, seed, minor, currency):
    (name, abroad, code), original, rate, _minor = fx_purchase(seed, currency)
    shown = money.amount_text(-original, abroad).replace(".", ",")
    return {
        "text": name.title(),
        "original": f"Visa køb {abroad} {shown} {name}",
        "type": "Card",
        "category": "shopping",
        "reference": dice.digits(12),
        "own_card": True,
        "value_days": 2,
        "other": {"name": name, "mcc": code, "mcc_name": None},
        "conversion": (original, abroad, rate),
    }


def _fik_out(dice, seed, minor, currency):
    line = fik_reference(dice)
    name = dice.pick(SUPPLIERS)
    return {
        "text": name,
        "original": f"FIK-betaling {line} {name}",
        "type": "Payment",
        "category": "supplier",
        "creditor_reference": line,
        "document": dice.digits(6),
        "other": {"name": name},
    }


def _danish_party(name, dice):
    number = make_number("DK", "009" + dice.digits(1), dice.below(10**6))
    return {"name": name, **number}


def _customer_in(dice, seed, minor, currency):
    name = dice.pick(CUSTOMERS)
    invoice = dice.between(10000, 19999)
    return {
        "text": name,
        "original": f"Bgs {name}",
        "type": "Transfer",
        "category": "sales",
        "message": f"Faktura {invoice}",
        "reference": dice.digits(10),
        "end_to_end": f"E2E{dice.digits(9)}",
        "other": _danish_party(name, dice),
    }


def _customer_rf_in(dice, seed, minor, currency):
    facts = _customer_in(dice, seed, minor, currency)
    reference = rf_reference(dice)
    facts.update(creditor_reference=reference, message=None)
    facts["original"] = f"{facts['original']} {reference}"
    return facts


def _supplier_out(dice, seed, minor, currency):
    name = dice.pick(SUPPLIERS)
    return {
        "text": name,
        "original": f"Overførsel {name}",
        "type": "Transfer",
        "category": "supplier",
        "message": f"Deres faktura {dice.digits(5)}",
        "document": dice.digits(6),
        "other": _danish_party(name, dice),
    }


def _salary(dice, seed, minor, currency):
    name = dice.pick(PEOPLE)
    return {
        "text": "Løn",
        "original": f"Lønoverførsel {name}",
        "type": "Transfer",
        "category": "salary",
        "message": "Løn",
        "other": _danish_party(name, dice),
    }


def _rent(dice, seed, minor, currency):
    return {
        "text": "Husleje",
        "original": "Husleje Pakhus 7, Ejendomsselskabet Kajen",
        "type": "Transfer",
        "category": "rent",
        "message": "Husleje Pakhus 7",
        "other": _danish_party("Ejendomsselskabet Kajen A/S", Dice(7)),
    }


def _mobilepay_in(dice, seed, minor, currency):
    return {
        "text": "MobilePay",
        "original": f"MobilePay Erhverv {dice.digits(7)}",
        "type": "Transfer",
        "category": "sales",
        "reference": dice.digits(7),
        "other": {"name": "MobilePay"},
    }


def _fee(dice, seed, minor, currency):
    text = dice.pick(("Gebyr netbank", "Gebyr overførsler", "Kortgebyr"))
    return {"text": text, "original": text, "type": "Fee", "category": "bank"}


def _interest(dice, seed, minor, currency):
    text = "Rente" if minor >= 0 else "Renter og provision"
    return {"text": text, "original": text, "type": "Interest", "category": "bank"}


def _tax(dice, seed, minor, currency):
    line = fik_reference(dice)
    return {
        "text": "Skattekontoen",
        "original": f"Moms og A-skat {line}",
        "type": "Payment",
        "category": "tax",
        "creditor_reference": line,
        "other": {"name": "Skattekontoen"},
    }


def _sepa(dice, seed, minor, currency):
    name, country, bank_code = dice.pick(FOREIGN)
    direction = "from" if minor >= 0 else "to"
    party = make_number(country, bank_code, dice.below(10**6))
    return {
        "text": name,
        "original": f"SEPA transfer {direction} {name}\nEndToEndID: NOTPROVIDED",
        "type": "Transfer",
        "category": "sales" if minor >= 0 else "supplier",
        "message": f"Invoice {dice.digits(5)}",
        "end_to_end": "NOTPROVIDED",
        "value_days": 1,
        "other": {"name": name, **party},
    }


_MAKERS = (
    _plain,
    _card,
    _card_fx,
    _fik_out,
    _customer_in,
    _customer_rf_in,
    _supplier_out,
    _salary,
    _rent,
    _mobilepay_in,
    _fee,
    _interest,
    _tax,
    _sepa,
    _sepa,
)
