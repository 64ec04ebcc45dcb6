from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..const import CONSENT_PAGE_PATH, OUTCOME_PATH
from ..models.error_words import words
from ..models.open_banking_vault import NotSetUp
from .public import (
    authorisations,
    back_to_odoo,
    from_cookie,
    from_link_cookie,
    guarded,
    page,
    problem,
    public_route,
    set_cookie,
    set_link_cookie,
)


class ConsentPage(http.Controller):
    """The page before the bank, and the page after it."""

    @public_route(f"{CONSENT_PAGE_PATH}/<string:token>", ["GET", "HEAD"])
    def show(self, token, lang="", **_unknown):
        """Show who asks for what. Changes nothing: mail scanners press links too.

        Once it is used, the browser that used it sees what is shared.
        """
        authorisation = authorisations()._from_link(token)
        if not authorisation:
            return self._show_shared(token, lang)
        self._choose_language(authorisation, lang)
        return page("consent_start", self._start_values(authorisation))

    @public_route(f"{CONSENT_PAGE_PATH}/<string:token>", ["POST"])
    def go(self, token, lang="", **_unknown):
        """Send the browser on to the bank."""
        authorisation = authorisations()._from_link(token)
        if not authorisation:
            return self._unknown_link()
        response = self._send_to_bank(authorisation, lang)
        set_link_cookie(response, authorisation)
        return response

    @public_route(f"{CONSENT_PAGE_PATH}/<string:token>/not-me", ["POST"])
    def not_me(self, token, lang="", **_unknown):
        """The link reached somebody else: it stops working, and we are told."""
        authorisation = authorisations()._from_link(token)
        if not authorisation:
            return self._unknown_link()
        self._choose_language(authorisation, lang)
        authorisation._not_me()
        return problem(
            request.env._("Thank you for telling us"),
            request.env._(
                "The link no longer works, and the one who sent it is told. You need "
                "do nothing more; please delete the mail."
            ),
        )

    def _send_to_bank(self, authorisation, lang):
        self._choose_language(authorisation, lang)
        if authorisation.lang != request.env.lang:
            authorisation.lang = request.env.lang  # the pages after the bank speak it
        try:
            address, _state = authorisation._go_to_bank(request.env.lang)
        except NotSetUp as error:
            # What it says of the server is not for customers.
            text = words(request.env, error.code)
            return problem(request.env._("Not possible right now"), text, 503)
        except UserError as error:
            return problem(request.env._("Not possible right now"), str(error), 503)
        response = request.redirect(address, code=303, local=False)
        set_cookie(response, authorisation)
        return guarded(response)

    # === AFTER THE BANK === #

    @public_route(OUTCOME_PATH, ["GET", "HEAD"])
    def outcome(self, **_unknown):
        """Say how it ended; a bookkeeper goes on to choose journals."""
        authorisation = from_cookie()
        if not authorisation:
            return self._unknown_link()
        self._choose_language(authorisation, "")
        if authorisation._is_storing():
            return page("consent_wait")
        if authorisation.state != "done":
            return page("consent_unfinished", self._unfinished_values(authorisation))
        if self._may_map(authorisation):
            action = request.env["open.banking.account.map"]._for_authorisation(
                authorisation
            )
            return guarded(request.redirect(action, code=303))
        return page("consent_done", authorisation._shared())

    @public_route(OUTCOME_PATH, ["POST"])
    def again(self, lang="", **_unknown):
        """Send the browser that came back without a consent to the bank once more."""
        authorisation = from_cookie()
        if not authorisation or not authorisation._may_try_again():
            return self._unknown_link()
        return self._send_to_bank(authorisation, lang)

    def _unfinished_values(self, authorisation):
        unfinished = request.env._(
            "You have not been through the bank's pages to the end."
        )
        return {
            "text": authorisation.error_text or unfinished,
            "company": authorisation.company_id,
            "asked_by": authorisation.user_id,
            "may_try_again": authorisation._may_try_again(),
            "is_sent": authorisation.sent_on,
            "back": back_to_odoo(),
        }

    def _show_shared(self, token, lang):
        authorisation = authorisations()._from_used_link(token, from_link_cookie())
        if not authorisation:
            return self._unknown_link()
        self._choose_language(authorisation, lang)
        return page("consent_shared", authorisation._shared())

    def _choose_language(self, authorisation, wanted):
        """Speak the language that was chosen here, else that of the link."""
        installed = [code for code, _name in request.env["res.lang"].get_installed()]
        for lang in (wanted, authorisation.lang):
            if lang in installed:
                request.update_context(lang=lang)
                return

    def _start_values(self, authorisation):
        company = authorisation.company_id
        languages = request.env["res.lang"].get_installed()
        return {
            "authorisation": authorisation,
            "company": company,
            "asked_by": authorisation.user_id,
            "hub_url": company.open_banking_hub_url,
            "languages": [each for each in languages if each[0] != request.env.lang],
            "on_the_spot": self._may_map(authorisation),
        }

    def _may_map(self, authorisation):
        user = request.env.user
        return authorisation.company_id in user.company_ids and user.has_group(
            "account.group_account_basic"
        )

    def _unknown_link(self):
        """The same answer for unknown, used, withdrawn and foreign links."""
        return problem(
            request.env._("This link is not valid"),
            request.env._(
                "The link has been used, has run out, or is not complete. Please ask "
                "for a new one."
            ),
            404,
        )
