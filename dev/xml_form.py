"""The form of XML files, for ./dev/test xml; also a program of its own:

    python dev/xml_form.py FILE...

No formatter of XML knows Odoo's habits, where a tag's attributes stand below each other
and a mail's HTML begins at the left. So the form is checked here, and made by hand:

- the declaration first, well-formed, one line end at the end, no two empty lines;
- no tabs, no blanks at a line's end, none before `/>`;
- four spaces for each level (but the words of a text wrap as they like);
- an attribute on a line of its own stands below the first of its tag.
"""

import re
import sys
from bisect import bisect_right
from pathlib import Path

from lxml import etree

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
LEVEL = 4
TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    r"""|<(?P<end>/?)(?P<name>[\w:.-]+)(?:[^<>"']|"[^"]*"|'[^']*')*?(?P<empty>/?)>""",
    re.DOTALL,
)
ATTRIBUTE = re.compile(r"""\s([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')""")
EVERYWHERE = (
    (re.compile(r"\t"), "a tab"),
    (re.compile(r"[ \r]+$", re.MULTILINE), "blanks at the end of the line"),
    (re.compile(r"\n\n\n"), "more than one empty line"),
    (re.compile(r"\s/>"), "a blank before />"),
)


class Form:
    """One text, and what is wrong with its form."""

    def __init__(self, text):
        self.text = text
        self.line_starts = [0, *(each.end() for each in re.finditer("\n", text))]
        self.found = []
        # For each open element: where its content stands, and whether it is HTML.
        self.open = [(0, False)]

    def note(self, position, what):
        self.found.append((bisect_right(self.line_starts, position), what))

    def column(self, position):
        """The column of what begins a line; None for what does not."""
        start = self.line_starts[bisect_right(self.line_starts, position) - 1]
        return None if self.text[start:position].strip() else position - start

    def check(self):
        """Return (line, what is wrong there), in the order of the lines."""
        if not self.text.startswith(DECLARATION):
            self.note(0, f"does not begin with {DECLARATION.strip()}")
        if not self.text.endswith(">\n"):
            self.note(len(self.text) - 1, "does not end with one line end")
        for pattern, what in EVERYWHERE:
            for each in pattern.finditer(self.text):
                self.note(each.start(), what)
        end = 0
        for token in TOKEN.finditer(self.text):
            between = self.text[end : token.start()]
            self.check_token(token, in_words=bool(between.strip()))
            end = token.end()
        return sorted(self.found)

    def check_token(self, token, in_words):
        """A tag, a comment or the like; `in_words` when a text goes before it."""
        column = self.column(token.start())
        if token["end"]:
            self.open.pop()
        wanted, is_html = self.open[-1]
        # HTML that Odoo keeps as it stands may begin at the left.
        if is_html and column == 0 and not token["end"]:
            wanted, self.open[-1] = 0, (0, False)
        if column not in (None, wanted) and not in_words:
            self.note(token.start(), f"begins at column {column}, not at {wanted}")
        if token["name"] and not token["end"]:
            self.check_attributes(token)
            if not token["empty"]:
                self.open.append((wanted + LEVEL, 'type="html"' in token[0]))

    def check_attributes(self, token):
        first = None
        for each in ATTRIBUTE.finditer(token[0]):
            position = token.start() + each.start(1)
            column = self.column(position)
            if first is None:
                line = bisect_right(self.line_starts, position) - 1
                first = position - self.line_starts[line]
            elif column not in (None, first):
                self.note(position, f"an attribute at column {column}, not at {first}")


def bad_lines(path):
    """Return a sentence for each flaw of a file's form."""
    try:
        etree.parse(str(path))
    except etree.XMLSyntaxError as error:
        return [f"{path}: {error}"]
    text = path.read_bytes().decode()
    return [f"{path}:{line}: {what}" for line, what in Form(text).check()]


if __name__ == "__main__":
    sentences = [each for name in sys.argv[1:] for each in bad_lines(Path(name))]
    print(*sentences, sep="\n", end="\n" if sentences else "")
    sys.exit(bool(sentences))
