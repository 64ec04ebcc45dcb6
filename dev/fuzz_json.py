"""Damages a JSON answer in every way a wire, a proxy or a careless server may.

A damage works on the text, not on parsed values: duplicate names, numbers that no
program can hold and broken encodings cannot be said otherwise.
"""

import json

NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "-0", "-0.0"),
    *("1e99999999999", "0x10", "01", "+1", "1.", ".5", "1_000", "1,5", "-"),
    *("9" * 5000, "0." + "9" * 5000, "1" + "0" * 14, "1" + "0" * 15, "1e14", "1e15"),
    *("0.1000000000000000055511151231257827", "0.30000000000000004", "2147483648"),
)
TEXTS = (
    *("", " ", "\0", "a\0b", "\r\n", "\n\n\nX", "\t", "\x1b[2J", "\x7f", "\x85"),
    *("\u202e042", "\u200f\u200e", "\u2028", "\ufeff", "\ufffe", "\U0010ffff"),
    *("<script>window.pwned=1</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}"),
    *("=cmd|' /C calc'!A0", "%s%s%n", "../../etc/passwd", "NOTPROVIDED", "null"),
    *("x" * 100_000, "\u00e6" * 3000, "e\u0301" * 50, "NaN", "Infinity", "1e400"),
    *("-0", "true", "false", "0", "1", "99999999999999999999", "１２３", "٣"),
)
DATES = (
    *("0001-01-01", "0000-00-00", "9999-12-31", "10000-01-01", "2025-02-29"),
    *("2025-13-01", "1899-12-31", "3000-01-01", "2025-06-01T25:61:61Z"),
    *("2025-06-01T00:00:00+99:99", "01-06-2025", "2025/06/01", "1748736000"),
    *("-2025-06-01", "2025-W23-1", "2025-152", "٢٠٢٥-٠٦-٠١", "2025-06-01\n"),
    *("2025-06-01T23:59:60Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"),
)
CURRENCIES = (
    "",
    "dkk",
    "DKKK",
    "D K",
    "ＤＫＫ",
    "XXX",
    "XTS",
    "123",
    "DK\0",
    "kr.",
    "€",
)
# Written as they are into the JSON: escapes of half a character, and none at all.
RAW_TEXTS = (
    *(r'"\ud800"', r'"\udc00\ud800"', r'"\u0000"', r'"\x"', '"\x01"', '"', "'x'"),
)
DEEP = 10_000
ODD = {"": ["", None]}


class Damage:
    """Damages answers by the dice; the same dice damage alike."""

    def __init__(self, dice):
        self.dice = dice

    def body(self, text):
        """A damaged body, and how it was damaged.

        :param str text: a true answer
        :rtype: tuple[bytes, str]
        """
        if self.dice.random() < 0.75:
            value = json.loads(text)
            names = []
            for _time in range(self.dice.choice((1, 1, 1, 2, 4))):
                value, name = self._somewhere(value)
                names.append(name)
            damaged = written(value).encode(errors="surrogatepass")
            if self.dice.random() < 0.9:
                return damaged, "+".join(names)
            text = damaged.decode(errors="replace")
        return self.whole(text)

    def whole(self, text):
        """Damage to the body as a whole: a correct client cannot read it as true."""
        act = self.dice.choice(WHOLE)
        return act(self, text), f"body {act.__name__.strip('_')}"

    def value(self):
        """Anything in the place of a value."""
        make = self.dice.choice(
            (
                lambda: Raw(self.dice.choice(NUMBERS)),
                lambda: self.dice.choice(TEXTS),
                lambda: self.dice.choice(DATES),
                lambda: self.dice.choice(CURRENCIES),
                lambda: Raw(self.dice.choice(RAW_TEXTS)),
                lambda: self.dice.choice((None, True, False, [], {}, [[]], ODD)),
                lambda: Raw("[" * DEEP + "]" * DEEP),
                lambda: Raw('{"a":' * DEEP + "1" + "}" * DEEP),
                lambda: ["x"] * 5000,
                lambda: {str(number): number for number in range(2000)},
                lambda: {"value": Raw(self.dice.choice(NUMBERS)), "currency": "DKK"},
            )
        )
        return make()

    # === ONE PLACE IN A VALUE === #

    def _somewhere(self, value):
        """Damage one place, chosen evenly among all places of the value."""
        _top, *within = places(value)
        if not within or self.dice.random() < 0.03:
            return self.value(), "top"
        place = self.dice.choice(within)
        return self._at(value, place), f"at .{place[-1]}"

    def _at(self, value, place):
        key, *rest = place
        value = members_of(value)
        if rest:
            return replaced(value, key, self._at(inside(value, key), rest))
        return self.dice.choice(HERE)(self, value, key)

    def _other(self, value, key):
        return replaced(value, key, self.value())

    def _gone(self, value, key):
        if isinstance(value, Members):
            return Members([pair for pair in value if pair[0] != key])
        return [each for index, each in enumerate(value) if index != key]

    def _twice(self, value, key):
        """The same name twice in an object, the same item twice in a list."""
        if isinstance(value, Members):
            again = self.dice.choice((key, key.upper(), key.capitalize()))
            return Members([*value, (again, self.value())])
        return [*value, value[key]]

    def _cased(self, value, key):
        if isinstance(value, Members):
            return Members((k.upper() if k == key else k, v) for k, v in value)
        return value[::-1]

    # === THE BODY AS A WHOLE === #

    def _truncated(self, text):
        return text.encode(errors="replace")[: self.dice.randrange(max(1, len(text)))]

    def _with_bom(self, text):
        return b"\xef\xbb\xbf" + text.encode(errors="replace")

    def _utf_16(self, text):
        code = self.dice.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32"))
        return text.encode(code, errors="replace")

    def _latin_1(self, text):
        return text.encode("latin-1", errors="replace") + b"\xe6"

    def _page(self, _text):
        return b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"

    def _nothing(self, _text):
        return self.dice.choice((b"", b" ", b"null", b"[]", b"{}", b'""', b"0", b"OK"))

    def _flipped(self, text):
        body = bytearray(text.encode(errors="replace") or b"x")
        for _time in range(self.dice.randint(1, 5)):
            body[self.dice.randrange(len(body))] = self.dice.randrange(256)
        return bytes(body)

    def _twofold(self, text):
        return (text + text).encode(errors="replace")

    def _deep(self, text):
        opened = self.dice.choice(("[", '{"transactions":', '{"accounts":['))
        return (opened * DEEP + text).encode(errors="replace")

    def _huge(self, text):
        """Long, and now and then longer than any client should read."""
        size = 21_000_000 if self.dice.random() < 0.1 else 300_000
        return text.encode(errors="replace") + b" " * size

    def _wrapped(self, text):
        return f"while(1);{text}".encode(errors="replace")

    def _listed(self, text):
        return f"[{text}]".encode(errors="replace")


HERE = (Damage._other, Damage._other, Damage._gone, Damage._twice, Damage._cased)
WHOLE = (
    Damage._truncated,
    Damage._with_bom,
    Damage._utf_16,
    Damage._latin_1,
    Damage._page,
    Damage._nothing,
    Damage._flipped,
    Damage._twofold,
    Damage._deep,
    Damage._huge,
    Damage._wrapped,
    Damage._listed,
)


class Raw(str):
    """Text that goes into the JSON as it is."""


class Members(list):
    """The members of an object, where a name may stand twice."""


def places(value, here=()):
    """The places of a value: the whole, and each member and item inside."""
    yield here
    for key, inner in _items(value):
        yield from places(inner, (*here, key))


def _items(value):
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, Members):
        return list(dict(reversed(value)).items())  # of a name that is twice the first
    if isinstance(value, list):
        return list(enumerate(value))
    return []


def inside(value, key):
    """The value at a place; of members with one name the first."""
    if isinstance(value, Members):
        return next(each for name, each in value if name == key)
    return value[key]


def members_of(value):
    """An object as members, anything else as it is."""
    return Members(value.items()) if isinstance(value, dict) else value


def replaced(value, key, new):
    """A copy with another value at one place."""
    if isinstance(value, Members):
        return Members((name, new if name == key else old) for name, old in value)
    return [new if index == key else old for index, old in enumerate(value)]


def written(value):
    """The value as JSON text, whatever odd things are in it."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        value = members_of(value)
    if isinstance(value, Members):
        members = (f"{json.dumps(name)}:{written(each)}" for name, each in value)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
