from odoo.fields import Domain
from odoo.tools import SQL

from .compared import COMPARED
from .doubt import NotProven

MODELS = ("account.bank.statement.line", "account.move", "account.move.line")
TABLES = (
    "account_move",
    "account_move_line",
    "account_bank_statement_line",
    "mail_message",
    "mail_followers",
    "mail_followers_mail_message_subtype_rel",
)

# Contexts in which core does something else than in the feed's.
OTHER_CONTEXTS = {
    "tracking_disable",
    "mail_notrack",
    "mail_create_nolog",
    "mail_create_nosubscribe",
    "skip_account_move_synchronization",
    "skip_invoice_sync",
    "check_move_validity",
    "is_payment",
    "no_anti_regex",
    "bypass_lock_check",
}


def check_model(lines):
    """Check what is the same for every batch: rights, context, fields, triggers.

    :raise NotProven: when core might do what the copies cannot show
    """
    for name in MODELS:
        if not lines.env[name].has_access("create"):
            raise NotProven("no right to create")
    check_context(lines)
    _check_fields(lines.env)
    _check_triggers(lines.env)


def check_context(lines):
    """Check that nothing in the context lets core do something else."""
    for name in lines.env.context:
        if name in OTHER_CONTEXTS or name.startswith("default_"):
            raise NotProven(f"context {name}")


def _check_fields(env):
    for name in MODELS:
        for field in env[name]._fields.values():
            has_value = field.compute or field.related or field.default
            is_foreign = field.manual or set(field._modules) - COMPARED
            if field.store and has_value and is_foreign:
                raise NotProven(f"field {field}")


def _check_triggers(env):
    """A trigger of the database may tell insertions and updates apart.

    In SQL: the ORM knows no triggers.
    """
    rows = env.execute_query(
        SQL(
            "SELECT tgname FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid = ANY(%s::regclass[]) LIMIT 1",
            list(TABLES),
        )
    )
    if rows:
        raise NotProven(f"trigger {rows[0][0]}")


def check_batch(batch):
    """Check the journal, its company and what the lines name.

    :raise NotProven: when core would do more than what its probes show
    """
    _check_journal(batch.journal)
    _check_company(batch)
    _check_partners(batch)


def _check_journal(journal):
    accounts = journal.default_account_id | journal.suspense_account_id
    doubts = {
        "archived journal": not journal.active,
        "accounts of the journal": len(accounts) != 2,
        "archived account": not all(accounts.mapped("active")),
        "taxed account": accounts.tax_ids,
        "hashed journal": journal.restrict_mode_hash_table,
        "numbering of the journal": journal.sequence_override_regex
        or journal.refund_sequence
        or journal.is_self_billing,
    }
    for reason, is_so in doubts.items():
        if is_so:
            raise NotProven(reason)


def _check_company(batch):
    if batch.company.account_storno:
        raise NotProven("storno")
    oldest = min(line.date for line in batch.lines)
    if batch.company._get_violated_lock_dates(oldest, False, batch.journal):
        raise NotProven("lock date")
    rules = batch.company.env["account.analytic.distribution.model"].sudo()
    if rules.search_count([], limit=1):
        raise NotProven("analytic distribution")


def _check_partners(batch):
    ids = {line.partner_id for line in batch.lines} - {None}
    if not ids:
        return
    partners = batch.company.env["res.partner"].sudo().with_context(active_test=False)
    company = Domain(partners._check_company_domain(batch.company))
    domain = Domain("id", "in", list(ids)) & company
    if partners.search_count(domain) != len(ids):
        raise NotProven("a partner of another company")
