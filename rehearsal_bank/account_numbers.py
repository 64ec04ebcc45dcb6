"""Account numbers and payment references with right check digits."""

from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from .dice import Dice

# parts of a domestic number: bank code length, account length
_LENGTHS = {"DK": (4, 10), "NO": (4, 7), "SE": (3, 17), "FI": (6, 8), "DE": (8, 10)}


def make_number(country, bank_code, seed):
    """A domestic number and its IBAN.

    Returns a dict with the keys ``country``, ``bank_code``,
    ``account_number``, ``bban`` (display form) and ``iban``.
    """
    dice = Dice(seed)
    bank_length, length = _LENGTHS[country]
    bank_code = bank_code[:bank_length].zfill(bank_length)
    account = _account_part(country, bank_code, dice, length)
    return _number(country, bank_code, account)


def _number(country, bank_code, account):
    """The number dict of parts; Danish accounts may be shorter than 10."""
    length = _LENGTHS[country][1]
    body = bank_code + account.zfill(length)
    iban = country + stdnum_iban.calc_check_digits(f"{country}00{body}") + body
    bban = f"{bank_code}-{account}" if country == "DK" else body
    return {
        "country": country,
        "bank_code": bank_code,
        "account_number": account,
        "bban": bban,
        "iban": iban,
    }


def _account_part(country, bank_code, dice, length):
    if country == "NO":
        return _norwegian_account(bank_code, dice)
    if country == "FI":
        start = dice.digits(7)
        return start + luhn.calc_check_digit(bank_code + start)
    if country == "DK":
        # banks print seven to ten digits; the IBAN fills up with zeros
        return str(dice.between(1_000_000, 9_999_999_999))
    return dice.digits(length)


def _norwegian_account(bank_code, dice):
    while True:
        start = dice.digits(6)
        weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
        total = sum(w * int(d) for w, d in zip(weights, bank_code + start, strict=True))
        check = -total % 11
        if check < 10:
            return f"{start}{check}"


def parse_number(country, text):
    """Read a given BBAN ("0099-123456", digits) or IBAN into a number dict.

    Raises ValueError when it is not valid for the country.
    """
    compact = "".join(str(text).split()).upper()
    if compact[:2].isalpha():
        try:
            compact = stdnum_iban.validate(compact)
        except Exception as error:
            raise ValueError(f"not a valid IBAN: {text!r}") from error
        country, compact = compact[:2], compact[4:]
    if country not in _LENGTHS:
        raise ValueError(f"no account numbers known for country {country!r}")
    bank_length, length = _LENGTHS[country]
    bank_code, dash, account = compact.partition("-")
    if not dash:
        bank_code, account = compact[:bank_length], compact[bank_length:]
    account = account.replace("-", "")
    fits = len(bank_code) == bank_length and 0 < len(account) <= length
    if not (fits and (bank_code + account).isdigit()):
        raise ValueError(f"not a {country} account number: {text!r}")
    number = _number(country, bank_code, account)
    stdnum_iban.validate(number["iban"])
    return number


def same_number(number, text):
    """Whether the text is the number, as BBAN or IBAN, spaced or not."""
    try:
        return parse_number(number["country"], text)["iban"] == number["iban"]
    except ValueError:
        return False


def fik_reference(dice):
    """A Danish payment slip line of type 71: ``+71<15 digits+8 digits<``."""
    start = dice.digits(14)
    creditor = dice.between(80_000_000, 89_999_999)
    return f"+71<{start}{luhn.calc_check_digit(start)}+{creditor}<"


def rf_reference(dice):
    """A creditor reference of ISO 11649, as ``RF18539007547034``."""
    body = dice.digits(10)
    return f"RF{mod_97_10.calc_check_digits(body + 'RF')}{body}"
