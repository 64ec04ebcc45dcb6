from itertools import groupby

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...feed.days import period_of

# So many statements are made or mended in one unit of work.
STATEMENTS_AT_ONCE = 40


class OpenBankingAccount(models.Model):
    """Bank statements per day, week or month, for those who want them.

    They follow the lines: from the first period that is not as it should be, all are
    made anew. Statements that the user made keep their lines; ours stand around them.
    """

    _inherit = "open.banking.account"

    statement_period = fields.Selection(
        [
            ("none", "None"),
            ("day", "Per day"),
            ("week", "Per week"),
            ("month", "Per month"),
        ],
        string="Bank Statements",
        default="none",
        required=True,
        readonly=True,
        tracking=True,
        help="Make bank statements of the imported lines, at the end of each fetch.",
    )

    # === THE USER'S CHOICE === #

    def action_set_statement_period(self):
        """Choose how often a bank statement is made; the context says it."""
        if not self.env.user.has_group("account.group_account_manager"):
            raise UserError(
                self.env._("Only an accounting administrator can change this.")
            )
        self.check_access("read")
        wanted = self.env.context.get("statement_period")
        if wanted not in dict(self._fields["statement_period"].selection):
            raise UserError(self.env._("Choose none, day, week or month."))
        for account in self.sudo():
            account._set_statement_period(wanted)

    def _set_statement_period(self, wanted):
        """Take the old statements away; the next fetch makes the new ones."""
        if wanted == self.statement_period:
            return
        self.statement_period = wanted
        statements = self._statements().search(
            [
                ("open_banking_account_id", "=", self.id),
                ("open_banking_from", "!=", False),
            ]
        )
        openings = statements.filtered("open_banking_is_opening")
        (statements - openings).unlink()
        for opening in openings:
            balance = self._exact(opening.balance_start)
            line = opening.line_ids.sorted("internal_index")[:1]
            opening.unlink()
            self._open_with(line, balance)
        if wanted != "none" and self.journal_id:
            self.next_attempt = fields.Datetime.now()
            self._wake_up()

    # === AT THE END OF A RUN === #

    def _make_statements(self):
        """Make or mend the statements of the lines that have changed.

        :return: whether there is more to do
        :rtype: bool
        """
        if self.statement_period == "none" or not self.journal_id:
            return False
        begin = self._statements_begin()
        day = begin and self._first_wrong_day(begin)
        if not day:
            return False
        _name, first, _last = period_of(day, self.statement_period)
        return self._rebuild_statements(max(begin, f"{first:%Y%m%d}"))

    def _statements_begin(self):
        """Return the index of the first line that belongs into a statement of ours.

        That is the opening; in a journal that had lines of its own the first line of
        the feed, or the one behind the user's last statement before it.
        """
        lines = self.env["account.bank.statement.line"]
        journal = [("journal_id", "=", self.journal_id.id), ("state", "=", "posted")]
        opening = self.opening_statement_id
        fed = opening.first_line_index or (
            lines.search(
                [*journal, ("open_banking_transaction_id", "!=", False)],
                order="internal_index",
                limit=1,
            ).internal_index
        )
        users = self._statements().search(
            [
                ("journal_id", "=", self.journal_id.id),
                ("open_banking_account_id", "=", False),
                ("first_line_index", "<", fed or ""),
            ],
            order="first_line_index desc",
            limit=1,
        )
        if not users:
            return fed
        last = max(users.line_ids.mapped("internal_index"))
        behind = [*journal, ("internal_index", ">", last)]
        first = lines.search(behind, order="internal_index", limit=1).internal_index
        return min(filter(None, (first, fed)))

    def _first_wrong_day(self, begin):
        """Return the first day from which statements have to be made or mended.

        :param str begin: index of the first line to look at
        :rtype: date | None
        """
        ours = self._our_statements()
        if empty := ours.filtered(lambda statement: not statement.first_line_index):
            ours -= empty
            empty.unlink()
        invalid = ours.browse(ours and ours._get_invalid_statement_ids())
        days = [self._first_wrong_line_day(begin), *invalid.mapped("open_banking_from")]
        return min(filter(None, days), default=None)

    def _our_statements(self):
        return self._statements().search(
            [
                ("open_banking_account_id", "=", self.id),
                ("journal_id", "in", (self.journal_id.id, False)),
            ],
            order="first_line_index",
        )

    def _first_wrong_line_day(self, begin):
        """Look for a line without a statement, or in one of ours that is wrong.

        In SQL: a domain cannot compare a line's day with its statement's.
        """
        for model in ("account.bank.statement", "account.bank.statement.line"):
            self.env[model].flush_model()
        self.env["account.move"].flush_model(["date", "state"])
        query = SQL(
            """
            SELECT MIN(LEAST(move.date, statement.open_banking_from))
              FROM account_bank_statement_line line
              JOIN account_move move ON move.id = line.move_id
         LEFT JOIN account_bank_statement statement ON statement.id = line.statement_id
             WHERE line.journal_id = %s
               AND line.internal_index >= %s
               AND move.state = 'posted'
               AND (statement.id IS NULL
                    OR statement.open_banking_account_id IS NOT NULL
                    AND (statement.is_complete IS NOT TRUE
                         OR statement.open_banking_from IS NULL
                         OR move.date < statement.open_banking_from
                         OR move.date > statement.open_banking_to))
            """,
            self.journal_id.id,
            begin,
        )
        return self.env.execute_query(query)[0][0]

    # === MAKING THEM === #

    def _rebuild_statements(self, begin):
        """Make the statements from a line on as they should be.

        :param str begin: index of the first line of the first period
        :return: whether there is more to do
        :rtype: bool
        """
        lines = self.env["account.bank.statement.line"].with_env(self._statements().env)
        lines = lines.search(
            [
                ("journal_id", "=", self.journal_id.id),
                ("internal_index", ">=", begin),
                ("state", "=", "posted"),
            ],
            order="internal_index",
        )
        day = lines[:1].date
        _name, first, _last = period_of(day, self.statement_period)
        reusable = self._our_statements().filtered(
            lambda one: not one.open_banking_from or one.open_banking_from >= first
        )
        balance, made = self._balance_of_statements_before(lines[:1], reusable), 0
        opening = self.opening_statement_id
        users = reusable.browse()
        for (key, user_made), group in groupby(lines, self._statement_of):
            if user_made:
                if user_made not in users:
                    balance = self._exact(user_made.balance_end_real)
                users |= user_made
                continue
            if made == STATEMENTS_AT_ONCE:
                return True
            part = lines.browse().union(*group)
            old = self._to_reuse(reusable, key, part)
            reusable -= old
            changed, balance = self._state(old, key, part, balance)
            made += changed
        if superfluous := reusable - opening:
            superfluous.unlink()
        return False

    @api.model
    def _to_reuse(self, statements, key, lines):
        """Return the statement of this period; or the opening, which has none yet."""
        fitting = statements.filtered(lambda one: one.open_banking_from == key[1])
        opening = lines.statement_id.filtered(
            lambda one: one.open_banking_is_opening and not one.open_banking_from
        )
        return (statements & opening or fitting)[:1]

    def _statement_of(self, line):
        """Return the period of a line, or the statement of the user that has it."""
        statement = line.statement_id
        if statement and not statement.open_banking_account_id:
            return None, statement
        return period_of(line.date, self.statement_period), None

    def _balance_of_statements_before(self, line, reusable):
        """Return the balance with which the statement of a line begins."""
        before = self._statements().search(
            [
                ("journal_id", "=", self.journal_id.id),
                ("first_line_index", "<", line.internal_index),
                ("id", "not in", reusable.ids),
            ],
            order="first_line_index desc",
            limit=1,
        )
        if before:
            return self._exact(before.balance_end_real)
        opening = self.opening_statement_id
        if opening:
            return self._exact(opening.balance_start)
        return self._exact(line.running_balance) - self._exact(line.amount)

    def _state(self, statement, period, lines, balance):
        """Make one statement as it should be.

        :param account.bank.statement statement: to mend, or none to make a new one
        :param tuple period: name, first and last day
        :param Decimal balance: at its start
        :return: how many were changed (0 or 1), and the balance at its end
        """
        end = balance + sum(self._exact(line.amount) for line in lines)
        name, first, last = period
        values = {
            "name": name,
            "balance_start": balance,
            "balance_end_real": end,
            "open_banking_from": first,
            "open_banking_to": last,
        }
        if not statement:
            statement = self._statements().create(
                {"open_banking_account_id": self.id, **values}
            )
            different = values
        else:
            different = {
                field: value
                for field, value in values.items()
                if self._differs(statement, field, value)
            }
        missing = lines.filtered(lambda line: line.statement_id != statement)
        missing.statement_id = statement
        if different or missing:
            statement.write(values)
        return int(bool(different or missing)), end

    def _differs(self, statement, field, value):
        if field in ("balance_start", "balance_end_real"):
            return self._exact(statement[field]) != value
        return statement[field] != value
