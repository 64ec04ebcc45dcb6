"""Looks for secrets in bytes: as they are, encoded, and their first letters."""

import base64
import re
from urllib.parse import quote, quote_plus

FIRST = 16


def forms(secret):
    """All forms in which a secret might be written down.

    The beginning of a token is the same for all tokens of its kind (what it is signed
    with): then the beginning of the part that differs is looked for.

    :rtype: dict[str, bytes]
    """
    raw = secret.encode()
    found = {
        "clear": raw,
        "url-encoded": quote(secret, safe="").encode(),
        "form-encoded": quote_plus(secret).encode(),
        "hexadecimal": raw.hex().encode(),
        "first letters": _own_part(secret)[:FIRST].encode(),
    }
    for shift in range(3):
        # As part of a longer text it may begin at any of three places.
        text = base64.b64encode(b"x" * shift + raw)
        skip, left_over = (0, 2, 3)[shift], (len(raw) + shift) % 3
        text = text[skip : -4 if left_over else None]
        found[f"base64, {shift}"] = text
        found[f"base64 for addresses, {shift}"] = text.translate(
            bytes.maketrans(b"+/", b"-_")
        )
    return {name: text for name, text in found.items() if len(text) >= 12}


def _own_part(secret):
    parts = secret.split(".")
    return parts[-1] if len(parts) == 3 and secret.startswith("eyJ") else secret


class Search:
    """Counts what was looked at, and keeps what was found. Never the secret itself."""

    def __init__(self, issued):
        """:param dict issued: lists of secrets by kind"""
        self.secrets = {
            secret: kind for kind, values in issued.items() for secret in values
        }
        self.kinds = {}
        for secret, kind in self.secrets.items():
            for form, text in forms(secret).items():
                self.kinds.setdefault(text, (kind, form))
        ordered = sorted(self.kinds, key=len, reverse=True)
        self.pattern = re.compile(b"|".join(map(re.escape, ordered)))
        self.bytes = 0
        self.found = []

    def look(self, where, data, allowed=()):
        """Look at some bytes.

        :param str where: for the report
        :param allowed: kinds of secrets that have to be there
        """
        self.bytes += len(data)
        for match in self.pattern.finditer(data):
            kind, form = self.kinds[match.group()]
            if kind not in allowed:
                self.found.append(f"{where}: {kind}, {form}, at byte {match.start()}")
