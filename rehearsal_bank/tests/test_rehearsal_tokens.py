"""Codes, tokens, client authentication."""

import base64
import json

import pytest
import requests
from conftest import CALLBACK, CLIENT


def claims(token):
    """The claims of a JWT, unchecked."""
    head, body, mac = token.split(".")
    assert mac
    return [
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        for part in (head, body)
    ]


def refresh(peer, token, **more):
    """A refresh call."""
    return peer.token(grant_type="refresh_token", refresh_token=token, **more)


def works(peer, token):
    """Whether an access token opens the accounts."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{peer.base}/v1/accounts", headers=headers)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def test_exchange_answers_as_documented(peer):
    back = peer.walk()
    answer = peer.token(
        grant_type="authorization_code",
        code=back["code"],
        redirect_uri=CALLBACK,
        scope="read",
    )
    pair = answer.json()
    assert answer.status_code == 200
    assert set(pair) == {
        "access_token",
        "expires_in",
        "redirect_uri",
        "refresh_token",
        "token_type",
    }
    assert pair["expires_in"] == 3600 and pair["token_type"] == "bearer"
    assert pair["redirect_uri"] == CALLBACK
    head, access = claims(pair["access_token"])
    assert head["alg"] == "HS256"
    assert access["role"] == "ClientUser" and access["clientId"] == CLIENT[0]
    assert {"userId", "sessionId", "nbf", "exp", "iat"} <= set(access)
    _head, refreshing = claims(pair["refresh_token"])
    assert refreshing["role"] == "RefreshToken"
    assert refreshing["consentId"] == back["consentId"]
    assert refreshing["exp"] - refreshing["nbf"] == 1_209_600


def test_code_works_once(peer):
    code = peer.walk()["code"]
    ask = {"grant_type": "authorization_code", "code": code}
    assert peer.token(**ask).status_code == 200
    again = peer.token(**ask)
    assert again.status_code == 400
    assert again.json() == {
        "error": "InvalidInput",
        "details": {"reason": "Unknown code"},
    }


def test_code_lives_one_minute(peer):
    fresh, late = peer.walk()["code"], peer.walk()["code"]
    peer.control("clock", {"advance_seconds": 50})
    assert peer.token(grant_type="authorization_code", code=fresh).status_code == 200
    peer.control("clock", {"advance_seconds": 15})
    assert peer.token(grant_type="authorization_code", code=late).status_code == 400


def test_code_belongs_to_its_redirect_address(peer):
    code = peer.walk()["code"]
    answer = peer.token(
        grant_type="authorization_code", code=code, redirect_uri="http://127.0.0.1/"
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"grant_type": "password"},
        {},
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": ["x"]},
        {"grant_type": "authorization_code", "code": {"a": 1}},
    ],
)
def test_bad_token_request_is_400(peer, body):
    answer = peer.token(**body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "details"}


def test_token_endpoint_takes_json_only(peer):
    url = f"{peer.base}/v1/oauth/token"
    form = requests.post(url, data={"grant_type": "refresh_token"}, auth=CLIENT)
    assert form.status_code == 400
    assert "application/json" in form.json()["details"]["reason"]
    for raw in ("{", "[1]", '"x"', "NaN", "[" * 100_000):
        headers = {"Content-Type": "application/json"}
        answer = requests.post(url, data=raw, auth=CLIENT, headers=headers)
        assert answer.status_code == 400


def test_client_is_checked_as_latin_1(peer):
    back = peer.walk()
    ask = {"grant_type": "authorization_code", "code": back["code"]}
    assert peer.token(auth=("rehearsal-client", "no"), **ask).status_code == 401
    peer.control("settings", {"client_secret": "blåbær"})
    latin = (
        "Basic "
        + base64.b64encode("rehearsal-client:blåbær".encode("latin-1")).decode()
    )
    url = f"{peer.base}/v1/oauth/token"
    missing = requests.post(url, json=ask)
    assert missing.status_code == 401 and "Basic" in missing.headers["WWW-Authenticate"]
    answer = requests.post(url, json=ask, headers={"Authorization": latin})
    assert answer.status_code == 200


def test_refresh_rotates_and_the_old_token_dies(peer, user):
    old = user.pair["refresh_token"]
    answer = refresh(peer, old)
    pair = answer.json()
    assert answer.status_code == 200 and pair["redirect_uri"] is None
    assert pair["refresh_token"] != old
    assert works(peer, pair["access_token"])
    assert works(peer, user.pair["access_token"])
    assert refresh(peer, old).status_code == 400
    assert refresh(peer, pair["refresh_token"]).status_code == 200


def test_old_refresh_token_with_grace(peer, user):
    peer.control("settings", {"old_refresh_token_grace": 30})
    old = user.pair["refresh_token"]
    refresh(peer, old)
    assert refresh(peer, old).status_code == 200
    peer.control("clock", {"advance_seconds": 31})
    assert refresh(peer, old).status_code == 400


def test_old_refresh_token_that_never_dies(peer, user):
    peer.control("settings", {"old_refresh_token_grace": -1})
    old = user.pair["refresh_token"]
    refresh(peer, old)
    peer.control("clock", {"advance_seconds": 86_400})
    assert refresh(peer, old).status_code == 200


def test_refresh_without_rotation(peer, user):
    peer.control("settings", {"rotate_refresh_token": False})
    old = user.pair["refresh_token"]
    assert refresh(peer, old).json()["refresh_token"] == old
    assert refresh(peer, old).status_code == 200


def test_lives_of_the_tokens(peer, user):
    peer.control("clock", {"advance_seconds": 3595})
    assert works(peer, user.pair["access_token"])
    peer.control("clock", {"advance_seconds": 10})
    assert not works(peer, user.pair["access_token"])
    peer.control("clock", {"advance_seconds": 14 * 86_400 - 3700})
    pair = refresh(peer, user.pair["refresh_token"]).json()
    peer.control("clock", {"advance_seconds": 14 * 86_400 + 5})
    assert refresh(peer, pair["refresh_token"]).status_code == 400


def test_lives_are_switches(peer):
    peer.control("settings", {"access_token_seconds": 5, "refresh_token_seconds": 20})
    user = peer.login()
    assert user.pair["expires_in"] == 5
    peer.control("clock", {"advance_seconds": 6})
    assert not works(peer, user.pair["access_token"])
    peer.control("clock", {"advance_seconds": 15})
    assert refresh(peer, user.pair["refresh_token"]).status_code == 400


def test_bearer_errors(peer):
    url = f"{peer.base}/v1/accounts"
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eA=="}):
        answer = requests.get(url, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"] == "Unauthorized"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_one_time_data_is_gone_after_a_day(peer):
    user = peer.login(scope="accounts")
    peer.control("clock", {"advance_seconds": 23 * 3600})
    pair = refresh(peer, user.pair["refresh_token"]).json()
    assert works(peer, pair["access_token"])
    peer.control("clock", {"advance_seconds": 3601})
    assert not works(peer, pair["access_token"])
    assert refresh(peer, pair["refresh_token"]).status_code == 400


def test_revoked_consent_kills_all_tokens(peer, user):
    peer.control("consents/revoke", {"consent": user.consent_id})
    assert not works(peer, user.pair["access_token"])
    assert refresh(peer, user.pair["refresh_token"]).status_code == 400


def test_expired_tokens_by_control(peer, user):
    peer.control("consents/expire", {"mode": "access_token"})
    assert not works(peer, user.pair["access_token"])
    pair = refresh(peer, user.pair["refresh_token"]).json()
    peer.control("consents/expire", {"mode": "tokens"})
    assert refresh(peer, pair["refresh_token"]).status_code == 400


def test_request_id_repeats_the_answer(peer, user):
    old = user.pair["refresh_token"]
    headers = {"X-Request-Id": "one"}
    first = refresh(peer, old, headers=headers)
    again = refresh(peer, old, headers=headers)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert refresh(peer, old, headers={"X-Request-Id": "two"}).status_code == 400


def test_the_desk_tells_all_that_was_given_out(peer):
    """Also what is dead by now: it must be found nowhere either."""
    back = peer.walk()
    first = peer.token(
        grant_type="authorization_code", code=back["code"], redirect_uri=CALLBACK
    ).json()
    second = refresh(peer, first["refresh_token"]).json()
    issued = peer.control("issued")["issued"]
    for kind in ("access_token", "refresh_token"):
        assert issued[kind] == [first[kind], second[kind]]
    assert issued["code"] == [back["code"]]
    assert issued["client_secret"] == [CLIENT[1]]
    assert issued["webhook_secret"] == []
