import ast
import re
from pathlib import Path

from odoo.tests import TransactionCase, tagged

from ..bank_api import errors
from ..models.error_matter import ADMINISTRATOR, GROUPS, ODOO, WHO
from ..models.error_table import MATTERS
from ..models.error_words import codes_said, remedy, who, words

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(r"[a-z]+(_[a-z]+)*")

API_ERRORS = {
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.BankApiError)
}
# Calls of ours that take a code, and where it stands among the arguments.
TAKE_CODE = {
    "words": 1,
    "_hold": 0,
    "_fail": 0,
    "_stop": 0,
    "_mark_expired": 0,
    "_ask_for_renewal": 0,
    "_tell_responsible": 0,
}
NAMED = {"error_code", "reason_code"}
# These keep other words: the outcome of a message, the end of a run.
OTHER_TABLES = {"open_banking_event.py"}


def trees(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in path.parts and not path.name.startswith("error_"):
                yield path.name, ast.parse(path.read_text())


def constants(node):
    """The texts below a node that look like a code."""
    texts = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
    return {t for t in texts if isinstance(t, str) and CODE.fullmatch(t)}


def called(node):
    function = node.func
    return getattr(function, "attr", None) or getattr(function, "id", None)


def codes_raised():
    """The codes with which bank_api's errors are made, and those of `problems`."""
    found = set()
    for _name, tree in trees("bank_api", "models"):
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and called(node) in API_ERRORS:
                    found |= code_of(node, function)
    return found


def code_of(call, function):
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant):
        return {first.value}
    if called(call) == "BankApiError" or first is None:
        return set()
    # A name or a look-up: what it may be stands where it is assigned.
    names = {n.id for n in ast.walk(first) if isinstance(n, ast.Name)}
    given = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and names & {getattr(target, "id", None) for target in node.targets}
    ]
    return constants(first).union(*map(constants, given))


def codes_of_problems():
    """What bank_api says of a row that is not whole."""
    found = set()
    for name, tree in trees("bank_api"):
        if name != "payloads.py":
            continue
        for function in ast.walk(tree):
            is_one = isinstance(function, ast.FunctionDef)
            if is_one and function.name in ("_date_problem", "_amount"):
                found |= {c for c in constants(function) if is_problem(c)}
    return found


def is_problem(text):
    return text.startswith(("date_", "amount_", "currency_"))


def codes_used():
    """The codes that our own rooms write down."""
    found = set()
    for name, tree in trees("models", "wizards", "controllers"):
        if name in OTHER_TABLES:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                for key, value in pairs:
                    if isinstance(key, ast.Constant) and key.value in NAMED:
                        found |= plain(value)
            elif isinstance(node, ast.Call):
                found |= codes_in_call(node)
    return found


def codes_in_call(call):
    found = set()
    place = TAKE_CODE.get(called(call))
    if place is not None and len(call.args) > place:
        found |= plain(call.args[place])
    if called(call) == "_close" and len(call.args) == 2:
        found |= plain(call.args[1])
    for keyword in call.keywords:
        if keyword.arg in NAMED:
            found |= plain(keyword.value)
    return found


def plain(node):
    """A code that stands there itself, perhaps as one of two."""
    if isinstance(node, ast.IfExp):
        return plain(node.body) | plain(node.orelse)
    if isinstance(node, ast.BoolOp):
        return set().union(*map(plain, node.values))
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return {node.value} if is_text else set()


@tagged("post_install", "-at_install")
class TestErrorTable(TransactionCase):
    """Whatever goes wrong has a sentence, and at most one button."""

    def test_the_search_for_codes_finds_them(self):
        self.assertEqual(codes_raised() & set(errors.CODES), set(errors.CODES))
        self.assertIn("amount_not_a_number", codes_of_problems())
        self.assertIn("credentials_rejected", codes_raised())
        self.assertIn("locked_period", codes_used())
        self.assertIn("link_expired", codes_used())

    def test_every_code_that_can_be_met_has_an_entry(self):
        event = {"failed"}  # how acting on a message ended: words of its own
        of_column = {"varchar"}  # the type of reason_code, where it is inserted
        met = codes_raised() | codes_of_problems() | codes_used()
        self.assertFalse(met - MATTERS.keys() - event - of_column)

    def test_no_entry_is_unused(self):
        texts = set()
        for _name, tree in trees("bank_api", "models", "wizards", "controllers"):
            texts |= constants(tree)
        by_sql = {"neutralized"}  # data/neutralize.sql
        self.assertFalse(MATTERS.keys() - texts - by_sql - {"unknown"})

    def test_every_entry_is_whole(self):
        for code, matter in MATTERS.items():
            with self.subTest(code):
                self.assertTrue(words(self.env, code).endswith("."))
                self.assertIn(matter.who, WHO)
                self.assertTrue(who(self.env, code))
                if matter.who == ADMINISTRATOR:
                    self.assertEqual(matter.remedy.group, GROUPS[ADMINISTRATOR])
                said = words(self.env, code)
                self.assertNotRegex(said, r"\d{3}|_|HTTP|Traceback|status")

    def test_every_button_has_its_method(self):
        models = (
            "open.banking.account",
            "open.banking.authorisation",
            "open.banking.consent",
            "open.banking.transaction",
        )
        records = [self.env[model].new() for model in models]
        for code, matter in MATTERS.items():
            if matter.remedy:
                with self.subTest(code):
                    label, action, record = remedy(self.env, code, *records)
                    self.assertTrue(label)
                    self.assertTrue(callable(getattr(record, action)))

    def test_what_odoo_does_by_itself_is_said(self):
        for code, matter in MATTERS.items():
            if matter.who == ODOO and matter.remedy:
                self.assertRegex(words(self.env, code), "Odoo|again", code)

    def test_a_code_that_nobody_knows(self):
        self.assertEqual(words(self.env, "xyz"), words(self.env, "unknown"))
        self.assertEqual(words(self.env, False), "")
        self.assertIsNone(remedy(self.env, False))
        self.assertEqual(remedy(self.env, "xyz")[1], "action_fetch_now")

    def test_as_long_as_a_method_is_missing_its_stand_in_is_offered(self):
        account = self.env["open.banking.account"].new()
        _label, action, _record = remedy(self.env, "login_needed", account)
        there = hasattr(account, "action_send_renewal")
        expected = "action_send_renewal" if there else "action_connect_again"
        self.assertEqual(action, expected)

    def test_codes_are_found_by_their_words(self):
        self.assertIn("timeout", codes_said(self.env, "ANSWER IN TIME"))
        self.assertFalse(codes_said(self.env, "no such words"))
