"""What must hold between a term and its translation; and who reads which term."""

import io
import re
from collections import Counter
from pathlib import Path
from textwrap import shorten

import polib
from odoo.tools.translate import trans_export

from ..bank_api.errors import CODES
from ..models.error_table import MATTERS

MODULE = "account_mastercard_open_banking"
FOLDER = Path(__file__).resolve().parents[1] / "i18n"
UPDATE = "run ./dev/translations"

# Odoo's own code for each language that we speak.
LANGUAGES = {
    "da": "da_DK",
    "de": "de_DE",
    "fi": "fi_FI",
    "nb": "nb_NO",
    "sv": "sv_SE",
}

# Pages and mails of the bank's customer, and what can be said on those pages.
CUSTOMER_PLACES = re.compile(
    r"model:mail\.template,(subject|body_html):"
    rf"|model_terms:ir\.ui\.view,arch_db:{MODULE}\.consent_"
    rf"|code:addons/{MODULE}/controllers/"
    rf"|code:addons/{MODULE}/models/(open_banking_vault|res_company"
    r"|open_banking_authorisation_shared|open_banking_reminder)\.py"
)
# Besides Mastercard's refusals: how an attempt can end, as its page says it.
CUSTOMER_CODES = {
    *CODES,
    *("cancelled", "consent_of_other_company", "link_expired", "no_accounts"),
    *("not_at_home", "not_me", "not_set_up", "unknown", "withdrawn_by_user"),
    *("one_more_login", "other_customer"),
}
CUSTOMER_ERRORS = {MATTERS[code].sentence._source for code in CUSTOMER_CODES}

# Where Python's formatting, a mail's header or a page's code stands in a text.
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\{.*?\}\}|<[^<>]+>", re.DOTALL)
TAG = re.compile(r"<[^<>]+>")
# What a tag says to a person.
SPOKEN = re.compile(r'\b(title|aria-label|alt|placeholder)="[^"]*"')
FIELD_LABEL = re.compile(r"model:ir\.model\.fields,\w+:.*\.field_\w+?__(\w+)$")


def read(language):
    """Return the terms of a language that are in use."""
    path = FOLDER / f"{language}.po"
    entries = polib.pofile(str(path), check_for_duplicates=True)
    return [entry for entry in entries if not entry.obsolete]


def read_template():
    """Return the terms of the template."""
    return polib.pofile(str(FOLDER / f"{MODULE}.pot"), check_for_duplicates=True)


def export(env):
    """Return the terms of the code, as Odoo exports them."""
    file = io.BytesIO()
    trans_export(None, [MODULE], file, "po", env)
    return polib.pofile(file.getvalue().decode())


def placed(entries, inherited=()):
    """Return each term with each of its places.

    :param inherited: names of the fields that every model has from Odoo; their labels
        depend on the modules installed, and are left out
    """
    return {
        (entry.msgid, place)
        for entry in entries
        for place, _line in entry.occurrences
        if not ((label := FIELD_LABEL.match(place)) and label[1] in inherited)
    }


def behind(have, wanted):
    """Return sentences on terms that are missing or obsolete.

    :param set have: terms with their places, as :func:`placed` returns them
    :param set wanted: likewise
    """
    missing = [f"missing: {short(term)} in {place}" for term, place in wanted - have]
    obsolete = [f"obsolete: {short(term)} in {place}" for term, place in have - wanted]
    return sorted(missing) + sorted(obsolete)


def short(text):
    """Return a text as it fits into a line."""
    return shorten(text, 70, placeholder=" ...")


def is_for_customer(entry):
    """Tell whether a term can stand on a page or in a mail of the bank's customer."""
    found = (CUSTOMER_PLACES.match(place) for place, _line in entry.occurrences)
    return entry.msgid in CUSTOMER_ERRORS or any(found)


def untranslated(entries):
    """Return the terms without a finished translation."""
    return [short(e.msgid) for e in entries if e.fuzzy or not e.msgstr.strip()]


def parted(source, translation):
    """Return what a translation has lost or added of what it must not touch.

    :rtype: str
    """
    texts = (SPOKEN.sub(r"\1", text) for text in (source, translation))
    there, here = (Counter(PLACEHOLDER.findall(text)) for text in texts)
    found = [f"lost {each}" for each in (there - here).elements()]
    found += [f"added {each}" for each in (here - there).elements()]
    ends = [(text[:1].isspace(), text[-1:].isspace()) for text in (source, translation)]
    if ends[0] != ends[1]:
        found.append("begins or ends otherwise with a space or a new line")
    # What goes on behind a value of the page.
    if source[:1] in ",.;:" and source[:1] != translation[:1]:
        found.append(f"does not begin with {source[:1]}")
    return "; ".join(found)


def sentences(text):
    """Return the sentences between the tags of a text that can be told from a name."""
    parts = (" ".join(part.split()) for part in TAG.split(text))
    return {part for part in parts if len(part) > 12 and " " in part}


class Languages:
    """What both kinds of tests do with a language."""

    def load(self, code):
        """Switch a language on and let Odoo read our file: without a warning."""
        with self.assertNoLogs("odoo", "WARNING"):
            self.env["res.lang"]._activate_lang(code)
            self.env["ir.module.module"]._load_module_terms([MODULE], [code])

    def assert_nothing(self, found, hint=""):
        """Fail with the first of what was found."""
        if found:
            self.fail("\n".join([f"{len(found)} found. {hint}", *found[:20]]))
