"""Names of account holders: is it the company, whatever way the bank writes it?"""

import re
import unicodedata

# Legal forms are written, left out and misspelt at will.
_FORMS = set(
    "aps as is ps ks ivs amba fmba smba enkeltmandsvirksomhed "  # Denmark
    "ab hb kb asa ans enk oy oyj ky "  # Sweden, Norway, Finland
    "gmbh ag kg ohg ug gbr se ltd limited plc llp inc llc bv nv sa sarl srl".split()
)
_CONNECTING = {"og", "och", "und", "and", "co"}
# "A/S", "A.M.B.A." and "A / S" are one word.
_SPELT_OUT = re.compile(r"(?<!\w)(\w)\s*[./]\s*(?=\w(?!\w))")
_CARRIED_ON_BY = re.compile(r"(?<!\w)(?:v/|ved(?!\w))")
_LETTERS = str.maketrans(
    {"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa", "ü": "ue", "ß": "ss"}
)
_DIGRAPHS = re.compile(r"(?<=a)[ae]|(?<=o)e|(?<=u)e")


def same_holder(holder: str | None, company: str | None) -> bool:
    """Whether an account holder's name may well be the company's.

    Case, accents, punctuation, the order of words and the legal form do not count.
    Of "Holms Tag v/ Karen Holm" each half is enough. An empty name is no doubt.
    """
    ours, theirs = _spellings(company), _spellings(holder)
    return not ours or not theirs or bool(ours & theirs)


def _spellings(text: str | None) -> set[str]:
    """The ways to write a name down to its letters: words sorted, and run together."""
    folded = unicodedata.normalize("NFKC", text or "").casefold().translate(_LETTERS)
    halves = _CARRIED_ON_BY.split(folded)
    found: set[str] = set()
    for part in {folded, *halves}:
        words = _words(part)
        found |= {" ".join(sorted(words)), "".join(words)}
    return found - {""}


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = plain.replace("'", "").replace("\u2019", "")
    words = re.findall(r"[^\W_]+", _SPELT_OUT.sub(r"\1", plain))
    words = [_DIGRAPHS.sub("", word) for word in words]
    telling = [word for word in words if word not in _FORMS | _CONNECTING]
    return telling or words
