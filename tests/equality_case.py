"""One scenario, made by core and by each fast way, compared."""

from odoo.fields import Date
from odoo.tests import new_test_user

from ..models.booking.fast import BATCHED, CORE, REPLICATED, create_lines, replicate
from .equality import compare, core, outcome
from .equality_scenarios import LINES, LONG
from .equality_world import EqualityWorld

LINE = "account.bank.statement.line"
# Where a scenario's way is known: what is taken when each way is asked for.
TAKEN = {
    REPLICATED: {REPLICATED: REPLICATED, BATCHED: BATCHED},
    BATCHED: {REPLICATED: BATCHED, BATCHED: BATCHED},
    CORE: {REPLICATED: CORE, BATCHED: CORE},
}


class EqualityCase(EqualityWorld):
    """Scenarios against core; each way works from the same state."""

    def setUp(self):
        super().setUp()
        self.patch(replicate, "FEWEST", min(LINES, replicate.FEWEST))
        self.patch(replicate, "PART", LINES // 3)  # several statements for each period

    # === ONE SCENARIO === #

    def check(self, scenario, ways=None):
        """Prepare a scenario and compare each way with core.

        :param ways: those asked for. Else the first, which falls back to the next
            where it must, and the second too where both are known to be taken
        :return: by each way asked for, the way taken ("" where it failed) and why
        :rtype: dict[str, tuple[str, str]]
        """
        if scenario.prepare:
            scenario.prepare(self)
        self.env.invalidate_all()
        model, values = self.model_for(scenario), scenario.values(self)
        theirs = outcome(model, values, core, self.after(scenario))
        self.assertEqual(bool(theirs.error), scenario.fails, theirs.error)
        taken = {}
        both = LONG or scenario.way
        for way in ways or ((REPLICATED, BATCHED) if both else (REPLICATED,)):
            with self.subTest(way):
                taken[way] = self.check_way(scenario, way, (model, values), theirs)
        return taken

    def check_way(self, scenario, way, made_of, theirs):
        notes = []
        maker = self.maker(way, notes)
        # The batched way is core's own code: a shorter look will do.
        is_deep = way == REPLICATED or LONG
        ours = outcome(*made_of, maker, self.after(scenario), is_deep)
        if different := compare(theirs, ours):
            self.fail("\n".join([f"{notes or 'no way'}", *different]))
        taken = notes[-1] if notes else ("", "")
        if scenario.way:
            self.assertEqual(taken[0], TAKEN[scenario.way][way], taken[1])
        return taken

    def maker(self, way, notes):
        """A maker by a way; it notes the way taken, and why."""

        def make(model, values):
            made = create_lines(model, values, way)
            notes.append((made.way, made.reason))
            return made.lines

        return make

    def after(self, scenario):
        return scenario.after and (lambda lines: scenario.after(self, lines))

    def model_for(self, scenario):
        """The model as the scenario's caller has it; the feed's is a superuser's."""
        company = self.companies[scenario.company]
        model = self.env[LINE].with_company(company).with_context(**scenario.context)
        if scenario.user:
            return model.with_user(self.user(scenario.user))
        return model.sudo()

    def user(self, key):
        if key == "public":
            return self.env.ref("base.public_user")
        if key == "nobody" and key not in self.users:
            company = self.companies["danish"]
            return new_test_user(
                self.env,
                login="equality nobody",
                groups="base.group_user",
                company_id=company.id,
                company_ids=[(6, 0, company.ids)],
            )
        return self.users[key]

    # === WHAT SCENARIOS USE === #

    def digits_of(self, journal):
        owner = self.journals[journal]
        return (owner.currency_id or owner.company_id.currency_id).decimal_places

    def plain_line(self, journal, day):
        return {
            "journal_id": self.journals[journal].id,
            "date": Date.to_date(day),
            "payment_ref": "There before",
            "amount": 3,
        }

    def make_lines(self, env, values):
        """Make lines by core, in their journal's company."""
        journal = self.env["account.journal"].browse(values[0]["journal_id"])
        return env[LINE].with_company(journal.company_id).create(values)

    def receivable(self):
        return self.env["account.account"].search(
            [
                ("company_ids", "in", self.companies["danish"].id),
                ("account_type", "=", "asset_receivable"),
            ],
            limit=1,
        )

    def feed_rows(self):
        """Make rows of a feed, as many as a scenario has lines."""
        company = self.companies["danish"]
        account = self.env["open.banking.account"].create(
            {
                "name": "Equality",
                "account_key": "equality",
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "journal_id": self.journals["bank"].id,
            }
        )
        self.rows = self.env["open.banking.transaction"].create(
            [
                {
                    "account_id": account.id,
                    "key": f"equality {place}",
                    "bank_amount": "1.00",
                    "amount": 1,
                    "state": "booked",
                    "booking_state": "to_book",
                }
                for place in range(LINES)
            ]
        )
        return self.rows


def as_tests(*scenarios):
    """A class decorator: each scenario becomes a test of its own, by its name."""

    def decorate(cls):
        for scenario in scenarios:
            name = f"test_{scenario.name.replace(' ', '_')}"
            assert not hasattr(cls, name), f"two scenarios are named {scenario.name!r}"

            def test(self, scenario=scenario):
                self.check(scenario)

            setattr(cls, name, test)
        return cls

    return decorate
