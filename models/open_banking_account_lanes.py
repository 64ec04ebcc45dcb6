import time
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import config

# So many jobs are there at most; those beyond the first are asleep until an
# administrator asks for them.
MOST_LANES = 8

# After so many units of work an account that has more to do lets another go first.
SLICE = 5

# A lane works so long at a time. Odoo ends a job after two minutes, or one of CPU; its
# own ten seconds would cut a large first import into dozens of runs.
LANE_SECONDS = 30
ODOO_SECONDS = 10  # what core gives a job; from it we know when this one began


class OpenBankingAccount(models.Model):
    """Lanes: jobs that import side by side, each a consent of its own."""

    _inherit = "open.banking.account"

    # === THE JOBS === #

    @api.model
    def _lanes(self):
        """Return the jobs that import, the first one first; some may be asleep.

        :rtype: ir.cron
        """
        numbers = ["", *(f"_{number}" for number in range(2, MOST_LANES + 1))]
        names = self.env["ir.model.data"]
        ids = [
            names._xmlid_to_res_id(
                f"account_mastercard_open_banking.ir_cron_fetch{number}",
                raise_if_not_found=False,
            )
            for number in numbers
        ]
        return self.env["ir.cron"].sudo().browse(filter(None, ids)).exists()

    def _wake_up(self, at=None):
        """Let the first lane come; it wakes others when there is work for them."""
        lane = self._lanes()[:1]
        if lane:
            lane._trigger(at)

    @api.model
    def _wake_others(self, accounts):
        """Wake as many more lanes as there are consents to read.

        :param accounts: those that are due and that nobody is known to be at
        """
        lanes = self._lanes()[1:].filtered("active")
        wanted = len(accounts.consent_id) - 1
        if not lanes or wanted < 1:
            return
        triggers = self.env["ir.cron.trigger"].sudo()
        waiting = [
            ("cron_id", "in", lanes.ids),
            ("call_at", "<=", fields.Datetime.now()),
        ]
        # The trigger of a lane that is at work is there until it ends.
        awake = triggers.search(waiting).cron_id
        for lane in (lanes - awake)[: max(wanted - len(awake), 0)]:
            lane._trigger()

    @api.model
    def _time_left(self):
        """Return how many seconds this job may still work."""
        end = self.env.context.get("cron_end_time")
        if not end:
            return float("inf")
        return end - ODOO_SECONDS + LANE_SECONDS - time.monotonic()

    # === WHO IS NEXT === #

    @api.model
    def _due(self):
        """Return the accounts that are due, the one that waits longest first."""
        return self.sudo().search(self._due_domain(), order="next_attempt, id")


class Turns:
    """Whose turn it is in one pass of a lane.

    The company that had least, of it the account that had least: neither a company
    with many accounts nor one with a huge list keeps the others waiting.
    """

    def __init__(self):
        self.has_worked = False
        self._of_company = Counter()
        self._of_account = Counter()
        self._done = set()
        self._busy = set()  # consents that another lane has

    def next(self, accounts):
        """Return the account to go on with.

        :param open.banking.account accounts: at least one, in the order of waiting
        """
        return min(
            accounts,
            key=lambda account: (
                self._of_company[account.company_id.id],
                self._of_account[account.id],
            ),
        )

    def free(self, accounts):
        """Return those that are not done in this pass, and that nobody else is at."""
        return accounts.filtered(
            lambda account: (
                account.id not in self._done and account.consent_id.id not in self._busy
            )
        )

    def had(self, account, unfinished):
        """Note a unit of work.

        :param bool | None unfinished: as `_work_safely` returns it
        """
        if unfinished is None:
            # It is read by one lane at a time: pass by the consent.
            self._busy.add(account.consent_id.id)
            return
        self.has_worked = True
        self._of_company[account.company_id.id] += 1
        self._of_account[account.id] += 1
        if not unfinished:
            self._done.add(account.id)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    open_banking_lanes = fields.Integer(
        string="Import jobs",
        compute="_compute_open_banking_lanes",
        inverse="_inverse_open_banking_lanes",
    )
    open_banking_cron_threads = fields.Integer(
        compute="_compute_open_banking_lanes", string="Jobs the server runs at once"
    )

    @api.depends("company_id")
    def _compute_open_banking_lanes(self):
        lanes = self.env["open.banking.account"]._lanes().filtered("active")
        for settings in self:
            settings.open_banking_lanes = len(lanes)
            settings.open_banking_cron_threads = config["max_cron_threads"]

    def _inverse_open_banking_lanes(self):
        lanes = self.env["open.banking.account"]._lanes()
        for settings in self:
            wanted = settings.open_banking_lanes
            if wanted == len(lanes.filtered("active")):
                continue  # also none, where all jobs were put to sleep
            if not 1 <= wanted <= MOST_LANES:
                raise ValidationError(
                    self.env._("There can be 1 to %s import jobs.", MOST_LANES)
                )
            lanes[:wanted].active = True
            lanes[wanted:].active = False
