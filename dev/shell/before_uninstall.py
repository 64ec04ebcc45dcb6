"""Fed to `odoo shell`: use the add-on's feed source, as a customer would."""

Journal = env["account.journal"]  # noqa: F821
core_values = {"undefined", "file_import"}
values = set(Journal._fields["bank_statements_source"].get_values(env))  # noqa: F821
ours = values - core_values
assert ours, "the add-on adds no feed source to bank journals"

journal = Journal.search([("type", "=", "bank")], limit=1)
journal.bank_statements_source = ours.pop()
archived = journal.copy({"code": "ARCH", "name": "Archived bank"})
archived.bank_statements_source = journal.bank_statements_source
archived.active = False
env["account.bank.statement.line"].create(  # noqa: F821
    {"journal_id": journal.id, "payment_ref": "before", "amount": 12.34}
)
env.cr.commit()  # noqa: F821
print("CHECKED")
