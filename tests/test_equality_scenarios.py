from odoo.tests import tagged

from .equality_case import EqualityCase, as_tests
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


@tagged("post_install", "-at_install")
@as_tests(*AMOUNTS, *CURRENCIES, *PARTNERS, *TEXTS, *NUMBERS, *AFTER)
@as_tests(*COMPANIES, *JOURNALS, *LOCKS, *ANALYTIC, *USERS, *CONTEXTS)
class TestEqualityScenarios(EqualityCase):
    """Lines made by each fast way leave the books that core leaves."""

    WITH = ("audit", "branch", "dinar", "yen")


@tagged("post_install", "-at_install")
@as_tests(*ODD)
class TestEqualityOdd(EqualityCase):
    """So do lines that hardly ever come."""
