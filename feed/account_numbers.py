"""Account numbers: one account, many spellings.

A Danish account number (BBAN) is a registration number of 4 digits and an account
number of up to 10. Its IBAN is "DK", two check digits and the same 14 digits, padded
with zeros, so each can be made from the other (SWIFT IBAN registry).
"""

import re

# Not stdnum.iban: at import it reads a data file beside it through the loader of its
# package, and Odoo 19 replaces that loader by one without resources.
from stdnum.iso7064 import mod_97_10

_IBAN_SHAPE = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{6,30}", re.ASCII)
_BBAN_SHAPE = re.compile(r"[A-Z0-9]{1,30}", re.ASCII)
_SEPARATORS = re.compile(r"[\s.,/_\-\u00a0\u2010-\u2015]+")
_DANISH = {"DK", "FO", "GL"}  # the Faroe Islands and Greenland number alike
# Length of the IBAN, from the SWIFT IBAN registry. Other countries: any length.
_LENGTHS = {
    **{"NO": 15, "BE": 16, "DK": 18, "FI": 18, "FO": 18, "GL": 18, "NL": 18},
    **{"SI": 19, "AT": 20, "EE": 20, "LT": 20, "LU": 20, "XK": 20, "CH": 21},
    **{"HR": 21, "LI": 21, "LV": 21, "BG": 22, "DE": 22, "GB": 22, "IE": 22},
    **{"ME": 22, "RS": 22, "GI": 23, "AD": 24, "CZ": 24, "ES": 24, "MD": 24},
    **{"RO": 24, "SE": 24, "SK": 24, "PT": 25, "IS": 26, "TR": 26, "FR": 27},
    **{"GR": 27, "IT": 27, "MC": 27, "SM": 27, "AL": 28, "CY": 28, "HU": 28},
    **{"PL": 28, "UA": 29, "MT": 31},
}


def normalise_iban(text: str | None) -> str:
    """The IBAN in capitals without separators, or "" when it is not a valid one."""
    number = _compact(text)
    if number.startswith("IBAN"):
        number = number[4:]
    length = _LENGTHS.get(number[:2], len(number))
    if not _IBAN_SHAPE.fullmatch(number) or len(number) != length:
        return ""
    return number if mod_97_10.is_valid(number[4:] + number[:4]) else ""


def normalise_bban(text: str | None, country: str = "DK") -> str:
    """The domestic number in one spelling, or "" when it cannot be one.

    For Denmark, the Faroe Islands and Greenland: 14 digits, each part padded with
    zeros. A separator after at most four leading digits ends the registration
    number; without one the first four digits are it.
    """
    if country.upper() not in _DANISH:
        number = _compact(text)
        return number if _BBAN_SHAPE.fullmatch(number) else ""
    groups = [group for group in _SEPARATORS.split(text or "") if group]
    if not groups or not all(g.isascii() and g.isdigit() for g in groups):
        return ""
    bank, number = groups[0], "".join(groups[1:])
    if not number or len(bank) > 4:
        digits = "".join(groups)
        bank, number = digits[:4], digits[4:]
    if not 1 <= len(number) <= 10:
        return ""
    return bank.zfill(4) + number.zfill(10)


def iban_from_bban(text: str | None, country: str = "DK") -> str:
    """The IBAN of a domestic number, or "" when the number is not the whole of one.

    Outside Denmark it works where the number is written in the full length that the
    country's IBAN has, for the countries whose length is known here.
    """
    country, number = country.upper(), normalise_bban(text, country)
    if not number or country not in _LENGTHS:
        return ""
    check = mod_97_10.calc_check_digits(number + country)
    return normalise_iban(f"{country}{check}{number}")


def bban_from_iban(text: str | None) -> str:
    """The domestic part of a valid IBAN, or ""."""
    return normalise_iban(text)[4:]


def account_key(iban: str | None, bban: str | None, country: str = "DK") -> str:
    """One canonical name for one account, or "" when there is no usable number.

    The IBAN where there is one or one can be made, else "country:number". An account
    known by its Danish BBAN today and by its IBAN tomorrow keeps its key.
    """
    number = normalise_iban(iban) or normalise_iban(bban)
    number = number or iban_from_bban(bban, country)
    if number:
        return number
    domestic = normalise_bban(bban, country) or normalise_bban(bban, "")
    return f"{country.upper()}:{domestic}" if domestic else ""


def same_account(a: str | None, b: str | None) -> bool:
    """Whether two numbers, as people type them, mean the same account.

    A domestic number equals an IBAN when it is its domestic part. Two IBANs are only
    equal when they are the same. Fragments shorter than five characters never match.
    """
    first, second = normalise_iban(a), normalise_iban(b)
    if first and second:
        return first == second
    return bool(_spellings(a, first) & _spellings(b, second))


def _spellings(text: str | None, iban: str) -> set[str]:
    if iban:
        return {iban, iban[4:]}
    found = {_compact(text), normalise_bban(text, "DK")}
    return {each for each in found if len(each) >= 5 and _BBAN_SHAPE.fullmatch(each)}


def _compact(text: str | None) -> str:
    return _SEPARATORS.sub("", text or "").upper()
