from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..feed import notice_days
from ..feed.reminders import LONGEST_NOTICE

USUAL_NOTICES = "14, 7, 3, 1, 0"
MOST_WEEKS = 4


class ResCompany(models.Model):
    """When a customer is told that his consent ends."""

    _inherit = "res.company"

    open_banking_notices = fields.Char(
        string="Days Before the End",
        default=USUAL_NOTICES,
        help="On these days before a consent ends its contact is asked to renew it. "
        "0 is the day itself.",
    )
    open_banking_reminder_weeks = fields.Integer(
        string="Weekly Reminders After the End",
        default=MOST_WEEKS,
        help="How many more follow, one a week, when the consent has not been renewed.",
    )

    @api.constrains("open_banking_notices")
    def _check_open_banking_notices(self):
        for company in self:
            try:
                company._open_banking_notice_days()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "Enter the days before the end as whole numbers from 0 to "
                        "%(longest)s, ten at most, with commas between: %(usual)s.",
                        longest=LONGEST_NOTICE,
                        usual=USUAL_NOTICES,
                    )
                ) from error

    @api.constrains("open_banking_reminder_weeks")
    def _check_open_banking_reminder_weeks(self):
        for company in self:
            if not 0 <= company.open_banking_reminder_weeks <= MOST_WEEKS:
                raise ValidationError(
                    self.env._(
                        "After the end none to %s weekly reminders can be sent.",
                        MOST_WEEKS,
                    )
                )

    def _open_banking_notice_days(self):
        """Return the days before the end on which a contact is told.

        :rtype: tuple[int]
        :raise ValueError: when the setting cannot be read
        """
        return notice_days(self.open_banking_notices or USUAL_NOTICES)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    open_banking_notices = fields.Char(
        related="company_id.open_banking_notices", readonly=False
    )
    open_banking_reminder_weeks = fields.Integer(
        related="company_id.open_banking_reminder_weeks", readonly=False
    )
