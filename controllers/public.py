"""What the public pages have in common: the cookie that ties a browser to its attempt,
and headers that keep the pages out of frames, caches, indexes and referrers."""

import functools

from odoo import http
from odoo.http import request
from odoo.tools import hash_sign, verify_hash_signed
from werkzeug.exceptions import MethodNotAllowed

from ..const import CALLBACK_PATH

COOKIE = "open_banking_attempt"
COOKIE_HOURS = 2
COOKIE_PATH = CALLBACK_PATH.rsplit("/", 1)[0]

# The longer a browser remembers, the longer its user can see what he shares. No
# browser keeps a cookie for more than 400 days.
LINK_COOKIE = "open_banking_link"
LINK_COOKIE_DAYS = 400

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; "
    "img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def public_route(address, methods, **options):
    """Declare an address that answers to these methods and to no other.

    Odoo hands OPTIONS to every controller, and as it takes it for harmless it asks for
    no form token: it would act as the POST does. And a parameter with the name of the
    controller itself would end in a server error.

    :param list methods: all of them; HEAD is not in GET here
    :param dict options: further parameters of Odoo's own decorator
    """
    options = {"type": "http", "auth": "public", "sitemap": False, **options}

    def decorate(endpoint):
        routed = http.route(address, methods=methods, **options)(endpoint)

        @functools.wraps(routed)
        def only_by_these(self, /, *args, **params):
            if request.httprequest.method not in methods:
                raise MethodNotAllowed(methods)
            params.pop("self", None)
            return routed(self, *args, **params)

        return only_by_these

    return decorate


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


def back_to_odoo():
    """Return where a user with a login goes on; nothing for all others."""
    return "/odoo/accounting" if request.env.user._is_internal() else False


def problem(title, text, status=200):
    """Show a plain page that says what happened and what to do."""
    values = {"title": title, "text": text, "back": back_to_odoo()}
    return page("consent_problem", values, status)


# === THE BROWSER THAT GOES TO THE BANK === #


def set_cookie(response, authorisation):
    """Tie this browser to one attempt: signed, not readable by scripts, short-lived.

    A new link for the attempt ends it: whoever has the old one is out.
    """
    value = [authorisation.id, _mark(authorisation)]
    _sign(response, COOKIE, value, COOKIE_HOURS, COOKIE_PATH)


def from_cookie():
    """Return the attempt to which this browser is tied; empty if to none."""
    value = _signed(COOKIE)
    known, mark = value if isinstance(value, list) else (None, None)
    attempt = authorisations().browse(known or ()).exists()
    return attempt.filtered(lambda attempt: _mark(attempt) == mark)


def _mark(authorisation):
    return (authorisation.link_hash or "")[:16]


# === THE BROWSER IN WHICH A LINK WAS USED === #


def set_link_cookie(response, authorisation):
    """Remember, at this link's own address only, that this browser used the link."""
    hours, path = LINK_COOKIE_DAYS * 24, request.httprequest.path
    _sign(response, LINK_COOKIE, authorisation.id, hours, path)


def from_link_cookie():
    """Return the attempt whose link this browser has used; empty if none."""
    return authorisations().browse(_signed(LINK_COOKIE) or ()).exists()


# === COOKIES === #


def _sign(response, name, value, hours, path):
    signed = hash_sign(request.env(su=True), name, value, expiration_hours=hours)
    response.set_cookie(
        name,
        signed,
        max_age=hours * 3600,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=request.httprequest.scheme == "https",
    )


def _signed(name):
    """Return what a cookie says, if it is ours and not too old; else None."""
    value = request.httprequest.cookies.get(name)
    try:
        return value and verify_hash_signed(request.env(su=True), name, value)
    except ValueError:
        return None
