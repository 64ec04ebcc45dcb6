from pathlib import Path
from unittest.mock import patch

from odoo.tests import common

from .test_links import LinkCase
from .test_tour import CustomersBrowser

# Said by the browser when the customer is where the test wants him.
ARRIVED = """
window.addEventListener("load", () => {
    if (!location.pathname.startsWith("/open_banking/")) {
        return;
    }
    if (document.documentElement.scrollWidth > window.innerWidth) {
        const widths = `${document.documentElement.scrollWidth} > ${window.innerWidth}`;
        console.error(`${document.title} is wider than the phone: ${widths}`);
    }
    const heading = document.querySelector("h1").textContent;
    if (heading === "Your bank is connected") {
        location.href = "%(link)s";
    }
    if (heading === "%(heading)s") {
        console.log("test successful");
    }
});
"""


class PhoneCase(LinkCase):
    """A bookkeeper at his desk, and a customer with a phone and no login."""

    browser_size = "1366x900"

    def follow(self, link, heading, **changes):
        """The customer follows the link on his phone, in a browser without a login,
        to a page with this heading; he walks all pages that lie before it.

        :param changes: what he does differently, in the words of customer_walk.js
        """
        walk = Path(__file__).with_name("customer_walk.js").read_text()
        script = walk.replace("%(bank)s", self.bank_id)
        for usual, instead in changes.items():
            script = script.replace(usual, instead)
        script += ARRIVED % {"link": link, "heading": heading}
        with (
            patch.object(self, "browser_size", "390x844"),
            patch.object(CustomersBrowser, "script", script),
            patch.object(common, "ChromeBrowser", CustomersBrowser),
        ):
            self.browser_js(
                "/account_mastercard_open_banking/static/src/consent_page.css",
                f"setTimeout(() => {{ location.href = '{link}'; }})",
                login=None,
            )
