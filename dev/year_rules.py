"""What the simulated year must come to, reckoned from the rules alone.

Knows nothing of the add-on: days are numbers, a consent is a few numbers. Whatever the
add-on does otherwise shows as a difference.
"""

from collections import defaultdict
from dataclasses import dataclass, field

NOTICES = (14, 7, 3, 1, 0)
WEEKS = 4


@dataclass(frozen=True)
class Bank:
    """A bank: how long it goes on, and how many days ahead it says so (0: never)."""

    id: str
    life: int
    ahead: int = 0


@dataclass(frozen=True)
class Habit:
    """After how many mails a contact acts, and how many days later; 0 mails: never."""

    mails: int
    days: int


@dataclass(frozen=True)
class Feed:
    """An account with a consent of its own."""

    name: str
    contact: str
    bank: Bank
    company: int
    first_day: int


@dataclass
class _Consent:
    given: int
    end: int
    mails: int = 0
    told: int = -1
    told_of_end: int = -1
    renews_on: int | None = None
    is_dead: bool = False
    died_on: int | None = None
    announced: bool = False


@dataclass
class Outcome:
    """What happened, or should."""

    mails: dict = field(default_factory=dict)  # (day, contact): names of the feeds
    dead_days: dict = field(default_factory=lambda: defaultdict(int))
    renewals: dict = field(default_factory=lambda: defaultdict(list))


class Rules:
    """The year by the rules, a day at a time."""

    def __init__(self, feeds, habits, days, usual_life):
        self.feeds, self.habits, self.days = feeds, habits, days
        self.usual_life = usual_life
        self.lives = {}  # learned, by bank
        self.consents = {}
        self.outcome = Outcome()

    def run(self):
        for today in range(self.days):
            self.customers(today)
            self.banks(today)
            self.office(today)
        return self.outcome

    def customers(self, today):
        """Early in the morning: first consents, and renewals that were made up."""
        for feed in self.feeds:
            consent = self.consents.get(feed)
            if feed.first_day == today or (consent and consent.renews_on == today):
                if consent:
                    self.outcome.renewals[feed.name].append(today)
                life = self.lives.get(feed.bank, self.usual_life)
                self.consents[feed] = _Consent(today, today + life)

    def banks(self, today):
        """Then the banks: what has lived its days ends, some say it ahead."""
        for feed, consent in self.consents.items():
            end = consent.given + feed.bank.life
            consent.is_dead = consent.is_dead or today >= end
            if feed.bank.ahead and today >= end - feed.bank.ahead:
                consent.announced, consent.end = True, end

    def office(self, today):
        """Then Odoo: sees what has died, reckons, and writes."""
        for feed, consent in self.consents.items():
            if consent.is_dead:
                self.outcome.dead_days[feed.name] += 1
                if consent.died_on is None:
                    consent.died_on = consent.end = today
                    known = self.lives.get(feed.bank, feed.bank.life)
                    self.lives[feed.bank] = min(known, today - consent.given)
        for feed, consent in self.consents.items():
            if feed.bank in self.lives and not consent.announced:
                if consent.died_on is None:
                    consent.end = consent.given + self.lives[feed.bank]
        for contact in self.habits:
            self.write(contact, today)

    def write(self, contact, today):
        """One mail for all that is due, if anything is due that was not told yet."""
        mine = [feed for feed in self.feeds if feed.contact == contact]
        due, news = [], False
        for feed in mine:
            consent = self.consents.get(feed)
            step = consent and self.step(consent, today)
            if step is None:
                continue
            due.append(feed)
            told = consent.told if step > 0 else consent.told_of_end
            news = news or told < consent.end - step
        if not news:
            return
        self.outcome.mails[today, contact] = sorted(feed.name for feed in due)
        for feed in due:
            self.tell(self.consents[feed], self.habits[contact], today)

    def step(self, consent, today):
        """How many days before the end a customer is told now; None: not at all."""
        left = consent.end - today
        if left <= -7 * (WEEKS + 1):
            return None
        if left <= -7:
            return -7 * (-left // 7)
        for days in sorted(NOTICES):
            if left <= days:
                begun = consent.end - days
                return days if days == 0 or begun > consent.given else None
        return None

    @staticmethod
    def tell(consent, habit, today):
        consent.told = today
        if consent.end <= today:
            consent.told_of_end = today
        consent.mails += 1
        if consent.mails == habit.mails:
            consent.renews_on = today + habit.days


def differences(expected, found):
    """Say what differs between two outcomes, as sentences."""
    problems = []
    for key in sorted({*expected.mails, *found.mails}):
        should, is_so = expected.mails.get(key), found.mails.get(key)
        if should != is_so:
            problems.append(f"mail of day {key[0]} to {key[1]}: {is_so}, not {should}")
    names = {*expected.dead_days, *found.dead_days}
    problems += [
        f"{name}: {found.dead_days[name]} dead days, not {expected.dead_days[name]}"
        for name in sorted(names)
        if found.dead_days[name] != expected.dead_days[name]
    ]
    names = {*expected.renewals, *found.renewals}
    problems += [
        f"{name}: renewed on {found.renewals[name]}, not {expected.renewals[name]}"
        for name in sorted(names)
        if found.renewals[name] != expected.renewals[name]
    ]
    return problems
