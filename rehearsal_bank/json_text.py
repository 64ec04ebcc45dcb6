"""JSON in and out without a binary float on the way."""

import json
import re
from decimal import Decimal

_MARK = "\x01"
_MARKED = re.compile(r'"\\u0001(-?[0-9.]+)\\u0001"')


def dumps(value):
    """Write JSON bytes; a Decimal becomes an exact JSON number (1234.5)."""
    text = json.dumps(value, default=_default, ensure_ascii=False)
    return _MARKED.sub(r"\1", text).encode()


def _default(value):
    if isinstance(value, Decimal):
        return f"{_MARK}{number_text(value)}{_MARK}"
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def number_text(value):
    """Write a Decimal as the peer does: no exponent, at least one decimal."""
    text = format(value, "f")
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def loads(raw):
    """Read JSON bytes or text, decimal numbers as Decimal.

    Raises ValueError when it is not JSON.
    """
    if isinstance(raw, bytes):
        raw = raw.decode("utf-8-sig")
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")
