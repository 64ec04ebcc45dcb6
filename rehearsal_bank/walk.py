"""What the forms of the pages do: one function per step."""

from . import banks, events, flow, pages
from .reply import html, redirect


def open_session(world, request):
    """``/app/one-time`` and ``/app/update``: on to the page of the flow."""
    number = request.args.get("sessionId", "")
    found = world.flows.get(number)
    if found is None or found.ended:
        return html(pages.gone(), 404)
    if request.args.get("culture"):
        culture = request.args["culture"].lower()
        found.language = "da" if culture.startswith("da") else "en"
    return redirect(f"/app/flow/{number}")


def show(world, request, number):
    """GET: the current page of a flow."""
    found = world.flows.get(number)
    if found is None or found.ended:
        return html(pages.gone(found.language if found else "en"), 404)
    return html(pages.show(found, search=request.args.get("q", "")))


def send(world, request, number):
    """POST: a form; answers the next page, or the way back to the program."""
    found = world.flows.get(number)
    if found is not None and found.address:
        # pressed twice, or gone back: the browser repeats the way back
        return redirect(found.address)
    if found is None or found.ended:
        return html(pages.gone(found.language if found else "en"), 404)
    data = request.form
    if data.get("step") != found.step:
        # an old tab: show where the customer really is
        return redirect(f"/app/flow/{number}")
    if data.get("action") == "cancel":
        return redirect(flow.end(world, found, success=False))
    if found.step == "finish":
        address = flow.end(world, found, success=True)
        _after_finish(world, found)
        return redirect(address)
    problem = _STEPS[found.step](world, found, data)
    if not problem:
        return redirect(f"/app/flow/{number}")
    found.wrong += 1
    if problem in ("login_refused", "code_wrong") and found.wrong >= flow.TRIES:
        found.step = "failed"
    return html(pages.show(found, problem), 200)


def _after_finish(world, found):
    if found.connection is not None:
        found.connection.login_required = False
        found.connection.expires_at = world.login_end(found.connection.bank_id)
        found.connection.announced = False
    events.queue_sync(world, found.consent)


def _start(world, found, data):
    found.advance()


def _bank(world, found, data):
    bank = banks.BANKS.get(data.get("bank", ""))
    if bank is None or (found.allowed is not None and bank.id not in found.allowed):
        return "bank_none"
    found.bank = bank
    found.advance()
    return ""


def _login(world, found, data):
    user = data.get("user", "").strip()
    if not user:
        return "login_no_user"
    if user.casefold() == "refused":
        return "login_refused"
    if found.bank.numeric_password and not data.get("password", "").isdigit():
        return "login_bad_password"
    if found.connection is not None:
        if user != found.connection.bank_user:
            return "login_other"
        found.advance()
        return ""
    found.bank_user = user
    found.accounts = world.accounts_at(found.bank, user)
    if found.accounts:
        found.advance()
    else:
        found.step = "no_accounts"
    return ""


def _accounts(world, found, data):
    ticked = set(data.getlist("account"))
    found.chosen = [
        account
        for account in found.accounts
        if f"{account.number['iban']}-{account.currency}" in ticked
    ]
    if not found.chosen:
        return "accounts_pick"
    found.advance()
    return ""


def _accept(world, found, data):
    found.advance()


def _email(world, found, data):
    email = data.get("email", "").strip()
    if not flow.is_email(email):
        return "email_bad"
    found.email = email
    flow.send_code(world, found)
    found.advance()
    return ""


def _code(world, found, data):
    if "".join(data.get("code", "").split()) != found.one_time_code:
        return "code_wrong"
    found.advance()
    return ""


def _never(world, found, data):
    return ""


_STEPS = {
    "start": _start,
    "bank": _bank,
    "login": _login,
    "accounts": _accounts,
    "accept": _accept,
    "email": _email,
    "code": _code,
    "failed": _never,
    "no_accounts": _never,
}


def mailbox(world, request):
    """The rehearsed mailbox."""
    email = request.args.get("email", "").strip()
    letters = [m for m in world.mail if m["to"] == email.lower()]
    culture = request.args.get("culture", "")
    language = "da" if culture.startswith("da") else "en"
    if letters and not culture:
        language = letters[-1]["language"]
    return html(pages.mailbox(letters, email, language))
