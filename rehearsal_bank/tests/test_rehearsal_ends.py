"""Bank logins that end by themselves, and banks that say so ahead."""

import pytest
from conftest import BANK
from rehearsal_bank.customer import Customer
from test_rehearsal_tokens import refresh, works

QUIET = "DK_Klitkassen"
DAY = 24 * 3600


def lives(peer, **more):
    """Let two banks have lives of their own; only one of them announces the end."""
    peer.control(
        "settings",
        {
            "consent_days_by_bank": {BANK: 90, QUIET: 60},
            "announce_days_by_bank": {BANK: 30},
            "refresh_token_seconds": 400 * DAY,
            "access_token_seconds": 400 * DAY,
            **more,
        },
    )


def told(peer):
    """The consents whose end was announced, with the date announced."""
    log = peer.control("webhooks")["webhooks"]
    return [
        each["consent"] for each in log if each["event"] == "ConnectionUpdateRequired"
    ]


def advance(peer, days):
    peer.control("clock", {"advance_seconds": days * DAY})


def test_each_bank_has_its_own_life(peer):
    lives(peer)
    first, second = peer.login(), peer.login(Customer("b@example.com", "b"), QUIET)
    ends = {
        each["id"]: each["connections"][0]["expires_at"]
        for each in peer.control("consents")["consents"]
    }
    assert ends[first.consent_id][:10] > ends[second.consent_id][:10]


def test_the_end_is_announced_once_where_a_bank_does(peer):
    lives(peer)
    first = peer.login()
    peer.login(Customer("b@example.com", "b"), QUIET)
    advance(peer, 59)
    assert told(peer) == []
    advance(peer, 2)
    assert told(peer) == [first.consent_id]
    advance(peer, 20)
    assert told(peer) == [first.consent_id]


@pytest.mark.parametrize("die", [True, False])
def test_tokens_die_at_the_end_if_they_shall(peer, die):
    lives(peer, tokens_die_at_end=die)
    user = peer.login(Customer("b@example.com", "b"), QUIET)
    advance(peer, 59)
    assert works(peer, user.pair["access_token"])
    advance(peer, 1.01)
    assert works(peer, user.pair["access_token"]) is not die
    answer = refresh(peer, user.pair["refresh_token"])
    assert answer.status_code == (400 if die else 200)


def test_days_that_are_none(peer):
    for wrong in ({"no-such-bank": 3}, {BANK: "3"}, {BANK: -1}, {BANK: True}, [BANK]):
        peer.control("settings", {"consent_days_by_bank": wrong}, status=400)
