"""The connect flow: parameters, pages, the way back."""

import re
from urllib.parse import urlsplit

import pytest
import requests
from conftest import BANK, CALLBACK, query_of
from lxml import html
from rehearsal_bank.customer import Customer, WalkError

ORDER = ["start", "bank", "login", "accounts", "accept", "email", "code", "finish"]


@pytest.mark.parametrize(
    "bad",
    [
        {"client_id": "other"},
        {"client_id": None},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"response_type": None},
        {"scope": "accounts everything"},
        {"scope": "offline_access"},
        {"providerId": "NoSuchBank"},
        {"providers": "DK,XX"},
        {"bank_account_numbers": "0099-123456"},
        {"bank_account_numbers": "what", "providerId": BANK},
        {"select_all_accounts": "yes"},
        {"email": "not an address"},
        {"consentId": "not-a-guid"},
    ],
)
def test_bad_parameter_is_refused_with_a_clear_400(peer, bad):
    answer = requests.get(peer.connect_url(**bad), allow_redirects=False)
    assert answer.status_code == 400
    error = answer.json()
    assert error["error"] == "InvalidInput"
    assert set(error["details"]["validationErrors"]) == {next(iter(bad))}


def test_connect_redirects_to_the_pages(peer):
    answer = requests.get(peer.connect_url(culture="da"), allow_redirects=False)
    assert answer.status_code == 302
    where = urlsplit(answer.headers["Location"])
    assert where.path == "/app/one-time"
    assert re.fullmatch(r"sessionId=[0-9a-f-]{36}&culture=da", where.query)


def test_walk_in_the_danish_order(peer):
    customer = Customer("anna@example.com", "anna")
    back = query_of(customer.walk(peer.connect_url(state="s t/+"), BANK))
    assert customer.seen == ORDER
    assert set(back) == {"code", "consentId", "state"}
    assert back["state"] == "s t/+"


def test_code_is_long_with_raw_signs_encoded_once(peer):
    address = Customer().walk(peer.connect_url(), BANK)
    raw = re.search(r"code=([^&]+)", address)[1]
    assert "%2F" in raw and "%2B" in raw and "%3D" in raw and "%25" not in raw
    code = query_of(address)["code"]
    assert 280 <= len(code) <= 320 and {"/", "+", "="} <= set(code)


def test_switches_of_the_way_back(peer):
    peer.control("settings", {"return_state": False})
    assert set(peer.walk(state="x")) == {"code", "consentId"}
    peer.control("settings", {"return_consent_id": False, "return_state": True})
    assert set(peer.walk(state="x")) == {"code", "state"}


@pytest.mark.parametrize("step", ORDER)
def test_cancel_at_every_page(peer, step):
    customer = Customer()
    address = customer.walk(peer.connect_url(state="mine"), BANK, cancel_at=step)
    assert customer.seen[-1] == step
    assert address == f"{CALLBACK}?state=mine"
    assert peer.control("consents")["consents"] == []


def test_cancel_returns_nothing_when_state_is_off(peer):
    peer.control("settings", {"return_state": False})
    url = peer.connect_url(state="mine")
    assert Customer().walk(url, BANK, cancel_at="login") == CALLBACK


def test_wrong_code_can_be_tried_again_and_fails_at_last(peer):
    customer = Customer()
    back = query_of(customer.walk(peer.connect_url(), BANK, wrong=("code",)))
    assert customer.seen.count("code") == 2 and "code" in back

    class Stubborn(Customer):
        @staticmethod
        def _read_code(session, page, url):
            return "000000x"

    stubborn = Stubborn()
    assert stubborn.walk(peer.connect_url(), BANK) == CALLBACK
    assert stubborn.seen[-4:] == ["code", "code", "code", "failed"]


def test_bank_refuses_a_login(peer):
    customer = Customer(user="refused")
    assert customer.walk(peer.connect_url(), BANK) == CALLBACK
    assert customer.seen == ["start", "bank", "login", "login", "login", "failed"]


def test_bank_without_accounts(peer):
    for bank in ("TestDataBank10", "DK_TomBank"):
        customer = Customer()
        assert customer.walk(peer.connect_url(), bank) == CALLBACK
        assert customer.seen[-1] == "no_accounts"


def first_page(peer, steps, **params):
    """The page after sending some steps by hand."""
    session = requests.Session()
    answer = session.get(peer.connect_url(**params))
    for data in steps:
        answer = session.post(answer.url, data=data)
    return html.fromstring(answer.content), session, answer


def test_test_bank_wants_a_password_of_digits(peer):
    steps = [
        {"step": "start", "action": "continue"},
        {"step": "login", "action": "continue", "user": "bo", "password": "12 a"},
    ]
    page, session, answer = first_page(peer, steps, providerId="TestDataBank1")
    assert page.xpath("string(//body/@data-step)") == "login"
    assert "digits" in page.xpath("string(//*[@id='error'])")
    answer = session.post(answer.url, data=steps[1] | {"password": "0"})
    page = html.fromstring(answer.content)
    assert page.xpath("//input[@name='account']/@data-name") == [
        "Test account",
        "Test savings",
    ]


def test_customer_does_not_try_for_ever(peer):
    with pytest.raises(WalkError, match="login"):
        Customer(password="x").walk(peer.connect_url(), "TestDataBank1")


def test_customer_knows_where_he_can_cancel(peer):
    with pytest.raises(ValueError, match="finish"):
        Customer().walk(peer.connect_url(), BANK, cancel_at="nowhere")


def test_one_bank_skips_the_picker(peer):
    customer = Customer()
    customer.walk(peer.connect_url(providerId=BANK))
    assert customer.seen == [step for step in ORDER if step != "bank"]


def test_picker_is_limited_and_searched(peer):
    go = {"step": "start", "action": "continue"}
    page, session, answer = first_page(peer, [go], providers=f"NO,{BANK}")
    found = set(page.xpath("//button[@name='bank']/@value"))
    assert found == {BANK, "TestDataBank6", "NO_Fjordheim"}
    page = html.fromstring(session.get(answer.url, params={"q": "FJORD"}).content)
    assert page.xpath("//button[@name='bank']/@value") == ["NO_Fjordheim"]
    outside = session.post(answer.url, data={"step": "bank", "bank": "DemoBank"})
    page = html.fromstring(outside.content)
    assert page.xpath("string(//body/@data-step)") == "bank"
    assert page.xpath("//*[@id='error']")


def test_wanted_accounts_are_ticked(peer):
    euro = peer.control("accounts")["accounts"][1]
    steps = [
        {"step": "start", "action": "continue"},
        {"step": "login", "action": "continue", "user": "anna"},
    ]
    number = {"bank_account_numbers": euro["bban"], "providerId": BANK}
    page, _session, _answer = first_page(peer, steps, **number)
    assert page.xpath("//input[@checked]/@data-name") == ["EUR-konto"]
    every = {"select_all_accounts": "true", "providerId": BANK}
    page, session, answer = first_page(peer, steps, **every)
    assert len(page.xpath("//input[@checked]")) == 3
    none = session.post(answer.url, data={"step": "accounts", "action": "continue"})
    assert html.fromstring(none.content).xpath("//*[@id='error']")


def test_email_is_prefilled_from_parameter_or_consent(peer):
    steps = [
        {"step": "start", "action": "continue"},
        {"step": "login", "action": "continue", "user": "anna"},
    ]
    number = peer.control("accounts")["accounts"][0]
    tick = {"step": "accounts", "account": f"{number['iban']}-DKK", "action": "go"}
    steps += [tick, {"step": "accept", "action": "continue"}]
    params = {"email": "bo@example.com", "providerId": BANK}
    page, _session, _answer = first_page(peer, steps, **params)
    assert page.xpath("string(//input[@id='email']/@value)") == "bo@example.com"
    consent = peer.walk(Customer("karl@example.com"))["consentId"]
    params = {"consentId": consent, "providerId": BANK}
    page, _session, _answer = first_page(peer, steps, **params)
    assert page.xpath("string(//input[@id='email']/@value)") == "karl@example.com"


def test_one_time_scope_has_no_email_step(peer):
    customer = Customer()
    back = query_of(customer.walk(peer.connect_url(scope="accounts"), BANK))
    assert customer.seen == [s for s in ORDER if s not in ("email", "code")]
    assert "code" in back


@pytest.mark.parametrize(
    ("culture", "language"), [("da", "da"), ("en", "en"), ("sv", "en"), ("da-DK", "da")]
)
def test_language_of_the_pages(peer, culture, language):
    page, _session, answer = first_page(peer, [], culture=culture)
    assert page.get("lang") == language
    banner = page.xpath("string(//*[@id='banner'])")
    wanted = {"da": "Øvelse: ingen rigtig bank", "en": "Rehearsal: no real bank"}
    assert banner == wanted[language]
    assert page.xpath("//button[@id='cancel']")
    assert not page.xpath("//script")


def test_finish_pressed_twice_gives_the_same_way_back(peer):
    page, session, answer = first_page(peer, [], providerId=BANK, scope="accounts")
    account = peer.control("accounts")["accounts"][0]
    data = {"user": "anna", "account": f"{account['iban']}-DKK", "action": "continue"}
    for step in ("start", "login", "accounts", "accept"):
        session.post(answer.url, data=data | {"step": step})
    presses = [
        session.post(
            answer.url,
            data={"step": "finish", "action": "continue"},
            allow_redirects=False,
        )
        for _ in range(2)
    ]
    addresses = {press.headers["Location"] for press in presses}
    assert len(addresses) == 1 and "code=" in addresses.pop()
    assert session.get(answer.url).status_code == 404


def test_old_tab_leads_back_to_where_the_customer_is(peer):
    go = {"step": "start", "action": "continue"}
    page, session, answer = first_page(peer, [go])
    again = session.post(answer.url, data={"step": "finish", "action": "continue"})
    page = html.fromstring(again.content)
    assert page.xpath("string(//body/@data-step)") == "bank"
    assert not page.xpath("//*[@id='error']")


def test_unknown_session_has_a_page(peer):
    for path in ("/app/one-time?sessionId=x", "/app/flow/x"):
        answer = requests.get(peer.base + path)
        assert answer.status_code == 404 and 'data-step="gone"' in answer.text


def test_mailbox_holds_the_code(peer):
    peer.walk(Customer("Mail@Example.com"))
    letters = peer.control("mailbox", email="mail@example.com")["mail"]
    page = requests.get(f"{peer.base}/mailbox?email=mail@example.com")
    codes = html.fromstring(page.content).xpath("//*[@class='code']/text()")
    assert codes == [letters[0]["code"]]
    assert re.fullmatch(r"\d{6}", codes[0])


def test_a_consent_is_given_without_the_pages(peer):
    wanted = {
        "user": "bo",
        "email": "bo@example.com",
        "redirect_uri": CALLBACK,
        "accounts": ["EUR-konto"],
    }
    given = peer.control("consents/give", wanted)
    answer = peer.token(grant_type="authorization_code", code=given["code"])
    assert answer.status_code == 200, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    shown = peer.http.get(f"{peer.base}/v1/accounts", headers=bearer).json()
    assert [account["name"] for account in shown["accounts"]] == ["EUR-konto"]
    assert given["back"].startswith(CALLBACK) and given["consent"] in given["back"]
    peer.control("consents/give", wanted | {"accounts": ["None such"]}, status=400)
