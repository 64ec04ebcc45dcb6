"""Plays the year on a database: run by run_year.py with Odoo's environment."""

import importlib
import json
import sys
import threading
from datetime import date

import requests
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

import year_play
import year_rules

BASE = "http://127.0.0.1:8069"

KNOWN = year_rules.Bank("DK_Havnebanken_Erhverv", 90, ahead=20)
LONG = year_rules.Bank("DK_Klitkassen", 180, ahead=170)
SILENT = year_rules.Bank("DK_Boegelund", 60)

# After how many mails a contact acts, and how many days later.
HABITS = {
    "Anna": year_rules.Habit(1, 1),
    "Bo": year_rules.Habit(1, 5),
    "Carla": year_rules.Habit(3, 1),
    "David": year_rules.Habit(5, 4),
    "Erik": year_rules.Habit(7, 2),
    "Freja": year_rules.Habit(0, 0),
}
BANKS_OF = {
    "Anna": (KNOWN, LONG, SILENT, SILENT),
    "Bo": (KNOWN, KNOWN, LONG, SILENT),
    "Carla": (KNOWN, SILENT, SILENT),
    "David": (KNOWN, LONG, SILENT),
    "Erik": (KNOWN, LONG, SILENT),
    "Freja": (KNOWN, LONG, SILENT),
}


def feeds():
    """The twenty accounts, spread over the first weeks and two companies."""
    made = []
    for contact, banks in BANKS_OF.items():
        for number, bank in enumerate(banks):
            day = (len(made) * 11) % 45
            name = f"Konto {contact} {number + 1}"
            made.append(year_rules.Feed(name, contact, bank, len(made) % 2, day))
    return made


def say(text):
    print(text, flush=True)


def control_of(bank_url):
    session = requests.Session()

    def control(name, body=None, **query):
        answer = session.request(
            "GET" if body is None else "POST",
            f"{bank_url}/_control/{name}",
            json=body,
            params=query,
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()

    return control


def make_scene(registry, bank_url):
    addon = importlib.import_module("odoo.addons.account_mastercard_open_banking")
    customer = importlib.import_module(f"{addon.__name__}.rehearsal_bank.customer")
    tools = (customer.Customer, addon.bank_api.verify)
    scene = year_play.Scene(BASE, date.today(), feeds(), HABITS, tools)
    with registry.cursor() as cursor:
        env = api.Environment(cursor, SUPERUSER_ID, {})
        env["ir.config_parameter"].set_param("web.base.url", BASE)
        companies = env["res.company"].browse()
        for name in ("Nordlys Handel ApS", "Sydlys Handel ApS"):
            companies += scene.make_company(env, name, bank_url)
        scene.make_contacts(env)
        scene.make_journals(env, companies)
    return scene


def play(registry, bank_url, days, fetch_every):
    """Play, reckon and compare; returns what is wrong, as sentences."""
    scene = make_scene(registry, bank_url)
    year = year_play.Year(registry, control_of(bank_url), scene, year_rules)
    found = year.run(days, fetch_every, say)
    expected = year_rules.Rules(scene.feeds, HABITS, days, 90).run()
    problems = year_rules.differences(expected, found)
    with year.at(days, 7), year.env() as env:
        accounts = env["open.banking.account"].search([])
        dead = accounts.filtered(lambda each: each.consent_id.state != "active")
        problems += year.problems_in_books(env, dead.mapped("name"))
    report(scene, expected, found, days)
    return problems


def report(scene, expected, found, days):
    listed = sum(len(names) for names in found.mails.values())
    renewals = sum(len(each) for each in found.renewals.values())
    say(f"{days} days, {len(scene.feeds)} consents, {len(HABITS)} contacts")
    say(f"Mails: {len(found.mails)} sent, {len(expected.mails)} by the rules")
    say(f"Consents named in them: {listed}; renewals: {renewals}")
    for contact, habit in HABITS.items():
        mails = [names for (_day, to), names in found.mails.items() if to == contact]
        names = [feed.name for feed in scene.feeds if feed.contact == contact]
        dead, by_rules = (
            sum(each.dead_days[name] for name in names) for each in (found, expected)
        )
        acts = f"acts {habit.days} days after mail {habit.mails}"
        say(
            f"  {contact:<6} {acts if habit.mails else 'never acts':<25}"
            f" {len(mails):>3} mails, {dead:>4} days with a dead feed"
            f" ({by_rules} by the rules)"
        )


def main():
    name, options = sys.argv[1], json.loads(sys.argv[2])
    config.parse_config(["-d", name, "--no-http"], setup_logging=True)
    load_server_wide_modules()
    threading.current_thread().dbname = name
    problems = play(Registry(name), **options)
    for problem in problems:
        say(f"WRONG {problem}")
    say(f"Wrong: {len(problems) or 'nothing'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
