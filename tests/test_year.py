import importlib.util
import sys
from datetime import date

from odoo.tests import tagged

from ..bank_api import verify
from ..rehearsal_bank.customer import Customer
from .common import OpenBankingCase
from .rehearsal import REPOSITORY

WEEKS = 10
# Lives short enough for some weeks; the company expects 30 days.
USUAL = 30


def load(name):
    """Load a module of the development commands: they are no part of the add-on."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / f"dev/{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look for it
    spec.loader.exec_module(module)
    return module


@tagged("post_install", "-at_install")
class TestYear(OpenBankingCase):
    """./dev/year in small: each mail, and each day without a feed, is accounted for."""

    def test_some_weeks_of_consents_that_end(self):
        rules, play = load("year_rules"), load("year_play")
        known = rules.Bank("DK_Havnebanken_Erhverv", 30, ahead=9)
        long = rules.Bank("DK_Klitkassen", 50, ahead=40)
        silent = rules.Bank("DK_Boegelund", 20)
        habits = {
            "Anna": rules.Habit(1, 1),
            "David": rules.Habit(3, 4),
            "Freja": rules.Habit(0, 0),
        }
        feeds = [
            rules.Feed("Konto 1", "Anna", silent, 0, 0),
            rules.Feed("Konto 2", "Anna", known, 1, 3),
            rules.Feed("Konto 3", "David", silent, 0, 5),
            rules.Feed("Konto 4", "David", long, 1, 1),
            rules.Feed("Konto 5", "Freja", known, 0, 2),
        ]
        scene = play.Scene(self.base, date.today(), feeds, habits, (Customer, verify))
        companies = self.company | self.make_company("Sydlys Handel ApS")
        companies.open_banking_consent_days = USUAL
        scene.make_contacts(self.env)
        scene.make_journals(self.env, companies)
        self.env.flush_all()
        self.addCleanup(self.bank.control, "clock", {"real": True})
        year = play.Year(self.registry, self.bank.control, scene, rules)
        days = WEEKS * 7
        with self.own_cursors():
            found = year.run(days, 14, lambda text: None)
            with year.at(days, 7), year.env() as env:
                wrong = year.problems_in_books(env, {"Konto 5"})
        expected = rules.Rules(feeds, habits, days, USUAL).run()
        self.assertGreater(len(expected.mails), 15)
        self.assertTrue(expected.dead_days["Konto 3"] and expected.dead_days["Konto 5"])
        self.assertEqual(rules.differences(expected, found) + wrong, [])
