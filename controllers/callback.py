from odoo import http
from odoo.http import request

from ..const import CALLBACK_PATH, OUTCOME_PATH
from .public import (
    authorisations,
    from_cookie,
    guarded,
    problem,
    public_route,
    set_cookie,
)

# Longer values than these are not what Mastercard sends (its codes have about 300
# characters, its consent ids 36).
LONGEST_CODE = 4000
LONGEST_ID = 200


class Callback(http.Controller):
    """The way back from the bank: the address registered at Mastercard."""

    @public_route(CALLBACK_PATH, ["GET"])
    def come_back(self, code="", consentId="", state="", **_unknown):
        """Take in the code, then show the outcome from an address without it.

        Which attempt this is, the returned `state` says, or the browser's cookie;
        if both are there they must agree.
        """
        authorisation = self._attempt(code, state)
        if not authorisation or len(code) > LONGEST_CODE or len(consentId) > LONGEST_ID:
            return problem(
                request.env._("This way back from the bank is not known"),
                request.env._(
                    "Nothing was stored. Please go back to where you started, in the "
                    "same browser, and try again."
                ),
                400,
            )
        authorisation._come_back(code, consentId, bool(state))
        response = request.redirect(OUTCOME_PATH, code=303)
        set_cookie(response, authorisation)
        return guarded(response)

    def _attempt(self, code, state):
        by_cookie = from_cookie()
        nothing = by_cookie.browse()
        if not state:
            return nothing if code and by_cookie._state_is_required() else by_cookie
        by_state = authorisations()._from_state(state)
        return by_state if by_cookie in (by_state, nothing) else nothing
