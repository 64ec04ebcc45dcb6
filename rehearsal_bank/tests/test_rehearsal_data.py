"""Accounts and transactions on the wire: shapes and sums."""

import base64
import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import quote

import requests
from conftest import BANK, CLIENT, exact, today, truth
from rehearsal_bank.customer import Customer
from stdnum import iban, iso11649, luhn


def test_account_has_the_documented_members(user):
    account = user.accounts()["Driftskonto"]
    assert set(account) == {
        "id",
        "accountProvider",
        "name",
        "owner",
        "type",
        "currency",
        "number",
        "booked",
        "available",
        "bookedBalance",
        "availableBalance",
        "lastSynchronized",
        "isOrphaned",
        "destinationId",
    }
    assert account["accountProvider"] == {"id": BANK, "name": "Havnebanken Erhverv"}
    assert set(account["number"]) == {"bbanType", "bban", "bbanParsed", "iban", "card"}
    assert set(account["number"]["bbanParsed"]) == {"bankCode", "accountNumber"}
    assert account["booked"]["currency"] == "DKK"
    assert account["booked"]["value"] == account["bookedBalance"]
    seconds = account["lastSynchronized"].rpartition(".")[2]
    assert len(seconds) == 8 and seconds.endswith("Z")


def test_account_id_is_user_bank_and_hash(user):
    account = user.accounts()["Driftskonto"]
    parts = base64.urlsafe_b64decode(account["id"]).decode().split("|")
    assert len(parts) == 3 and parts[1] == BANK and len(parts[0]) == 36
    one = user.get(f"/v1/accounts/{quote(account['id'], safe='')}")
    assert one.json() == account
    shown = user.get(f"/v1/accounts/{account['id']}", showNagMigrationDetails="true")
    assert shown.json()["nagApiAccountId"]


def test_another_email_or_user_name_has_other_account_ids(peer, user):
    first = user.accounts()["Driftskonto"]
    again = peer.login().accounts()["Driftskonto"]
    email = peer.login(Customer("bo@example.com", "anna")).accounts()["Driftskonto"]
    login = peer.login(Customer("anna@example.com", "bo")).accounts()["Driftskonto"]
    assert again["id"] == first["id"]
    assert len({first["id"], email["id"], login["id"]}) == 3
    assert first["number"] == email["number"] == login["number"]


def test_transaction_ids_follow_the_account_id(peer, user):
    account = user.accounts()["EUR-konto"]
    ids = [row["id"] for row in user.rows(account)]
    other = peer.login(Customer("bo@example.com", "anna"))
    assert not set(ids) & {r["id"] for r in other.rows(other.accounts()["EUR-konto"])}
    peer.control("settings", {"transaction_ids": "per_bank_account"})
    same = [row["id"] for row in other.rows(other.accounts()["EUR-konto"])]
    assert same == [row["id"] for row in user.rows(account)] and len(set(same)) == 6


def test_numbers_are_valid_by_check_digit(peer):
    for account in peer.control("accounts")["accounts"]:
        assert iban.validate(account["iban"])
        bank_code, number = account["bban"].split("-")
        assert account["iban"][4:] == bank_code + number.zfill(10)
    for bank in ("TestDataBank6", "FI_TestBank", "SE_Skogsbro"):
        peer.login(bank=bank)
    for account in peer.control("accounts")["accounts"]:
        assert iban.validate(account["iban"])


def test_unselected_accounts_stay_hidden(peer):
    user = peer.login(accounts=["NOK-konto"])
    assert list(user.accounts()) == ["NOK-konto"]
    hidden = peer.login().accounts()["EUR-konto"]["id"]
    assert user.get(f"/v1/accounts/{hidden}").status_code == 404
    assert user.get(f"/v1/accounts/{hidden}/transactions").status_code == 404
    url = f"/v1/consent/{user.consent_id}/all-accounts-selected"
    assert user.get(url).json() == {"allAccountsSelected": False}
    every = peer.login()
    url = f"/v1/consent/{every.consent_id}/all-accounts-selected"
    assert every.get(url).json() == {"allAccountsSelected": True}
    assert user.get(url).status_code == 404


def test_all_accounts_selected_is_forbidden_for_one_time_users(peer):
    user = peer.login(scope="accounts")
    url = f"/v1/consent/{user.consent_id}/all-accounts-selected"
    assert user.get(url).status_code == 403


def test_accounts_group(peer):
    user = peer.login(accountsGroupId="g 1", accountsGroupName="Group")
    assert len(user.get("/v1/accounts", accountsGroupId="g 1").json()["accounts"]) == 3
    assert user.get("/v1/accounts", accountsGroupId="g2").json() == {"accounts": []}


def test_transaction_has_the_documented_members(peer, user):
    row = user.rows(user.accounts()["Driftskonto"])[1]
    members = """id accountId date creationDate text originalText transactionAmount
        amount currency balance estimatedBalance state type isDeleted
        nagApiTransactionId categories detail"""
    assert set(row) == set(members.split())
    assert row["creationDate"] == "0001-01-01T00:00:00"
    detail = """message executionDate valueDate currencyConversion identifiers source
        destination reward routing"""
    assert set(row["detail"]) == set(detail.split())
    identifiers = """reference document endToEndId creditorReference sequenceNumber
        terminal finnishReference finnishArchiveId norwegianKid"""
    assert set(row["detail"]["identifiers"]) == set(identifiers.split())
    party = "name address merchantCategoryCode merchantCategoryName account"
    assert set(row["detail"]["source"]) == set(party.split())
    assert set(row["categories"][0]) == {"id", "parentId", "setId", "score", "names"}
    one = user.get(f"/v1/accounts/{row['accountId']}/transactions/{row['id']}")
    assert one.json() == row
    none = user.get(f"/v1/accounts/{row['accountId']}/transactions/none")
    assert none.status_code == 404


def test_amounts_are_written_exactly(peer, user):
    account = user.accounts()["Driftskonto"]
    peer.control(
        "transactions/add",
        {
            "account": account["id"],
            "transactions": [{"amount": "0.1"}, {"amount": "-1234.50"}]
            + [{"amount": "7"}, {"amount": "90071992547409.93"}],
        },
    )
    text = user.get(f"/v1/accounts/{account['id']}/transactions").text
    for written in ("0.1", "-1234.5", "7.0", "90071992547409.93"):
        assert f'"amount": {written},' in text
        assert f'"value": {written},' in text


def test_balances_add_up_in_every_account(peer):
    peer.control("reset", {"seed": "demo"})
    user = peer.login()
    for account in user.accounts().values():
        known = next(
            a
            for a in peer.control("accounts")["accounts"]
            if account["id"] in a["external_ids"]
        )
        answers = user.get("/v1/accounts").text
        booked = {
            a["id"]: a["booked"]["value"]
            for a in json.loads(answers, parse_float=Decimal)["accounts"]
        }
        balance = Decimal(known["opening"])
        for row in truth(peer, account):
            if row["state"] == "Booked":
                balance += Decimal(row["amount"])
                assert row["balance"] == str(balance)
            else:
                assert row["balance"] is None
        assert booked[account["id"]] == balance == Decimal(known["booked_balance"])


def test_wire_and_truth_agree(peer, user):
    for account in user.accounts().values():
        known = truth(peer, account)
        wire = user.rows(account, pageSize=4)
        pairs = [(r["id"], Decimal(str(r["amount"])), r["date"]) for r in wire[::-1]]
        assert pairs == [(r["id"], Decimal(r["amount"]), r["date"]) for r in known]


def test_small_is_what_the_readme_says(peer, user):
    accounts = user.accounts()
    counts = {name: len(user.rows(a)) for name, a in accounts.items()}
    assert counts == {"Driftskonto": 12, "EUR-konto": 6, "NOK-konto": 5}
    rows = user.rows(accounts["Driftskonto"])
    states = Counter(row["state"] for row in rows)
    assert states == {"Booked": 11, "Reserved": 1}
    for name, ago in (("Driftskonto", 17), ("EUR-konto", 29)):
        day = (today(peer) - timedelta(days=ago)).isoformat()
        twins = [r for r in user.rows(accounts[name]) if r["date"] == day]
        assert len(twins) == 2
        assert twins[0]["id"] != twins[1]["id"]
        for member in ("amount", "text", "originalText", "detail"):
            assert twins[0][member] == twins[1][member]


def test_foreign_card_purchase_is_exact(user):
    found = 0
    for account in user.accounts().values():
        answer = user.get(f"/v1/accounts/{account['id']}/transactions")
        for row in exact(answer)["transactions"]:
            conversion = row["detail"]["currencyConversion"]
            if conversion and row["type"] == "Card":
                found += 1
                original = conversion["originalAmount"]
                assert original["currency"] != account["currency"]
                product = original["value"] * conversion["exchangeRate"]
                assert abs(product - row["amount"]) <= Decimal("0.005")
                assert row["detail"]["source"]["account"]["card"]["maskedPan"]
    assert found == 4


def test_references_have_right_check_digits(peer):
    peer.control("reset", {"seed": "demo"})
    user = peer.login()
    slips = creditors = parties = 0
    for row in user.rows(user.accounts()["Driftskonto"], pageSize=500):
        reference = row["detail"]["identifiers"]["creditorReference"] or ""
        if reference.startswith("+71<"):
            slips += 1
            assert luhn.validate(reference[4:19]) and reference in row["originalText"]
            assert reference[19] == "+" and reference[-1] == "<"
        elif reference:
            creditors += 1
            assert iso11649.validate(reference)
        side = "source" if row["amount"] > 0 else "destination"
        account = row["detail"][side]["account"]
        if account and account["iban"]:
            parties += 1
            assert iban.validate(account["iban"])
    assert slips > 50 and creditors > 50 and parties > 300


def test_demo_is_two_years_of_life_never_in_the_future(peer):
    peer.control("reset", {"seed": "demo", "now": "2026-03-29T22:30:00Z"})
    user = peer.login()
    accounts = user.accounts()
    rows = user.rows(accounts["Driftskonto"], pageSize=500)
    assert 1400 <= len(rows) <= 1600
    assert 280 <= len(user.rows(accounts["EUR-konto"], pageSize=500)) <= 320
    assert 110 <= len(user.rows(accounts["NOK-konto"], pageSize=500)) <= 130
    assert user.rows(accounts["Opsparing"]) == []
    # half past midnight of the 30th in Copenhagen, on the day after the change
    assert today(peer) == date(2026, 3, 30)
    booked = [row["date"] for row in rows if row["state"] == "Booked"]
    assert max(booked) <= "2026-03-30" and min(booked) < "2024-05-01"
    kinds = Counter(row["text"] for row in rows)
    assert kinds["Husleje"] >= 22 and kinds["Løn"] >= 40 and kinds["MobilePay"] > 50
    same = Counter((r["date"], r["amount"], r["originalText"]) for r in rows)
    assert max(same.values()) >= 2
    assert accounts["Driftskonto"]["booked"]["value"] > 0


def test_data_is_the_same_every_time(peer):
    seen = []
    for _ in range(2):
        peer.control("reset", {"seed": "demo", "now": "2026-05-01T12:00:00Z"})
        user = peer.login()
        account = user.accounts()["EUR-konto"]
        seen.append((account["id"], user.rows(account, pageSize=500)))
    assert seen[0] == seen[1]


def test_older_than_two_years_vanishes_without_deletion(peer):
    peer.control("reset", {"seed": "small", "now": "2026-06-15T10:00:00Z"})
    account = peer.login().accounts()["Driftskonto"]
    old = {"account": account["id"], "amount": "-1", "date": "2024-06-14"}
    peer.control("transactions/add", old)

    def shown(instant):
        peer.control("clock", {"now": instant})
        rows = peer.login().rows(account, includeDeleted="true")
        assert not any(row["isDeleted"] for row in rows)
        return len(rows), rows[-1]["date"]

    assert shown("2026-06-15T10:00:00Z") == (12, "2026-04-18")
    assert shown("2028-04-18T10:00:00Z") == (12, "2026-04-18")
    assert shown("2028-04-19T10:00:00Z") == (11, "2026-04-19")
    assert len(truth(peer, account)) == 13


def test_switches_of_balances_details_and_flags(peer, user):
    account = user.accounts()["Driftskonto"]
    row = user.rows(account)[-1]
    assert row["balance"] and row["detail"] and row["isDeleted"] is False
    settings = {"details": "off", "running_balances": False, "show_iban": False}
    settings |= {"account_balances": False, "deleted_flag": "string"}
    peer.control("settings", settings)
    row = user.rows(account)[-1]
    assert row["balance"] is None and row["detail"] is None
    assert row["isDeleted"] == "false"
    account = user.accounts()["Driftskonto"]
    assert account["booked"] is account["bookedBalance"] is None
    assert account["number"]["iban"] is None and account["number"]["bban"]


def test_test_banks_have_their_quirks(peer):
    currencies = {}
    for number in (1, 5, 6, 8, 9, 11, 12):
        user = peer.login(bank=f"TestDataBank{number}")
        accounts = user.accounts().values()
        currencies[number] = {account["currency"] for account in accounts}
        counts = [len(user.rows(account)) for account in accounts]
        assert (0 in counts) == (number in (9, 12)), number
    assert currencies == {
        1: {"DKK"},
        5: {"EUR"},
        6: {"NOK"},
        8: {"SEK"},
        9: {"EUR"},
        11: {"NOK"},
        12: {"SEK"},
    }


def test_each_user_name_has_its_own_accounts_at_a_test_bank(peer):
    one = peer.login(Customer("a@example.com", "one"), "DK_TestBank").accounts()
    two = peer.login(Customer("a@example.com", "two"), "DK_TestBank").accounts()
    assert one["Test account"]["number"] != two["Test account"]["number"]


def test_providers(peer):
    url = f"{peer.base}/v2/providers"
    assert requests.get(url).status_code == 401
    found = requests.get(url, auth=CLIENT).json()
    assert {"TestDataBank12", "DK_TestBank", "FI_TestBank", "DemoBank", BANK} <= {
        provider["id"] for provider in found
    }
    one = requests.get(f"{url}/{BANK}", auth=CLIENT).json()
    assert one in found and one["audiences"] == ["Business"]
    assert one["countryCode"] == "DK" and one["name"] == "Havnebanken Erhverv"
    assert requests.get(f"{url}/nope", auth=CLIENT).status_code == 404
    peer.control("settings", {"providers_shape": "object"})
    assert requests.get(url, auth=CLIENT).json() == {"providers": found}


def test_unknown_address_and_method(peer):
    assert requests.get(f"{peer.base}/v1/nothing").status_code == 404
    wrong = requests.get(f"{peer.base}/v1/oauth/token")
    assert wrong.status_code == 405 and set(wrong.json()) == {"error", "details"}
