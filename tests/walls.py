"""Companies side by side, a branch among them, and users who work in some of them."""

from odoo.tests import new_test_user

from .access import FEED, AccessHttpCase
from .common import BOOKKEEPER_GROUPS
from .rights import Checksum

LINE = "account.bank.statement.line"
BOARD = "open.banking.board"
WALLED = (*FEED, BOARD, LINE)


class WallsCase(Checksum, AccessHttpCase):
    """Two companies, and a branch of the first; a record of each model in each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.make_branch(cls.company, "Nordlys Aarhus")
        cls.branch_journal = cls.env["account.journal"].create(
            {"name": "Aarhus", "code": "AAR", "type": "bank"}
            | {"company_id": cls.branch.id}
        )
        by_branch = cls.make_records(cls.branch, cls.branch_journal)
        cls.records = {
            cls.company: cls.with_books(cls.ours),
            cls.other_company: cls.with_books(cls.theirs),
            cls.branch: cls.with_books(by_branch),
        }
        cls.people = {
            "parent": cls.make_user("parent", cls.company),
            "branch": cls.make_user("branch", cls.branch),
            "other": cls.make_user("other", cls.other_company),
            "family": cls.make_user("family", cls.company | cls.branch),
        }

    @classmethod
    def make_branch(cls, company, name):
        branch = cls.env["res.company"].create({"name": name, "parent_id": company.id})
        cls.env.user.company_ids += branch
        cls.env.cr.precommit.run()  # core gives the branch its parent's chart here
        settings = (
            "open_banking_environment",
            "open_banking_custom_url",
            "open_banking_client_id",
            "open_banking_client_secret_encrypted",
        )
        branch.write({each: company[each] for each in settings})
        return branch

    @classmethod
    def make_user(cls, name, companies):
        return new_test_user(
            cls.env,
            login=f"walls_{name}",
            groups=f"{BOOKKEEPER_GROUPS},base.group_allow_export",
            company_id=companies[0].id,
            company_ids=[(6, 0, companies.ids)],
        )

    @classmethod
    def with_books(cls, records):
        """Add the line that was made of a row, and the account's row on the board."""
        row = records["open.banking.transaction"]
        line = cls.env[LINE].create(
            {
                "journal_id": row.account_id.journal_id.id,
                "date": "2026-01-01",
                "payment_ref": f"line of {row.company_id.name}",
                "amount": 1,
                "open_banking_transaction_id": row.id,
            }
        )
        row.booking_state = "booked"
        board = cls.env[BOARD].browse(row.account_id.id)
        return {**records, LINE: line, BOARD: board}

    def sides(self):
        """Give each user with the companies he works in, and the others.

        :rtype: Iterator[tuple[str, res.users, res.company, res.company]]
        """
        every = self.env["res.company"].concat(*self.records)
        for name, user in self.people.items():
            yield name, user, user.company_ids, every - user.company_ids

    def of(self, companies, model):
        """Return the records of a model that belong to these companies."""
        found = [self.records[company][model].id for company in companies]
        return self.env[model].browse(found)

    def every(self, model):
        return self.of(self.env["res.company"].concat(*self.records), model)
