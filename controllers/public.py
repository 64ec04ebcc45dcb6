"""What the public pages have in common: the cookie that ties a browser to its attempt,
and headers that keep the pages out of frames, caches, indexes and referrers."""

from odoo.http import request
from odoo.tools import hash_sign, verify_hash_signed

from ..const import CALLBACK_PATH

COOKIE = "open_banking_attempt"
COOKIE_HOURS = 2
COOKIE_PATH = CALLBACK_PATH.rsplit("/", 1)[0]

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; "
    "img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def authorisations():
    """Return the model of attempts, with the rights the public pages need."""
    return request.env["open.banking.authorisation"].sudo()


def page(template, values=None, status=200):
    """Render one of our pages with the headers of all of them."""
    response = request.render(
        f"account_mastercard_open_banking.{template}", values or {}, status=status
    )
    return guarded(response)


def guarded(response):
    """Put the headers of our pages on a response."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def problem(title, text, status=200):
    """Show a plain page that says what happened and what to do."""
    back = "/odoo/accounting" if request.env.user._is_internal() else False
    values = {"title": title, "text": text, "back": back}
    return page("consent_problem", values, status)


def set_cookie(response, authorisation):
    """Tie this browser to one attempt: signed, not readable by scripts, short-lived."""
    value = hash_sign(
        request.env(su=True), COOKIE, authorisation.id, expiration_hours=COOKIE_HOURS
    )
    response.set_cookie(
        COOKIE,
        value,
        max_age=COOKIE_HOURS * 3600,
        path=COOKIE_PATH,
        httponly=True,
        samesite="Lax",
        secure=request.httprequest.scheme == "https",
    )


def from_cookie():
    """Return the attempt to which this browser is tied; empty if to none."""
    value = request.httprequest.cookies.get(COOKIE)
    try:
        known = value and verify_hash_signed(request.env(su=True), COOKIE, value)
    except ValueError:
        known = None
    return authorisations().browse(known or ()).exists()
