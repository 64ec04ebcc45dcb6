"""Who makes the lines, for which company, and how that company keeps its books."""

from decimal import Decimal

from .equality_scenarios import Scenario, but, made, partner
from .equality_scenarios_numbers import after, journal

REPLICATED = "replicated"
MARCH = "2025-03-31"


def locked(name, day=MARCH):
    """Prepare the company with a lock date."""
    return lambda world: world.companies["danish"].write({name: day})


def suspense(**values):
    """Prepare the bank journal's suspense account."""
    return lambda world: world.journals["bank"].suspense_account_id.write(values)


def own_suspense(world):
    """A suspense account of the journal's own: no other journal's account changes."""
    account = world.journals["bank"].suspense_account_id.copy()
    world.journals["bank"].suspense_account_id = account


def taxed(name):
    def prepare(world):
        tax = world.env["account.tax"].search(
            [("company_id", "=", world.companies["danish"].id)], limit=1
        )
        world.journals["bank"][name].tax_ids = tax

    return prepare


def analytic(**rule):
    """Prepare an analytic distribution model that matches by these fields."""

    def prepare(world):
        plan = world.env["account.analytic.plan"].create({"name": "Equality"})
        account = world.env["account.analytic.account"].create(
            {"name": "Equality", "plan_id": plan.id}
        )
        values = {name: value(world) for name, value in rule.items()}
        world.env["account.analytic.distribution.model"].create(
            {"analytic_distribution": {str(account.id): 100}, **values}
        )

    return prepare


def prefix_of_suspense(world):
    account = world.journals["bank"].suspense_account_id
    return account.with_company(world.companies["danish"]).code[:3]


def other_language(world):
    world.env["res.lang"]._activate_lang("da_DK")


def archive(field):
    return lambda world: world.journals["bank"][field].write({"active": False})


COMPANIES = (
    Scenario("messages of a company under audit", made("audit"), company="audit"),
    Scenario("dollars in a company under audit", made("audit dollar"), company="audit"),
    Scenario("a user under audit", made("audit"), company="audit", user="audit"),
    Scenario("called in another company", made("audit"), company="danish"),
    Scenario("a branch", made("branch"), company="branch"),
    Scenario("the parent with the branch current", made(), company="branch"),
    Scenario("a branch with its parent current", made("branch")),
    Scenario(
        "storno",
        made(),
        prepare=lambda w: w.companies["danish"].write({"account_storno": True}),
    ),
    Scenario(
        "taxes on payment",
        made(),
        prepare=lambda w: w.companies["danish"].write({"tax_exigibility": True}),
    ),
)
JOURNALS = (
    Scenario(
        "hashed journal",
        made(),
        prepare=journal(restrict_mode_hash_table=True),
        fails=True,
    ),
    Scenario(
        "hashed journal with zeros",
        made(amount=Decimal(0)),
        prepare=journal(restrict_mode_hash_table=True),
        after=None,
    ),
    Scenario("an archived journal", made(), prepare=journal(active=False), fails=True),
    Scenario(
        "a taxed suspense account",
        made(),
        prepare=after(own_suspense, taxed("suspense_account_id")),
    ),
    Scenario("a taxed bank account", made(), prepare=taxed("default_account_id")),
    Scenario(
        "a reconcilable suspense account",
        made(),
        prepare=after(own_suspense, suspense(reconcile=True)),
    ),
    Scenario(
        "a suspense account with tags",
        made(),
        prepare=after(
            own_suspense,
            lambda w: w.journals["bank"].suspense_account_id.write(
                {"tag_ids": [(0, 0, {"name": "T", "applicability": "accounts"})]}
            ),
        ),
    ),
    Scenario(
        "a suspense account in another currency",
        made(),
        prepare=after(
            own_suspense,
            lambda w: w.journals["bank"].suspense_account_id.write(
                {"currency_id": w.currency["EUR"].id}
            ),
        ),
        fails=True,
    ),
    Scenario(
        "an archived suspense account",
        made(),
        prepare=after(own_suspense, archive("suspense_account_id")),
        fails=True,
    ),
    Scenario(
        "no suspense account",
        made(),
        prepare=journal(suspense_account_id=False),
        fails=True,
    ),
    Scenario(
        "an archived bank account",
        made(),
        prepare=archive("default_account_id"),
        fails=True,
    ),
    Scenario(
        "one account for both",
        made(),
        prepare=lambda w: w.journals["bank"].write(
            {"suspense_account_id": w.journals["bank"].default_account_id.id}
        ),
        fails=True,
    ),
)
LOCKS = tuple(
    Scenario(f"{words} {place}", made(), prepare=locked(name, day))
    for name, words in (
        ("fiscalyear_lock_date", "closed year"),
        ("hard_lock_date", "closed for good"),
        ("tax_lock_date", "closed tax period"),
        ("sale_lock_date", "closed sales"),
        ("purchase_lock_date", "closed purchases"),
    )
    for day, place in (
        ("2024-12-31", "before"),
        (MARCH, "inside"),
        ("2026-01-31", "behind"),
    )
)
ANALYTIC = (
    Scenario(
        "an analytic rule for the account",
        made(),
        prepare=analytic(account_prefix=prefix_of_suspense),
    ),
    Scenario(
        "an analytic rule for another account",
        made(),
        prepare=analytic(account_prefix=lambda w: "99999"),
    ),
    Scenario(
        "an analytic rule for a partner",
        but(made(), partner("plain", "terms"), 3),
        prepare=analytic(partner_id=lambda w: w.partners["plain"].id),
    ),
    Scenario(
        "an analytic rule of another company",
        made(),
        prepare=analytic(
            account_prefix=prefix_of_suspense,
            company_id=lambda w: w.env.ref("base.main_company").id,
        ),
    ),
)
USERS = (
    Scenario("a bookkeeper", made(), user="danish"),
    Scenario("a user without rights", made(), user="nobody", fails=True),
    Scenario("a visitor", made(), user="public", fails=True),
    Scenario("a user of another company", made(), user="audit", fails=True),
    Scenario(
        "another language",
        made(),
        prepare=other_language,
        context={"lang": "da_DK"},
        way=REPLICATED,
    ),
    Scenario("another time zone", made(), context={"tz": "Asia/Tokyo"}, way=REPLICATED),
    Scenario("no time zone", made(), user="danish", context={"tz": False}),
)
CONTEXTS = tuple(
    Scenario(f"context {name.replace('_', ' ')}", made(), context={name: value})
    for name, value in {
        "tracking_disable": True,
        "mail_notrack": True,
        "mail_create_nolog": True,
        "mail_create_nosubscribe": True,
        "default_journal_id": 1,
        "default_move_type": "out_invoice",
        "default_partner_name": "By default",
        "default_ref": "By default",
        "check_move_validity": False,
        "skip_invoice_sync": True,
        "skip_account_move_synchronization": True,
        "is_statement_line": True,
        "prefetch_fields": False,
        "active_test": False,
        "no_such_word": 1,
    }.items()
)
