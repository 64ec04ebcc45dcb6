"""What a machine's error code means to a person: what happened, and what to do.

One table for screens, mails, chatter and the bank log. A code that is not listed
gets the sentence of "unknown"; no status code or traceback ever reaches a user.
"""

from .error_matter import WHO
from .error_table import MATTERS


def matter(code):
    """Return the table's entry for an error code.

    :rtype: Matter
    """
    return MATTERS.get(code, MATTERS["unknown"])


def words(env, code):
    """Return the sentence for an error code in the user's language.

    :param env: environment whose language is used
    :param str code: an error code, or False for no error
    :rtype: str
    """
    return env._(matter(code).sentence) if code else ""


def who(env, code):
    """Say in the user's language who can do something about an error code.

    :rtype: str
    """
    return env._(WHO[matter(code).who]) if code else ""


def remedy(env, code, *records):
    """Return the one button for an error code: its label and its method.

    :param records: those at hand, of any models; the button is for the first that has
        its method. Without any, what the table says.
    :return: label, name of the method, and the record; nothing when there is none
    :rtype: tuple[str, str, models.BaseModel | None] | None
    """
    button = matter(code).remedy if code else None
    while button:
        for record in records or (None,):
            if record is None or (record and hasattr(record, button.action)):
                return env._(button.label), button.action, record
        button = button.instead
    return None


def may_use_remedy(env, code):
    """Tell whether the button of an error code is for this user.

    :rtype: bool
    """
    button = matter(code).remedy if code else None
    return bool(button) and env.user.has_group(button.group)


def codes_said(env, text):
    """Return the codes whose sentence, in the user's language, holds a text.

    :rtype: list[str]
    """
    text = text.casefold()
    return [code for code in MATTERS if text in words(env, code).casefold()]
