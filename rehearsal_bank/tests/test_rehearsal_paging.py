"""Reading transactions on the wire: pages and filters."""

import pytest


def test_default_page_is_fifty_newest_first(peer):
    peer.control("reset", {"seed": "big"})
    user = peer.login()
    account = user.accounts()["Driftskonto"]
    url = f"/v1/accounts/{account['id']}/transactions"
    newest = user.get(url).json()["transactions"]
    assert len(newest) == 50
    assert [r["date"] for r in newest] == sorted(r["date"] for r in newest)[::-1]
    peer.control("settings", {"page_order": "oldest_first"})
    oldest = user.get(url).json()["transactions"]
    assert oldest[0]["date"] < newest[-1]["date"]
    peer.control("settings", {"max_page_size": 70})
    assert len(user.get(url, pageSize=1000).json()["transactions"]) == 70
    peer.control("settings", {"too_large_page": "reject"})
    assert user.get(url, pageSize=1000).status_code == 400


def test_big_account_is_paged_without_loss(peer):
    peer.control("reset", {"seed": "big"})
    user = peer.login()
    rows = user.rows(user.accounts()["Driftskonto"], pageSize=500)
    assert len(rows) == len({row["id"] for row in rows}) == 9500


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5"])
def test_bad_page_size_is_400(user, size):
    account = user.accounts()["Driftskonto"]
    answer = user.get(f"/v1/accounts/{account['id']}/transactions", pageSize=size)
    assert answer.status_code == 400


def test_bad_paging_token_is_400(peer, user):
    accounts = user.accounts()
    url = f"/v1/accounts/{accounts['Driftskonto']['id']}/transactions"
    token = user.get(url, pageSize=5).json()["pagingToken"]
    other = f"/v1/accounts/{accounts['EUR-konto']['id']}/transactions"
    for answer in (
        user.get(url, pagingToken="x"),
        user.get(url, pagingToken="W10="),
        user.get(other, pagingToken=token),
        user.get(url, pagingToken=token, includeDeleted="true"),
        user.query(accounts["Driftskonto"], pagingToken=7),
    ):
        assert answer.status_code == 400
    last = user.get(url, pageSize=5).json()["transactions"][-1]
    gone = {"account": last["accountId"], "transaction": last["id"], "hard": True}
    peer.control("transactions/withdraw", gone)
    assert user.get(url, pageSize=5, pagingToken=token).status_code == 400


def test_a_new_row_while_paging_moves_nothing(peer, user):
    account = user.accounts()["Driftskonto"]
    url = f"/v1/accounts/{account['id']}/transactions"
    first = user.get(url, pageSize=5).json()
    peer.control("transactions/add", {"account": account["id"], "amount": "1"})
    second = user.get(url, pageSize=5, pagingToken=first["pagingToken"]).json()
    assert not {r["id"] for r in first["transactions"]} & {
        r["id"] for r in second["transactions"]
    }


def dates(answer):
    """The dates of an answer, oldest first."""
    assert answer.status_code == 200, answer.text
    return [row["date"] for row in answer.json()["transactions"]][::-1]


def test_query_interval(peer, user):
    account = user.accounts()["Driftskonto"]
    every = dates(user.query(account, pageSize=100))
    assert len(every) == 12
    start, end = every[2], every[6]

    def asked(begin, finish):
        return dates(user.query(account, interval=f"{begin}/{finish}"))

    midnight = f"{start}T00:00:00.000000000Z", f"{end}T00:00:00Z"
    assert asked(*midnight) == [d for d in every if start <= d <= end]
    later = f"{start}T00:00:00.5Z", f"{end}T23:59:59+00:00"
    assert asked(*later) == [d for d in every if start < d <= end]
    # Copenhagen's midnight is before UTC's: the last day is not reached
    local = f"{start}T00:00:00+02:00", f"{end}T00:00:00+02:00"
    assert asked(*local) == [d for d in every if start <= d < end]
    peer.control("settings", {"interval_end_inclusive": False})
    assert asked(*midnight) == [d for d in every if start <= d < end]


def test_query_member_names_ignore_case_and_pages_go_on(user):
    account = user.accounts()["Driftskonto"]
    between = {"Min": -100000, "max": -1}
    first = user.query(account, "True", PageSize=2, AmountValueBetween=between).json()
    rest = user.query(
        account,
        "True",
        pageSize=50,
        pagingtoken=first["pagingToken"],
        amountvaluebetween=between,
    ).json()
    assert len(first["transactions"]) == 2 and rest["pagingToken"] is None
    amounts = [r["amount"] for r in first["transactions"] + rest["transactions"]]
    assert all(-100000 <= amount <= -1 for amount in amounts)
    every = user.query(account, pageSize=50).json()["transactions"]
    assert len(amounts) == sum(1 for row in every if row["amount"] < 0)


def test_query_balance(user):
    account = user.accounts()["Driftskonto"]
    every = user.query(account, pageSize=50).json()["transactions"]
    edge = every[5]["balance"]["value"]
    found = user.query(account, balanceValueBetween={"min": edge}).json()
    wanted = [r for r in every if r["balance"] and r["balance"]["value"] >= edge]
    assert found["transactions"] == wanted and 0 < len(wanted) < 11


def test_query_patterns(user):
    account = user.accounts()["Driftskonto"]

    def texts(*patterns):
        found = user.query(account, patterns=list(patterns)).json()["transactions"]
        return sorted(row["text"] for row in found)

    def one(pattern, operator="AND", **more):
        return {"pattern": pattern, "operator": operator, **more}

    assert texts(one("husleje")) == ["Husleje"]
    assert texts(one("HUSLEJE"), one("MobilePay", "OR")) == [
        "Husleje",
        "MobilePay",
        "MobilePay",
    ]
    assert texts(one("husleje"), one("mobilepay")) == []
    assert texts(one("kajen", includedQueryProperties=["text"])) == []
    assert texts(one("kajen", excludedQueryProperties=["originalText"])) == []
    assert texts(one("kajen", includedQueryProperties=["originalText"])) == ["Husleje"]


@pytest.mark.parametrize(
    "body",
    [
        {"interval": "2026-01-01"},
        {"interval": "a/b"},
        {"interval": 5},
        {"interval": "2026-02-01T00:00:00Z/2026-01-01T00:00:00Z"},
        {"amountValueBetween": 5},
        {"amountValueBetween": {"min": "5"}},
        {"balanceValueBetween": {"max": True}},
        {"patterns": "x"},
        {"patterns": [{"pattern": 1}]},
        {"patterns": [{"pattern": "x", "operator": "XOR"}]},
        {"patterns": [{"pattern": "x", "includedQueryProperties": ["nope"]}]},
        {"pageSize": 0},
        {"fromDate": "2026-01-01"},
    ],
)
def test_bad_query_is_400(user, body):
    answer = user.query(user.accounts()["Driftskonto"], **body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "InvalidInput"
