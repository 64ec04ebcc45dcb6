import json
from decimal import Decimal

import requests
from odoo import api, models

# What the bank would send, by provider: lists of values, oldest first.
LINES = {}
# Where the bank is, by provider: `address`, `account`, `token`, `page_size`.
BANKS = {}


class OnlineBankStatementProvider(models.Model):
    """Two banks: one that hands lines over from memory, and one asked over HTTP.

    The second does the least that an add-on for such a bank must: no retries, no
    limits, no checks of what comes.
    """

    _inherit = "online.bank.statement.provider"

    @api.model
    def _get_available_services(self):
        services = super()._get_available_services()
        return services + [("bench", "From memory"), ("bench_http", "Over HTTP")]

    def _obtain_statement_data(self, date_since, date_until):
        first, end = date_since.date().isoformat(), date_until.date().isoformat()
        if self.service == "bench":
            lines = LINES.get(self.id, [])
            return [dict(each) for each in lines if first <= each["date"] < end], {}
        if self.service == "bench_http":
            rows = self._bench_rows(f"{first}T00:00:00Z/{end}T00:00:00Z")
            lines = [self._bench_values(row) for row in rows]
            return [each for each in lines if first <= each["date"] < end], {}
        return super()._obtain_statement_data(date_since, date_until)

    def _bench_rows(self, interval):
        bank = BANKS[self.id]
        address = f"{bank['address']}/v1/accounts/{bank['account']}/transactions/query"
        headers = {"Authorization": f"Bearer {bank['token']}"}
        rows, body = [], {"interval": interval, "pageSize": bank["page_size"]}
        with requests.Session() as session:
            while True:
                answer = session.post(address, json=body, headers=headers, timeout=60)
                answer.raise_for_status()
                page = json.loads(answer.content, parse_float=Decimal)
                rows += page["transactions"]
                if not page["pagingToken"]:
                    return rows
                body["pagingToken"] = page["pagingToken"]

    def _bench_values(self, row):
        detail = row["detail"] or {}
        side = "destination" if row["amount"] < 0 else "source"
        other = detail.get(side) or {}
        number = (other.get("account") or {}).get("iban")
        return {
            "date": row["date"],
            "amount": str(row["amount"]),
            "payment_ref": row["text"] or row["originalText"],
            "partner_name": other.get("name"),
            "account_number": number,
            "transaction_type": row["type"],
            "unique_import_id": row["id"],
        }
