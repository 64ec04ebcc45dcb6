"""Which screens there are, and how a database comes to show each of them."""

import re

import demo_story

ADDON = "account_mastercard_open_banking"
PHONE = (390, 844)
DASHBOARD = (
    "/odoo/accounting",
    ".o_kanban_record .o_dashboard_kanban_view, .o_kanban_record",
)
LIST = ".o_list_view .o_data_row, .o_list_view .o_view_nocontent"
FORM = ".o_form_view .o_form_sheet, .o_form_view .o_group"
DIALOG = ".modal-dialog .o_form_view"


def action(name, record=None):
    """The address of one of our actions, or of a record in it."""
    path = f"/odoo/action-{ADDON}.{name}"
    return f"{path}/{record}" if record else path


def take_all(studio):
    """Go through the story, and stop at every screen."""
    odoo = studio.odoo
    demo_story.set_scene(odoo, studio.bank_url)
    demo_story.make_company(odoo)
    studio.learn_languages()
    before_the_settings(studio)
    demo_story.make_settings(odoo, studio.odoo_url, studio.bank_url)
    before_a_bank(studio)
    connecting(studio)
    demo_story.watch_import(odoo, started="first")
    at_work(studio)
    states_of_the_card(studio)
    renewing(studio)
    the_end(studio)


def newest(studio, model, domain=()):
    """The newest record of a model."""
    found = studio.odoo.search_read(
        model, list(domain), ["id"], limit=1, order="id desc"
    )
    return found[0]["id"] if found else None


def settings(window):
    """Go to our block of the settings."""
    window.run(
        "document.querySelector('[name=open_banking_client_id]')"
        ".scrollIntoView({block: 'start'})"
    )


def before_the_settings(studio):
    ready = "[name=open_banking_client_id]"
    studio.take(
        "settings-empty", "/odoo/settings#account", ready, (1366, 1200), settings
    )


def before_a_bank(studio):
    studio.take("card-not-connected", *DASHBOARD)
    send = "action_open_banking_send_link"
    studio.take("send-link", *DASHBOARD, prepare=lambda w: open_from_menu(w, send))
    link = copied_link(studio)
    ready = "#open_banking_continue"
    studio.take("customer-start", f"{link}?lang=LANG", ready, PHONE, whole=True)
    studio.take("customer-start-wide", f"{link}?lang=LANG", ready, whole=True)
    studio.take("customer-unknown", "/open_banking/consent/x?lang=LANG", "h1", PHONE)
    studio.take("card-link-sent", *DASHBOARD)
    attempt = newest(studio, "open.banking.authorisation")
    studio.take("link", action("open_banking_authorisation_action", attempt), FORM)


def open_from_menu(window, name):
    """Open the menu of the bank's card, and press one of its items."""
    window.run(
        "[...document.querySelectorAll('.o_kanban_record')].find((card) =>"
        " card.querySelector('[name=action_open_banking_connect]'))"
        ".querySelector('.o_dropdown_kanban button, .o_dropdown_kanban a').click()"
    )
    window.wait(f"a[name={name}]")
    window.press(f"a[name={name}]")
    window.wait(DIALOG)


def copied_link(studio):
    """Make a link for a customer; returns its address."""
    odoo = studio.odoo
    partner = odoo.call(
        "res.partner",
        "create",
        {"name": "Karen Holm", "email": "karen@nordlys.example"},
    )
    [journal] = odoo.search_read(
        "account.journal", [("type", "=", "bank")], ["name"], limit=1
    )
    shown = odoo.call(
        "account.journal", "action_open_banking_send_link", [journal["id"]]
    )
    odoo.call(shown["res_model"], "write", [shown["res_id"]], {"partner_id": partner})
    made = odoo.call(shown["res_model"], "action_copy_link", [shown["res_id"]])
    return made["context"]["open_banking_link"]


def connecting(studio):
    wizard = demo_story.connect(studio.odoo, studio.bank_url)
    address = action("open_banking_account_map_action", wizard)
    studio.take("choose-journals", address, ".o_form_view .o_data_row")
    demo_story.choose_journals(studio.odoo, wizard)
    studio.take("card-first-import", *DASHBOARD)


def at_work(studio):
    studio.take("card-fine", *DASHBOARD)
    studio.take("board", action("open_banking_board_action"), LIST)
    account = newest(studio, "open.banking.account", [("name", "=", "Driftskonto")])
    run = newest(studio, "open.banking.fetch", [("booked_count", ">", 100)])
    for name, model, record in (
        ("account", "open.banking.account", account),
        ("consent", "open.banking.consent", None),
        ("bank-log", "open.banking.fetch", run),
        ("feed", "open.banking.transaction", None),
    ):
        of = {"bank-log": "fetch", "feed": "transaction"}.get(name, name)
        address = f"open_banking_{of}_action"
        studio.take(f"{name}-list", action(address), LIST)
        record = record or newest(studio, model)
        studio.take(name, action(address, record), FORM, (1366, 1300))
    lines = "account_bank_statement_line_action"
    studio.take("statement-lines", action(lines), LIST)
    line = newest(studio, "account.bank.statement.line")
    studio.take("statement-line", action(lines, line), FORM, (1366, 1100))
    studio.take("links-list", action("open_banking_authorisation_action"), LIST)
    studio.take("messages-list", action("open_banking_event_action"), ".o_list_view")
    studio.take(
        "settings",
        "/odoo/settings#account",
        "[name=open_banking_client_id]",
        (1366, 1200),
        settings,
    )


def states_of_the_card(studio):
    """Four accounts, four cards: what is not well is written into the database."""
    ids = [each["id"] for each in demo_story.accounts_of(studio.odoo)]

    def account(number, values):
        studio.sql(f"UPDATE open_banking_account SET {values} WHERE id = {ids[number]}")

    account(0, "bank_synchronized_on = now() - interval '4 days'")
    account(1, "proof_state = 'differs', difference = 12.5, differs_from = now()")
    account(2, "error_code = 'timeout', error_since = now()")
    studio.sql(
        "UPDATE open_banking_transaction SET booking_state = 'held',"
        " reason_code = 'possible_duplicate' WHERE id IN (SELECT id"
        f" FROM open_banking_transaction WHERE account_id = {ids[0]}"
        " ORDER BY date DESC LIMIT 2)"
    )
    studio.take("card-stale-differs-error", *DASHBOARD)
    studio.take("board-to-do", action("open_banking_board_action"), LIST)
    studio.take("held", action("open_banking_transaction_action"), LIST)
    account(0, "bank_synchronized_on = now()")
    account(1, "proof_state = 'equal', difference = 0, differs_from = NULL")
    account(2, "error_code = NULL, error_since = NULL")
    paused = "rate_limited_until = now() + interval '3 hours'"
    studio.sql(f"UPDATE open_banking_consent SET {paused} WHERE state = 'active'")
    studio.take("card-paused", *DASHBOARD)
    studio.sql("UPDATE open_banking_consent SET rate_limited_until = NULL")


def renewing(studio):
    odoo = studio.odoo
    karen = newest(studio, "res.partner", [("name", "=", "Karen Holm")])
    soon = f"expires_on = current_date + 3, partner_id = {karen}"
    studio.sql(f"UPDATE open_banking_consent SET {soon} WHERE state = 'active'")
    studio.take("card-renewal-due", *DASHBOARD)
    [consent] = odoo.search_read(
        "open.banking.consent", [("state", "=", "active")], ["partner_id"]
    )
    odoo.call("open.banking.consent", "action_send_renewal", [consent["id"]])
    mails = odoo.search_read(
        "mail.mail", [], ["body_html", "subject"], order="id desc", limit=1
    )
    body = mails[0]["body_html"]
    letter = studio.options.into / "mail.html"
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    letter.write_text(head + body)
    studio.take("mail-renewal", letter.resolve().as_uri(), "a", PHONE, whole=True)
    link = re.search(r'href="([^"]*/open_banking/consent/[^"]*)"', body)[1]
    studio.take(
        "customer-renew",
        f"{link}?lang=LANG",
        "#open_banking_continue",
        PHONE,
        whole=True,
    )


def the_end(studio):
    ended = "state = 'expired', ended_on = now(), error_code = 'consent_expired'"
    studio.sql(f"UPDATE open_banking_consent SET {ended} WHERE state = 'active'")
    studio.take("card-ended", *DASHBOARD)
    studio.take("board-ended", action("open_banking_board_action"), LIST)
