"""What is done with the lines afterwards, in the same transaction and after it."""

from odoo.fields import Command

from .equality_scenarios import LINES, Scenario, made
from .equality_scenarios_plain import fed

REPLICATED = "replicated"


def invoice(world):
    """A posted invoice that a line may pay."""
    company = world.companies["danish"]
    world.invoice = (
        world.env["account.move"]
        .with_company(company)
        .create(
            {
                "move_type": "out_invoice",
                "partner_id": world.partners["plain"].id,
                "invoice_date": "2025-01-01",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Thing",
                            "price_unit": 100,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
    )
    world.invoice.action_post()


def pay(world, lines):
    """Reconcile a line with the invoice, as a reconciliation screen does."""
    line = lines.sorted("amount")[-1:]
    _liquidity, suspense, _other = line._seek_for_lines()
    claim = world.invoice.line_ids.filtered(
        lambda item: item.account_id.account_type == "asset_receivable"
    )
    line.with_context(skip_account_move_synchronization=True).write(
        {
            "checked": True,
            "line_ids": [
                Command.update(
                    suspense.id,
                    {
                        "account_id": claim.account_id.id,
                        "partner_id": claim.partner_id.id,
                    },
                )
            ],
        }
    )
    (suspense | claim).reconcile()
    return [
        {
            "reconciled": line.is_reconciled,
            "paid": world.invoice.payment_state,
            "left": world.invoice.amount_residual,
            "line left": line.amount_residual,
        }
    ]


def pay_and_undo(world, lines):
    told = pay(world, lines)
    lines.action_undo_reconciliation()
    return told + [
        {"reconciled": line.is_reconciled, "left": line.amount_residual}
        for line in lines
    ]


def delete(_world, lines):
    lines[::2].unlink()


def delete_all_and_go_on(world, lines):
    """Numbers of deleted lines are free again."""
    values = made(count=2)(world)
    env = lines.env
    lines.unlink()
    world.make_lines(env, values)


def change(_world, lines):
    """As a user corrects lines: another text, day, amount, partner."""
    lines[0].payment_ref = "Corrected"
    lines[1].amount = 77
    lines[2].date = "2025-12-24"
    lines[3].sequence = 9
    lines[4:6].partner_id = lines.env.company.partner_id


def reset_to_draft(_world, lines):
    lines.move_id[:5].button_draft()
    lines.move_id[:3].action_post()


def statement(world, lines):
    """Put the lines into a statement and ask for the balances."""
    made_now = world.env["account.bank.statement"].create(
        {"name": "S", "line_ids": [Command.set(lines[:20].ids)], "balance_start": 10}
    )
    return [
        {"valid": made_now.is_valid, "end": made_now.balance_end},
        *({"balance": line.running_balance} for line in lines),
    ]


def balances(world, lines):
    """The trial balance, and each line's place in its journal."""
    groups = lines.env["account.move.line"]._read_group(
        [("company_id", "=", lines.company_id.id)],
        ["account_id", "date:month", "parent_state"],
        ["balance:sum", "amount_currency:sum", "__count"],
    )
    told = [{"place": str(group[:3]), "sums": group[3:]} for group in groups]
    journal = lines.journal_id
    boards = journal._get_journal_dashboard_data_batched()
    counted = {"number_to_reconcile", "account_balance", "nb_misc_operations"}
    told += [
        {name: data[name] for name in counted & data.keys()} for data in boards.values()
    ]
    return told + [{"balance": line.running_balance} for line in lines.sorted()]


def searches(world, lines):
    """What searches find before anything was written for good."""
    model = lines.env["account.bank.statement.line"]
    inside = [("journal_id", "in", lines.journal_id.ids)]
    domains = (
        [("is_reconciled", "=", False)],
        [("amount_residual", ">", 0)],
        [("name", "like", "00003")],
        [("state", "=", "posted"), ("date", ">", "2025-06-01")],
        [("partner_name", "=", "Name 3")],
        [("move_id.line_ids.balance", "<", 0)],
        [("search_account_id.reconcile", "=", False)]
        if "search_account_id" in model._fields
        else [("payment_ref", "ilike", "tx 1")],
    )
    place = {each: number for number, each in enumerate(lines.ids)}
    return [
        {"found": [place.get(each) for each in model.search(inside + domain).ids]}
        for domain in domains
    ]


def copy_and_reverse(_world, lines):
    """Entries made from these entries."""
    lines.move_id[:2]._reverse_moves(
        [{"date": "2025-12-31"} for _move in lines[:2]], cancel=False
    )
    lines[3].copy()


def post_messages(_world, lines):
    """Their history goes on."""
    lines.move_id[0].message_post(body="Looked at")
    lines.move_id[1].message_subscribe(lines.env.user.partner_id.ids)
    lines.move_id[2].checked = False


def resequence(world, lines):
    """Core's own wizard gives the entries other numbers."""
    wizard = world.env["account.resequence.wizard"].create(
        {"move_ids": [Command.set(lines.move_id.ids)], "first_name": "RE/2025/00001"}
    )
    wizard.resequence()


def remove_by_undo(world, lines):
    """As the undo of a run removes them."""
    world.rows.write({"booking_state": "booked"})
    world.rows._remove_lines("undone")


def other_import(world, lines):
    """The same journal goes on with a batch of core's."""
    world.make_lines(lines.env, made(count=LINES // 2, seed=8)(world))


AFTER = (
    Scenario("paid with an invoice", made(), invoice, pay, way=REPLICATED),
    Scenario("paid and undone", made(), invoice, pay_and_undo, way=REPLICATED),
    Scenario("every second line deleted", made(), after=delete, way=REPLICATED),
    Scenario("all deleted and more made", made(), after=delete_all_and_go_on),
    Scenario("lines corrected", made(), after=change, way=REPLICATED),
    Scenario("entries back to draft", made(), after=reset_to_draft, way=REPLICATED),
    Scenario("a bank statement", made(), after=statement, way=REPLICATED),
    Scenario("trial balance and dashboard", made(), after=balances, way=REPLICATED),
    Scenario("searches at once", made(), after=searches, way=REPLICATED),
    Scenario("copies and reversals", made(), after=copy_and_reverse, way=REPLICATED),
    Scenario("history goes on", made(), after=post_messages, way=REPLICATED),
    Scenario("numbered anew", made(), after=resequence, way=REPLICATED),
    Scenario("a run undone", fed, after=remove_by_undo, way=REPLICATED),
    Scenario("another batch by core", made(), after=other_import, way=REPLICATED),
    Scenario(
        "a company under audit deletes",
        made("audit"),
        after=delete,
        company="audit",
    ),
    Scenario(
        "a company under audit corrects",
        made("audit"),
        after=change,
        company="audit",
    ),
)
