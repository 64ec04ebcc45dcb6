"""The rows of the README's table that are about what goes into the books."""

from .rights import row


class Deciding:
    """Probes for `RightsCase`; `self.account` is read from the bank."""

    def held(self, reason, **values):
        """Return a transaction that waits for a decision."""
        found = self.account.transaction_ids.filtered("statement_line_ids")[-1:]
        found._remove_lines("undone")
        found.write({"booking_state": "held", "reason_code": reason, **values})
        return found

    def changed(self, how):
        """Return a transaction of which the bank says something else by now."""
        found = self.account.transaction_ids.filtered("statement_line_ids")[-1:]
        found.bank_change = how
        return found

    @row("Book a held transaction")
    def book(self, user):
        held = self.held("refused_by_odoo")
        yield
        self.rpc(user, held, "action_book")
        self.assertTrue(held.statement_line_ids)

    @row("Book it on the first open day")
    def book_on_open_day(self, user):
        held = self.held("locked_period")
        yield
        self.rpc(user, held, "action_book_on_open_day")
        self.assertTrue(held.statement_line_ids)

    @row("Leave a transaction out")
    def leave_row_out(self, user):
        held = self.held("refused_by_odoo")
        yield
        self.rpc(user, held, "action_leave_out")
        self.assertEqual(held.booking_state, "left_out")

    @row("Take a line that is there for a transaction")
    def adopt(self, user):
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.account.journal_id.id,
                "date": self.today,
                "payment_ref": "Typed by hand",
                "amount": 1,
            }
        )
        held = self.held("looks_like_line", similar_line_id=line.id)
        yield
        self.rpc(user, held, "action_adopt")
        self.assertEqual(held.statement_line_ids, line)

    @row("Put a transaction in the place of an old line")
    def replace(self, user):
        old = self.account.transaction_ids.filtered("statement_line_ids")[:1]
        held = self.held("replaces", similar_id=old.id)
        yield
        self.rpc(user, held, "action_replace")
        self.assertTrue(held.statement_line_ids)
        self.assertFalse(old.statement_line_ids)

    @row("Follow the bank after a change")
    def follow_bank(self, user):
        changed = self.changed("withdrawn")
        yield
        self.rpc(user, changed, "action_follow_bank")
        self.assertFalse(changed.statement_line_ids)

    @row("Keep the line after a change")
    def keep_line(self, user):
        changed = self.changed("changed")
        yield
        self.rpc(user, changed, "action_keep_line")
        self.assertFalse(changed.bank_change)
        self.assertTrue(changed.statement_line_ids)

    @row("Undo a run")
    def undo(self, user):
        run = self.account.fetch_ids.filtered("booked_count")[:1]
        yield
        self.rpc(user, run, "action_undo")
        self.assertFalse(self.lines(self.account))

    @row("Turn the sign of an account")
    def turn_sign(self, user):
        self.account.transaction_ids.filtered("statement_line_ids")._remove_lines(False)
        yield
        self.rpc(user, self.account, "action_turn_sign")
        self.assertTrue(self.account.inverted_sign)
