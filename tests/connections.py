from contextlib import contextmanager
from datetime import datetime, timedelta

from odoo import SUPERUSER_ID, api


class TwoConnections:
    """Committed records for two connections, as two workers have: others cannot be
    locked."""

    @contextmanager
    def two_connections(self):
        """Yield a consent, its account, which is due, and another environment."""
        with self.registry.cursor() as first, self.registry.cursor() as second:
            one = api.Environment(first, SUPERUSER_ID, {})
            two = api.Environment(second, SUPERUSER_ID, {})
            company = one.ref("base.main_company")
            consent = one["open.banking.consent"].create(
                {"external_id": "committed", "company_id": company.id}
            )
            account = one["open.banking.account"].create(
                {
                    "name": "committed",
                    "account_key": "committed",
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "consent_id": consent.id,
                    "journal_id": self.bank_journal(company).id,
                    "next_attempt": datetime.now() - timedelta(minutes=1),
                }
            )
            first.commit()
            try:
                yield consent, account, two
            finally:
                first.rollback()
                second.rollback()
                account.unlink()
                consent.unlink()
                first.commit()

    def bank_journal(self, company):
        return self.env["account.journal"].search(
            [("company_id", "=", company.id), ("type", "=", "bank")], limit=1
        )
