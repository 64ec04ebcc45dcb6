"""The peer of the tests: the rehearsal bank as a program of its own on loopback."""

import subprocess
import sys
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[1]
READY = "rehearsal bank ready on "
CLIENT_ID, CLIENT_SECRET = "rehearsal-client", "rehearsal-secret"


class RehearsalBank:
    """A running rehearsal bank, and its control desk."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "rehearsal_bank", "--port", "0"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline().strip()
        if not line.startswith(READY):
            raise RuntimeError(f"the rehearsal bank did not start: {line!r}")
        self.url = line.removeprefix(READY)
        self.session = requests.Session()

    def stop(self):
        """End the program."""
        self.session.close()
        self.process.kill()
        self.process.communicate()

    def control(self, name, body=None, method=None, **query):
        """Use the control desk: GET without a body, else POST; returns the JSON."""
        answer = self.session.request(
            method or ("GET" if body is None else "POST"),
            f"{self.url}/_control/{name}",
            json=body,
            params=query,
            timeout=60,
        )
        if answer.status_code != 200:
            raise AssertionError(f"{name}: {answer.status_code} {answer.text}")
        return answer.json()

    def truth(self, account):
        """Return the bank's own list of an account's transactions, oldest first."""
        answer = self.control("transactions", account=account, texts="true")
        return answer["transactions"]

    def booked(self, account):
        """Return those that are final and not taken back."""
        return [
            row
            for row in self.truth(account)
            if row["state"].lower() == "booked" and not row.get("deleted")
        ]

    def balance(self, account):
        """Return the booked balance of an account, as text."""
        answer = self.control("transactions", account=account)
        return answer["account"]["booked_balance"]

    def wire_calls(self, path=""):
        """Return the API calls the bank has seen, oldest first."""
        calls = self.control("requests")["requests"]
        return [call for call in calls if path in call["path"]]
