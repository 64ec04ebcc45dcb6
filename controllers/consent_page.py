from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..const import CONSENT_PAGE_PATH, OUTCOME_PATH
from .public import authorisations, from_cookie, guarded, page, problem, set_cookie


class ConsentPage(http.Controller):
    """The page before the bank, and the page after it."""

    @http.route(
        f"{CONSENT_PAGE_PATH}/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def show(self, token, lang="", **_unknown):
        """Show who asks for what. Changes nothing: mail scanners press links too."""
        authorisation = authorisations()._from_link(token)
        if not authorisation:
            return self._unknown_link()
        self._choose_language(authorisation, lang)
        return page("consent_start", self._start_values(authorisation))

    @http.route(
        f"{CONSENT_PAGE_PATH}/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        sitemap=False,
    )
    def go(self, token, lang="", **_unknown):
        """Send the browser on to the bank."""
        authorisation = authorisations()._from_link(token)
        if not authorisation:
            return self._unknown_link()
        self._choose_language(authorisation, lang)
        try:
            address, _state = authorisation._go_to_bank(request.env.lang)
        except UserError as error:
            return problem(request.env._("Not possible right now"), str(error), 503)
        response = request.redirect(address, code=303, local=False)
        set_cookie(response, authorisation)
        return guarded(response)

    @http.route(
        f"{CONSENT_PAGE_PATH}/<string:token>/not-me",
        type="http",
        auth="public",
        methods=["POST"],
        sitemap=False,
    )
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

    @http.route(
        OUTCOME_PATH, type="http", auth="public", methods=["GET"], sitemap=False
    )
    def outcome(self):
        """Say how it ended; a bookkeeper goes on to choose journals."""
        authorisation = from_cookie()
        if not authorisation:
            return self._unknown_link()
        if authorisation.state == "chosen":
            return page("consent_wait")
        if authorisation.state != "done":
            unfinished = request.env._(
                "You have not been through the bank's pages to the end. Please start "
                "again."
            )
            return problem(
                request.env._("The bank is not connected"),
                authorisation.error_text or unfinished,
            )
        if self._may_map(authorisation):
            action = request.env["open.banking.account.map"]._for_authorisation(
                authorisation
            )
            return guarded(request.redirect(action, code=303))
        return page("consent_done", {"company": authorisation.company_id})

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
