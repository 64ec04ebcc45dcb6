"""The pages a customer meets, one function per step, and the mailbox."""

from html import escape
from urllib.parse import quote

from . import banks, money
from .account_numbers import same_number
from .page_html import form, frame, head, items, paragraph, text_input
from .words import say


def show(flow, error="", search=""):
    """The page of the flow's current step."""
    title, body = _PAGES[flow.step](flow, error, search)
    return frame(flow.language, title, body, flow.step)


def _start(flow, error, search):
    kind = "update" if flow.consent else "start"
    title = say(flow.language, f"{kind}_title")
    body = head(flow, title) + paragraph(say(flow.language, f"{kind}_text"))
    if kind == "start":
        points = [say(flow.language, f"start_point_{n}") for n in (1, 2, 3)]
        body += items(points)
    return title, body + form(flow, "", "continue")


def _bank(flow, error, search):
    title = say(flow.language, "bank_title")
    label = say(flow.language, "bank_search")
    finder = (
        f'<form method="get" action="/app/flow/{flow.id}" id="form-search" '
        f'role="search"><label for="q">{label}</label><div class="search">'
        f'<input type="search" id="q" name="q" value="{escape(search)}">'
        f'<button type="submit" id="search">{say(flow.language, "search")}</button>'
        "</div></form>"
    )
    found = banks.search(search, flow.allowed)
    rows = [f"<li>{_bank_button(flow, bank)}</li>" for bank in found]
    chooser = '<ul class="plain" id="banks">' + "".join(rows) + "</ul>"
    if not found:
        chooser = paragraph(say(flow.language, "bank_none"), "soft")
    return title, head(flow, title, error) + finder + form(flow, chooser)


def _bank_button(flow, bank):
    audiences = " · ".join(say(flow.language, name) for name in bank.audiences)
    return (
        f'<button class="bank" type="submit" name="bank" value="{bank.id}" '
        f'id="bank-{bank.id}"><span>{escape(bank.name)}</span>'
        f"<small>{bank.country} · {audiences}</small></button>"
    )


def _login(flow, error, search):
    title = say(flow.language, "login_title", flow.bank.name)
    body = head(flow, title, error)
    body += paragraph(say(flow.language, "login_text"), "soft")
    more = 'autocomplete="off" autocapitalize="none"'
    label = say(flow.language, "login_user")
    fields = text_input("user", label, flow.bank_user, more=more)
    if flow.bank.numeric_password:
        label = say(flow.language, "login_password")
        hint = paragraph(say(flow.language, "login_numeric"), "soft")
        fields += text_input("password", label, kind="password", more=more) + hint
    return title, body + form(flow, fields, "login_submit", "approve")


def _no_accounts(flow, error, search):
    title = say(flow.language, "no_accounts_title")
    text = say(flow.language, "no_accounts_text", flow.bank.name)
    return title, head(flow, title) + paragraph(text) + _back(flow)


def _failed(flow, error, search):
    title = say(flow.language, "failed_title")
    text = say(flow.language, "failed_text")
    return title, head(flow, title, error) + paragraph(text) + _back(flow)


def _back(flow):
    text = say(flow.language, "back_to_program")
    return (
        f'<form method="post" action="/app/flow/{flow.id}" id="form-back">'
        f'<input type="hidden" name="step" value="{flow.step}">'
        '<button class="go" type="submit" id="back" name="action" '
        f'value="cancel">{text}</button></form>'
    )


def _accounts(flow, error, search):
    title = say(flow.language, "accounts_title")
    text = "accounts_all" if flow.select_all else "accounts_text"
    body = head(flow, title, error) + paragraph(say(flow.language, text), "soft")
    rows = [f"<li>{_tick(flow, account)}</li>" for account in flow.accounts]
    chooser = '<ul class="plain" id="accounts">' + "".join(rows) + "</ul>"
    return title, body + form(flow, chooser, "continue")


def _tick(flow, account):
    number = account.number["bban"]
    wanted = any(same_number(account.number, text) for text in flow.wanted)
    ticked = " checked" if flow.select_all or wanted else ""
    balance = money.shown_amount(
        account.ledger.booked_balance(), account.currency, flow.language
    )
    shown = f"{say(flow.language, 'balance')} {balance} {account.currency}"
    return (
        f'<label class="tick"><input type="checkbox" name="account" '
        f'value="{account.number["iban"]}-{account.currency}" '
        f'id="account-{account.number["iban"]}" data-name="{escape(account.name)}" '
        f'data-bban="{number}" data-iban="{account.number["iban"]}"{ticked}>'
        f"<span><b>{escape(account.name)}</b><small>{number}<br>{shown}</small>"
        "</span></label>"
    )


def _accept(flow, error, search):
    title = say(flow.language, "accept_title")
    names = [f"{a.name} {a.number['bban']} {a.currency}" for a in flow.chosen]
    body = head(flow, title) + paragraph(say(flow.language, "accept_text"))
    return title, body + items(names) + form(flow, "", "accept_submit", "accept")


def _email(flow, error, search):
    title = say(flow.language, "email_title")
    body = head(flow, title, error)
    body += paragraph(say(flow.language, "email_text"), "soft")
    label = say(flow.language, "email_label")
    field = text_input("email", label, flow.email, "email", 'autocomplete="email"')
    return title, body + form(flow, field, "continue")


def _code(flow, error, search):
    title = say(flow.language, "code_title")
    body = head(flow, title, error)
    body += paragraph(say(flow.language, "code_text", flow.email), "soft")
    box = say(flow.language, "code_mailbox")
    link = (
        f'<p><a id="mailbox" target="_blank" rel="noopener" '
        f'href="/mailbox?email={quote(flow.email)}">{box}</a></p>'
    )
    more = 'inputmode="numeric" autocomplete="one-time-code" maxlength="12"'
    field = text_input("code", say(flow.language, "code_label"), more=more)
    return title, body + link + form(flow, field, "continue")


def _finish(flow, error, search):
    title = say(flow.language, "finish_title")
    body = head(flow, title) + paragraph(say(flow.language, "finish_text"))
    return title, body + form(flow, "", "finish_submit", "finish")


_PAGES = {
    "start": _start,
    "bank": _bank,
    "login": _login,
    "no_accounts": _no_accounts,
    "failed": _failed,
    "accounts": _accounts,
    "accept": _accept,
    "email": _email,
    "code": _code,
    "finish": _finish,
}


def gone(language="en"):
    """The page of a flow that has ended or never was."""
    title = say(language, "gone_title")
    text = paragraph(say(language, "gone_text"))
    return frame(language, title, f"<h1>{title}</h1>{text}", "gone")


def mailbox(letters, email, language="en"):
    """The rehearsed mailbox of an address, newest letter first."""
    title = say(language, "mailbox_title")
    body = f"<h1>{title}</h1>" + paragraph(email, "soft")
    if not letters:
        body += paragraph(say(language, "mailbox_empty"))
    for letter in reversed(letters):
        text = say(letter["language"], "mailbox_text")
        body += (
            f'<p class="letter">{text}<br><span class="code">'
            f"{letter['code']}</span></p>"
        )
    return frame(language, title, body, "mailbox")
