"""A rehearsed customer: walks the consent pages as a person would, by forms."""

from urllib.parse import urljoin, urlsplit

import requests
from lxml import html

TRIES = 4
STEPS = ("start", "bank", "login", "accounts", "accept", "email", "code", "finish")


class WalkError(AssertionError):
    """The pages did not lead where the customer wanted to go."""


class Customer:
    """A customer with an e-mail address and a user name at the bank."""

    def __init__(self, email="kunde@example.com", user="kunde", password="1234"):
        self.email = email
        self.user = user
        self.password = password
        self.seen = []

    def walk(self, connect_url, bank=None, accounts=None, cancel_at=None, wrong=()):
        """Walk from the connect (or update) address to the way back.

        ``bank`` is a provider id or a name, ``accounts`` the names, BBANs or
        IBANs to tick (None: all), ``cancel_at`` a step of STEPS.
        Steps in ``wrong`` are first filled in wrongly, then rightly. Returns
        the address the pages send the browser back to, which is NOT
        followed. ``seen`` holds the steps met. Raises WalkError.
        """
        if cancel_at is not None and cancel_at not in STEPS:
            raise ValueError(f"cancel_at is one of {', '.join(STEPS)}")
        self.seen = []
        with requests.Session() as session:
            # a proxy of the environment has no business on loopback
            session.trust_env = False
            answer = session.get(connect_url, allow_redirects=False, timeout=30)
            origin = urlsplit(connect_url)[:2]
            wrong = set(wrong)
            for _page in range(40):
                if answer.status_code in (301, 302, 303):
                    address = urljoin(answer.url, answer.headers["Location"])
                    if urlsplit(address)[:2] != origin or "/app/" not in address:
                        return address
                    answer = session.get(address, allow_redirects=False, timeout=30)
                    continue
                answer = self._page(session, answer, bank, accounts, cancel_at, wrong)
        raise WalkError(f"no end of the walk: {self.seen}")

    def _page(self, session, answer, bank, accounts, cancel_at, wrong):
        page = html.fromstring(answer.content, base_url=answer.url)
        step = page.xpath("string(//body/@data-step)")
        if answer.status_code != 200 or not step:
            raise WalkError(
                f"{answer.status_code} from {answer.url}: {answer.text[:300]}"
            )
        self.seen.append(step)
        if self.seen.count(step) > TRIES:
            problem = page.xpath("string(//*[@id='error'])")
            raise WalkError(f"page {step!r} comes again: {problem}")
        if step in ("failed", "no_accounts"):
            return self._press(session, page, answer.url, "back", {})
        if step == cancel_at:
            return self._press(session, page, answer.url, "cancel", {})
        spoiled = step in wrong
        wrong.discard(step)
        button, values = self._fill(session, page, answer.url, step, bank, accounts)
        if spoiled:
            values = {name: "refused" for name in values}
        return self._press(session, page, answer.url, button, values)

    def _fill(self, session, page, url, step, bank, accounts):
        if step == "bank":
            return self._bank_button(page, bank), {}
        if step == "login":
            values = {"user": self.user}
            if page.xpath("//input[@id='password']"):
                values["password"] = self.password
            return "approve", values
        if step == "accounts":
            return "continue", {"account": self._ticks(page, accounts)}
        if step == "email":
            return "continue", {"email": self.email}
        if step == "code":
            return "continue", {"code": self._read_code(session, page, url)}
        return {"accept": "accept", "finish": "finish"}.get(step, "continue"), {}

    @staticmethod
    def _bank_button(page, bank):
        for button in page.xpath("//button[@name='bank']"):
            name = button.xpath("string(span)")
            if bank in (button.get("value"), name):
                return button.get("id")
        raise WalkError(f"no bank {bank!r} on the page")

    @staticmethod
    def _ticks(page, accounts):
        boxes = page.xpath("//input[@name='account']")
        if accounts is None:
            return [box.get("value") for box in boxes]
        found = []
        for wanted in accounts:
            match = [
                box.get("value")
                for box in boxes
                if wanted
                in (box.get("data-name"), box.get("data-bban"), box.get("data-iban"))
            ]
            if not match:
                raise WalkError(f"no account {wanted!r} on the page")
            found += match
        return found

    @staticmethod
    def _read_code(session, page, url):
        link = page.xpath("string(//a[@id='mailbox']/@href)")
        answer = session.get(urljoin(url, link), timeout=30)
        letters = html.fromstring(answer.content).xpath("//*[@class='code']/text()")
        if not letters:
            raise WalkError("no letter in the mailbox")
        return letters[0].strip()

    @staticmethod
    def _press(session, page, url, button, values):
        """Send the form of a button as a browser does."""
        found = page.xpath("//button[@id=$name]", name=button)
        if not found:
            raise WalkError(f"no button {button!r} on the page {url}")
        form = found[0].xpath("ancestor::form")[0]
        data = {
            field.get("name"): field.get("value", "")
            for field in form.xpath(".//input[@type='hidden']")
        }
        data.update(values)
        if found[0].get("name"):
            data[found[0].get("name")] = found[0].get("value", "")
        return session.post(
            urljoin(url, form.get("action")),
            data=data,
            allow_redirects=False,
            timeout=30,
        )
