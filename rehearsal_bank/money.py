"""Money as whole minor units (øre, cent) inside, Decimal outside."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_DECIMALS = {"JPY": 0, "ISK": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}


def decimals_of(currency):
    """How many decimals the currency has (ISO 4217; two unless listed)."""
    return _DECIMALS.get(currency, 2)


def to_minor(value, currency):
    """Text, int or Decimal in the currency -> whole minor units.

    Raises ValueError when it is not a number or has too many decimals.
    """
    if isinstance(value, (bool, float)) or value is None:
        raise ValueError(f"not an amount: {value!r}")
    try:
        scaled = Decimal(str(value)).scaleb(decimals_of(currency))
        minor = int(scaled)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise ValueError(f"not an amount: {value!r}") from error
    if minor != scaled:
        raise ValueError(f"too many decimals for {currency}: {value!r}")
    if abs(minor) >= 2**62:
        raise ValueError(f"amount too large: {value!r}")
    return minor


def to_decimal(minor, currency):
    """Whole minor units -> Decimal in the currency."""
    return Decimal(minor).scaleb(-decimals_of(currency))


def amount_text(minor, currency):
    """Whole minor units -> text with all decimals, as "-1234.50"."""
    return format(to_decimal(minor, currency), "f")


def shown_amount(minor, currency, language):
    """An amount for a reader: 1.234,50 in Danish, 1,234.50 in English."""
    text = format(to_decimal(minor, currency), ",f")
    if language == "da":
        text = text.translate(str.maketrans(",.", ".,"))
    return text


def convert(minor, currency, rate, into):
    """Minor units of one currency -> minor units of another, half up."""
    exact = to_decimal(minor, currency) * rate
    scaled = exact.scaleb(decimals_of(into))
    return int(scaled.to_integral_value(rounding=ROUND_HALF_UP))
