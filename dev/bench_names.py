"""Who takes part in ./dev/bench, inside Odoo and outside."""

COMPANY = "Nordlys Handel ApS"
CLIENT = ("rehearsal-client", "rehearsal-secret")
CUSTOMER = {"email": "karen@nordlys.example", "user": "karen"}
# Nobody listens there: consents are given at the bank's control desk.
SITE = "https://nordlys.example"
CALLBACK = f"{SITE}/open_banking/callback"
