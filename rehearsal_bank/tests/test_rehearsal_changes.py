"""What control changes at the bank, and how the wire shows it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import requests
from conftest import BANK
from rehearsal_bank.customer import Customer
from stdnum import iban


def rows_of(peer, account):
    """The truth rows of an account."""
    return peer.control("transactions", account=account["id"])["transactions"]


@pytest.fixture
def account(user):
    """The krone account of the customer."""
    return user.accounts()["Driftskonto"]


def booked(user):
    """The booked balance of the krone account."""
    return Decimal(str(user.accounts()["Driftskonto"]["booked"]["value"]))


def test_add_a_row_with_everything(peer, user, account):
    before = booked(user)
    row = {
        "amount": "-745.25",
        "date": -3,
        "text": "Shop",
        "original_text": "Visa Shop 123",
        "type": "Card",
        "message": "hello",
        "reference": "r1",
        "end_to_end_id": "e2e",
        "creditor_reference": "RF18539007547034",
        "norwegian_kid": "123",
        "value_date": "2026-01-01",
        "creation_date": "2026-01-02T03:04:05.123456789Z",
        "counterpart": {"name": "Shop ApS", "iban": "DK5000400440116243"},
        "conversion": {"amount": "-100", "currency": "EUR", "rate": "7.4525"},
    }
    made = peer.control("transactions/add", {"account": account["id"], **row})
    made = made["transactions"]
    assert len(made) == 1 and made[0]["amount"] == "-745.25"
    wire = next(r for r in user.rows(account) if r["id"] == made[0]["id"])
    detail = wire["detail"]
    assert (wire["text"], wire["originalText"]) == ("Shop", "Visa Shop 123")
    assert wire["creationDate"] == "2026-01-02T03:04:05.123456789Z"
    assert detail["message"] == "hello" and detail["valueDate"] == "2026-01-01"
    assert detail["identifiers"]["endToEndId"] == "e2e"
    assert detail["identifiers"]["norwegianKid"] == "123"
    assert detail["destination"]["name"] == "Shop ApS"
    assert detail["destination"]["account"]["iban"] == "DK5000400440116243"
    assert detail["source"]["name"] is None
    assert detail["currencyConversion"] == {
        "exchangeRate": 7.4525,
        "originalAmount": {"value": -100.0, "currency": "EUR"},
    }
    assert booked(user) == before - Decimal("745.25")


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"amount": "x"},
        {"amount": 1.5, "date": "2026-13-01"},
        {"amount": "1.234"},
        {"amount": "1", "state": "Nope"},
        {"amount": "1", "colour": "red"},
        {"amount": None},
    ],
)
def test_bad_row_is_refused_and_nothing_is_added(peer, user, account, bad):
    body = {"account": account["id"], "transactions": [{"amount": "1"}, bad]}
    answer = peer.control("transactions/add", body, status=400)
    assert answer["details"]["reason"]
    assert len(rows_of(peer, account)) == 12


def test_place_within_the_day(peer, user, account):
    add = {"account": account["id"], "date": -10}
    last = peer.control("transactions/add", add | {"amount": "1"})["transactions"][0]
    first = peer.control(
        "transactions/add", add | {"amount": "2", "first_of_day": True}
    )["transactions"][0]
    day = [r["line"] for r in rows_of(peer, account) if r["date"] == first["date"]]
    assert day[0] == first["line"] and day[-1] == last["line"] and len(day) == 3


def test_alter_text_amount_date_and_raw_members(peer, user, account):
    target = rows_of(peer, account)[2]
    change = {"account": account["id"], "line": target["line"]}
    peer.control(
        "transactions/alter",
        change | {"amount": "-5", "date": -1, "original_text": "other"},
    )
    row = next(r for r in user.rows(account) if r["id"] == target["id"])
    assert row["amount"] == -5.0 and row["originalText"] == "other"
    assert row["date"] > target["date"]
    raw = {"amount": "five", "detail": {"message": ["x"]}, "id": " ", "balance": None}
    peer.control("transactions/alter", change | {"patch": raw})
    row = next(r for r in user.rows(account) if r["id"] == " ")
    assert row["amount"] == "five" and row["detail"]["message"] == ["x"]
    assert row["detail"]["identifiers"]["terminal"]
    assert any(r["id"] == " " for r in rows_of(peer, account))
    url = f"/v1/accounts/{account['id']}/transactions/%20"
    assert user.get(url).json()["amount"] == "five"


@pytest.mark.parametrize(
    "bad",
    [{"amount": "x"}, {"state": "x"}, {"date": "x"}, {"patch": []}, {"colour": 1}],
)
def test_bad_alteration_changes_nothing(peer, user, account, bad):
    before = rows_of(peer, account)
    good = {"line": before[0]["line"], "amount": "1"}
    body = {"account": account["id"], "transactions": [good, good | bad]}
    answer = peer.control("transactions/alter", body, status=400)
    assert answer["details"]["reason"]
    body["transactions"] = [good, {"line": 999}]
    peer.control("transactions/alter", body, status=404)
    assert rows_of(peer, account) == before


def test_withdraw_is_a_soft_delete(peer, user, account):
    before = booked(user)
    target = rows_of(peer, account)[0]
    one = {"account": account["id"], "transaction": target["id"]}
    peer.control("transactions/withdraw", one)
    assert booked(user) == before - Decimal(target["amount"])
    assert target["id"] not in {row["id"] for row in user.rows(account)}
    every = {row["id"]: row for row in user.rows(account, includeDeleted="True")}
    assert every[target["id"]]["isDeleted"] is True
    assert every[target["id"]]["balance"] is None
    assert peer.control("transactions/count", account=account["id"]) == {
        "visible": 11,
        "with_deleted": 12,
    }
    peer.control("transactions/withdraw", one | {"hard": True})
    every = user.rows(account, includeDeleted="true")
    assert target["id"] not in {row["id"] for row in every}


@pytest.mark.parametrize("new_id", [False, True])
def test_pending_becomes_booked(peer, user, account, new_id):
    before = booked(user)
    target = next(r for r in rows_of(peer, account) if r["state"] == "Reserved")
    assert target["balance"] is None
    book = {"account": account["id"], "line": target["line"], "new_id": new_id}
    peer.control("transactions/book", book | {"amount": "-190.00"})
    rows = {row["id"]: row for row in user.rows(account)}
    assert (target["id"] in rows) != new_id
    assert len(rows) == 12 and all(r["state"] == "Booked" for r in rows.values())
    assert booked(user) == before - 190
    gone = [r for r in user.rows(account, includeDeleted="true") if r["isDeleted"]]
    assert [row["id"] for row in gone] == ([target["id"]] if new_id else [])


def test_all_ids_change(peer, user, account):
    old = {row["id"] for row in user.rows(account)}
    peer.control("transactions/new-ids", {"account": account["id"]})
    new = {row["id"] for row in user.rows(account)}
    assert len(new) == 12 and not old & new
    every = user.rows(account, includeDeleted="true", pageSize=5)
    assert {row["id"] for row in every if row["isDeleted"]} == old
    assert len(every) == 24
    peer.control("transactions/new-ids", {"account": account["id"], "keep_old": False})
    every = user.rows(account, includeDeleted="true")
    assert len(every) == 24 and not new & {row["id"] for row in every}


def test_ids_that_change_at_every_read(peer, user, account):
    body = {"account": account["id"], "every_read": True, "now": False}
    peer.control("transactions/new-ids", body)
    reads = [{r["id"] for r in user.rows(account, pageSize=5)} for _ in range(2)]
    assert len(reads[0]) == len(reads[1]) == 12
    assert not reads[0] & reads[1]
    assert len(user.rows(account, includeDeleted="true")) == 12


def test_orphaned_account(peer, user, account):
    peer.control("accounts/orphan", {"account": account["id"]})
    assert user.accounts()["Driftskonto"]["isOrphaned"] is True
    left = user.get("/v1/accounts", includeOrphaned="False").json()["accounts"]
    assert len(left) == 2
    assert set(peer.login().accounts()) == {"EUR-konto", "NOK-konto"}
    peer.control("accounts/unorphan", {"account": account["id"]})
    assert user.accounts()["Driftskonto"]["isOrphaned"] is False


def test_account_by_every_name(peer, user, account):
    number = account["number"]
    spaced = " ".join((number["iban"][:4], number["iban"][4:]))
    digits = number["bban"].replace("-", "")
    for name in (account["id"], number["iban"], spaced, number["bban"], "Driftskonto"):
        found = peer.control("transactions", account=name)["account"]
        assert found["bban"] == number["bban"]
    short = number["bbanParsed"]["accountNumber"]
    if len(short) == 10:
        found = peer.control("transactions", account=digits)["account"]
        assert found["bban"] == number["bban"]
    peer.control("transactions", account="nope", status=404)


def test_define_an_account(peer):
    made = peer.control(
        "accounts",
        {
            "bank": BANK,
            "user": "only",
            "name": "Ny",
            "currency": "SEK",
            "bban": "0099-123456",
            "transactions": 40,
            "pending": 2,
            "days": 90,
            "opening": "10.50",
            "card": {"maskedPan": "4571 XXXX XXXX 1234"},
        },
    )
    assert made["iban"] == "DK" + iban.calc_check_digits("DK0000990000123456") + (
        "00990000123456"
    )
    assert made["transactions"] == 42 and made["opening"] == "10.50"
    assert "Ny" not in peer.login().accounts()
    user = peer.login(Customer("x@example.com", "only"))
    account = user.accounts()["Ny"]
    assert account["number"]["bban"] is None
    assert account["number"]["card"]["maskedPan"] == "4571 XXXX XXXX 1234"
    rows = user.rows(account)
    today = date.fromisoformat(peer.control("state")["today"])
    assert min(r["date"] for r in rows) > (today - timedelta(days=91)).isoformat()
    assert [r["state"] for r in rows].count("Reserved") == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"bank": "nope"},
        {"bban": "12"},
        {"iban": "DK0000000000000000"},
        {"opening": "x"},
        {"transactions": "many"},
        {"colour": "red"},
    ],
)
def test_bad_account_is_refused(peer, bad):
    peer.control("accounts", {"name": "X"} | bad, status=400)
    assert len(peer.control("accounts")["accounts"]) == 3


def test_a_number_is_taken_once(peer):
    taken = peer.control("accounts")["accounts"][0]["bban"]
    peer.control("accounts", {"name": "X", "bban": taken}, status=400)


def test_a_hundred_thousand_rows_in_seconds(peer):
    peer.control("reset", {"seed": "empty"})
    made = peer.control("accounts", {"name": "Stor", "transactions": 100_000})
    assert made["transactions"] == 100_000
    user = peer.login()
    account = user.accounts()["Stor"]
    answer = user.get(f"/v1/accounts/{account['id']}/transactions", pageSize=500)
    assert answer.elapsed.total_seconds() < 2
    assert len(answer.json()["transactions"]) == 500


def test_first_data_comes_late(peer):
    peer.control("settings", {"sync": "delayed", "sync_delay_seconds": 300})
    user = peer.login()
    account = user.accounts()["Driftskonto"]
    assert account["lastSynchronized"] is None and account["booked"] is None
    assert user.rows(account) == []
    peer.control("clock", {"advance_seconds": 301})
    assert len(user.rows(account)) == 12
    assert user.accounts()["Driftskonto"]["lastSynchronized"]


def test_first_data_by_hand_and_waiting_rows(peer):
    peer.control("settings", {"sync": "manual"})
    user = peer.login()
    account = user.accounts()["Driftskonto"]
    assert user.rows(account) == []
    peer.control("sync", {})
    assert len(user.rows(account)) == 12
    late = {"account": account["id"], "amount": "1", "deliver": "next_sync"}
    peer.control("transactions/add", late)
    assert len(user.rows(account)) == 12
    peer.control("sync", {"consent": user.consent_id})
    assert len(user.rows(account)) == 13


def test_automatic_fetch_every_six_hours(peer):
    peer.control("settings", {"auto_sync_hours": 6, "access_token_seconds": 10**6})
    user = peer.login()
    account = user.accounts()["Driftskonto"]
    late = {"account": account["id"], "amount": "2", "deliver": "next_sync"}
    peer.control("transactions/add", late)
    peer.control("clock", {"advance_seconds": 5 * 3600})
    assert len(user.rows(account)) == 12
    peer.control("clock", {"advance_seconds": 3601})
    assert len(user.rows(account)) == 13


def test_details_come_a_day_late(peer, user, account):
    peer.control("settings", {"details": "late", "access_token_seconds": 10**6})
    user = peer.login()
    body = {"account": account["id"], "amount": "1", "message": "m"}
    made = peer.control("transactions/add", body)["transactions"][0]
    rows = {row["id"]: row for row in user.rows(account)}
    assert rows[made["id"]]["detail"] is None
    assert all(row["detail"] for key, row in rows.items() if key != made["id"])
    peer.control("clock", {"advance_seconds": 86_401})
    rows = {row["id"]: row for row in user.rows(account)}
    assert rows[made["id"]]["detail"]["message"] == "m"


def test_copies_are_true_twins(peer, user, account):
    body = {"account": account["id"], "amount": "-3", "text": "Club", "copies": 3}
    made = peer.control("transactions/add", body)["transactions"]
    assert len({row["id"] for row in made}) == 3
    wire = [row for row in user.rows(account) if row["text"] == "Club"]
    assert [row["amount"] for row in wire] == [-3.0] * 3


def test_generate_a_load(peer, user, account):
    peer.control("transactions/generate", {"account": account["id"], "count": 40})
    assert len(user.rows(account)) == 52


def test_reset_forgets_everything(peer, user):
    peer.control("settings", {"return_state": False})
    peer.control("clock", {"advance_seconds": 10**7})
    peer.control("faults", {"endpoint": "accounts", "status": 500, "times": 0})
    state = peer.control("reset", {"seed": "small", "keep_settings": True})
    assert state["consents"] == [] and state["faults"] == []
    assert state["settings"]["return_state"] is False
    assert state["today"] == date.today().isoformat() or state["today"] > "2000"
    assert user.get("/v1/accounts").status_code == 401
    assert peer.control("requests")["requests"][0]["endpoint"] == "accounts"
    state = peer.control("reset", {"seed": "empty", "now": "2027-02-03T04:05:06Z"})
    assert state["settings"]["return_state"] is True
    assert state["accounts"] == [] and state["today"] == "2027-02-03"
    again = peer.control("reset", {"seed": "empty"})
    assert again["today"] != "2027-02-03"
    peer.control("reset", {"seed": "nope"}, status=400)
    peer.control("reset", {"sed": "small"}, status=400)


def test_bad_control_calls_say_why(peer):
    peer.control("nothing", {}, status=404)
    for body in (
        {"return_state": "yes"},
        {"no_such": 1},
        {"signature_schemes": "x"},
        {"redirect_uris": "http://x"},
        {"max_page_size": "x"},
        {"retry_after": "soon"},
    ):
        answer = peer.control("settings", body, status=400)
        assert next(iter(body)) in answer["details"]["reason"]
    peer.control("clock", {"now": "x"}, status=400)
    peer.control("clock", {"advance_seconds": "x"}, status=400)
    raw = requests.post(f"{peer.base}/_control/clock", data="[1]")
    assert raw.status_code == 400


def test_a_second_load_repeats_nothing(peer, user, account):
    for first in (0, 5):
        body = {"account": account["id"], "count": 5, "first": first}
        peer.control("transactions/generate", body)
    amounts = [row["amount"] for row in rows_of(peer, account)[-10:]]
    assert len(set(amounts)) == 10
