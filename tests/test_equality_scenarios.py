from odoo.tests import tagged

from .equality_case import EqualityCase, as_tests
from .equality_scenarios import LONG
from .equality_scenarios_after import AFTER
from .equality_scenarios_numbers import NUMBERS
from .equality_scenarios_odd import ODD
from .equality_scenarios_plain import AMOUNTS, CURRENCIES, PARTNERS, TEXTS
from .equality_scenarios_settings import (
    ANALYTIC,
    COMPANIES,
    CONTEXTS,
    JOURNALS,
    LOCKS,
    USERS,
)

# By default some of those that differ by a word only.
SOME_LOCKS = LOCKS if LONG else LOCKS[1::3]
SOME_CONTEXTS = CONTEXTS if LONG else CONTEXTS[:4]


@tagged("post_install", "-at_install")
@as_tests(*AMOUNTS, *CURRENCIES, *PARTNERS, *TEXTS, *NUMBERS, *AFTER)
@as_tests(*COMPANIES, *JOURNALS, *SOME_LOCKS, *ANALYTIC, *USERS, *SOME_CONTEXTS)
class TestEqualityScenarios(EqualityCase):
    """Lines made by each fast way leave the books that core leaves."""

    WITH = ("audit", "branch", "dinar", "yen")


@tagged("post_install", "-at_install")
@as_tests(*ODD)
class TestEqualityOdd(EqualityCase):
    """So do lines that hardly ever come."""
