"""Fed to `odoo shell` once the add-on is uninstalled: do the journals still work?"""

Journal = env["account.journal"].with_context(active_test=False)  # noqa: F821
known = set(Journal._fields["bank_statements_source"].get_values(env))  # noqa: F821
journals = Journal.search([("type", "in", ("bank", "cash", "credit"))])
for journal in journals:
    value = journal.bank_statements_source
    assert not value or value in known, f"{journal.name}: unknown feed source {value}"

journal = journals.filtered(lambda j: j.type == "bank" and j.active)[0]
journal.write({"name": f"{journal.name} again"})
line = env["account.bank.statement.line"].create(  # noqa: F821
    {"journal_id": journal.id, "payment_ref": "after", "amount": -3.21}
)
assert line.move_id.state == "posted", "a new statement line is not posted"
assert journal.kanban_dashboard, "the journal's dashboard is empty"

left = env["ir.model.data"].search(  # noqa: F821
    [("module", "=", "account_mastercard_open_banking")]
)
assert not left, f"records of the add-on remain: {left.mapped('complete_name')}"
print("CHECKED")
