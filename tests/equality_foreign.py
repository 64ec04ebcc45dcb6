"""Other people's modules: loaded into the registry as Odoo loads a module's classes."""

from contextlib import contextmanager
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError


@contextmanager
def module_loaded(env, module):
    """Let the classes of a module be part of the models, with their columns.

    Inside a test's transaction: the columns go with it.

    :param str module: the `_module` of classes in this file
    """
    registry = env.registry
    before = {name: registry[name]._base_classes__ for name in registry}
    env.flush_all()
    names = registry.load(SimpleNamespace(name=module))
    assert names, f"no class belongs to {module}"
    try:
        registry._setup_models__(env.cr, names)
        registry.init_models(env.cr, names, {"module": module})
        env.invalidate_all()
        yield
    finally:
        for name in names:
            registry[name]._base_classes__ = before[name]
            registry[name]._setup_done__ = False
        env.invalidate_all()
        registry._setup_models__(env.cr, names)


# === METHODS === #


class LineCreate(models.Model):
    _module = "equality_line_create"
    _inherit = "account.bank.statement.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Write more into each line, as a module does that knows its bank's texts."""
        lines = super().create(vals_list)
        for line in lines:
            line.ref = f"R {line.payment_ref}"
        return lines


class MoveCreate(models.Model):
    _module = "equality_move_create"
    _inherit = "account.move"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["ref"] = f"by a module {vals.get('date')}"
        return super().create(vals_list)


class ItemCreate(models.Model):
    _module = "equality_item_create"
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["name"] = f"{vals.get('name')} !"
        return super().create(vals_list)


class MovePost(models.Model):
    _module = "equality_move_post"
    _inherit = "account.move"

    def _post(self, soft=True):
        posted = super()._post(soft)
        for move in posted:
            move.narration = f"<p>{move.name}</p>"
        return posted


class LineRule(models.Model):
    _module = "equality_line_rule"
    _inherit = "account.bank.statement.line"

    @api.constrains("amount")
    def _check_equality(self):
        if any(line.amount > 1000 for line in self):
            raise UserError(self.env._("Too much"))


class Numbers(models.Model):
    _module = "equality_numbers"
    _inherit = "account.move"

    def _get_starting_sequence(self):
        self.ensure_one()
        return f"EQ/{self.date:%Y/%m}/000"


class Prepared(models.Model):
    _module = "equality_prepared"
    _inherit = "account.bank.statement.line"

    def _prepare_move_line_default_vals(self, counterpart_account_id=None):
        values = super()._prepare_move_line_default_vals(counterpart_account_id)
        values[-1]["name"] = "Suspense"
        return values


# === FIELDS === #


class LineField(models.Model):
    _module = "equality_line_field"
    _inherit = "account.bank.statement.line"

    equality_text = fields.Char(compute="_compute_equality_text", store=True)

    @api.depends("payment_ref", "move_id.name")
    def _compute_equality_text(self):
        for line in self:
            line.equality_text = f"{line.payment_ref} {line.move_id.name}"


class MoveField(models.Model):
    _module = "equality_move_field"
    _inherit = "account.move"

    equality_total = fields.Float(compute="_compute_equality_total", store=True)

    @api.depends("line_ids.balance")
    def _compute_equality_total(self):
        for move in self:
            move.equality_total = sum(abs(item.balance) for item in move.line_ids)


class ItemField(models.Model):
    _module = "equality_item_field"
    _inherit = "account.move.line"

    equality_share = fields.Float(compute="_compute_equality_share", store=True)

    @api.depends("balance", "move_id.name")
    def _compute_equality_share(self):
        for item in self:
            item.equality_share = item.balance * len(item.move_id.name or "")


class TrackedField(models.Model):
    _module = "equality_tracked_field"
    _inherit = "account.move"

    equality_word = fields.Char(
        compute="_compute_equality_word", store=True, tracking=True
    )

    @api.depends("name")
    def _compute_equality_word(self):
        for move in self:
            move.equality_word = f"word of {move.name}"


class DefaultField(models.Model):
    _module = "equality_default_field"
    _inherit = "account.bank.statement.line"

    equality_number = fields.Integer(
        default=lambda lines: lines.search_count([("payment_ref", "like", "Tx")])
    )


class PartnerField(models.Model):
    """A stored value elsewhere that hangs on the entries of the lines."""

    _module = "equality_partner_field"
    _inherit = "res.partner"

    equality_paid = fields.Float(compute="_compute_equality_paid", store=True)

    @api.depends("invoice_ids.amount_total_signed", "invoice_ids.state")
    def _compute_equality_paid(self):
        for partner in self:
            partner.equality_paid = sum(partner.invoice_ids.mapped("amount_total"))


class JournalField(models.Model):
    """The same on the journal, by a list of its own."""

    _module = "equality_journal_field"
    _inherit = "account.journal"

    equality_line_ids = fields.One2many("account.bank.statement.line", "journal_id")
    equality_sum = fields.Float(compute="_compute_equality_sum", store=True)

    @api.depends("equality_line_ids.amount", "equality_line_ids.is_reconciled")
    def _compute_equality_sum(self):
        for journal in self:
            journal.equality_sum = sum(journal.equality_line_ids.mapped("amount"))
