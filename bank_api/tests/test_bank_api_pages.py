"""A page that is cut before it is read says what a page says that is read whole."""

import json
from dataclasses import replace

import pytest
from bank_api import AccountNumber, Malformed, pages, payloads, raw_json, wire
from hypothesis import example, given
from hypothesis import strategies as st
from wire_shapes import ACCOUNT, ROW

OWN = payloads.account({**ACCOUNT, "id": "own"})
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "\0", "-0", "\ud83d\ude00", "\\u0000"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
rows = (
    st.builds(
        lambda extra: {**ROW, **extra},
        st.dictionaries(
            st.sampled_from(["id", "Id", "text", "amount", "balance", "more"]), values
        ),
    )
    | values
)
names = st.sampled_from(["transactions", "Transactions", "pagingToken", "x"])
bodies = st.lists(st.tuples(names, st.lists(rows, max_size=4) | values), max_size=4)


def as_text(members, indent=None, ascii_only=True):
    """JSON text of an object whose names may come twice."""
    parts = (
        f"{json.dumps(name)}: {json.dumps(v, indent=indent, ensure_ascii=ascii_only)}"
        for name, v in members
    )
    return "{" + ", ".join(parts) + "}"


def outcome(read):
    """What a reading gave, in terms that can be compared."""
    try:
        page = read()
        rows = page.transactions
    except Malformed as error:
        return error.code
    return rows, page.paging_token, page.malformed_rows, [raw_json(r.raw) for r in rows]


def whole(body, own=None):
    """The page as every other answer is read."""
    return outcome(lambda: pages.transaction_page(wire.parse_json(body), own))


def cut(body, own=None):
    """The page as the client reads it."""
    return outcome(lambda: pages.read_page(body, own))


@given(bodies, st.sampled_from([None, 2]), st.booleans())
@example([("transactions", [ROW])], None, True)
def test_cut_or_whole_is_the_same(members, indent, ascii_only):
    body = as_text(members, indent, ascii_only).encode(errors="surrogatepass")
    assert cut(body, OWN) == whole(body, OWN)


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 40))
def test_a_damaged_body_is_the_same_damage(noise, at, gone):
    body = json.dumps({"transactions": [ROW, ROW], "pagingToken": "x"}).encode()
    damaged = body[:at] + noise + body[at + gone :]
    assert cut(damaged) == whole(damaged)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"{",
        b"[]",
        b'{"transactions": [}',
        b'{"transactions": [{},]}',
        b'{"transactions": [{}] ,}',
        b'{"transactions": [{}]} x',
        b'{"transactions": [{}], "transactions": []}',
        b'{"transactions": null}',
        b'{"transactions": [{"a": NaN}]}',
        b'{"transactions": [{"a": 1e400}], "pagingToken": 7}',
        b'{"transactions": [], "pagingToken": 1.50}',
        b'{"transactions": [], "pagingToken": true}',
        b'{"x": ' + b"[" * 60 + b"]" * 60 + b', "transactions": []}',
        b'{"transactions": [' + b"[" * 60 + b"]" * 60 + b"]}",
        b'{"transactions": [{"a": ' + b"9" * 5000 + b"}]}",
        b"\xef\xbb\xbf" + b'{"transactions": []}',
        '{"transactions": []}'.encode("utf-16"),
        b'{"transactions": [{"text": "a\x01b\x00c"}]}',
        b'{"transactions": [' + b"[" * 100_000,
    ],
)
def test_odd_bodies(body):
    assert cut(body) == whole(body)


def entries(*found, own=OWN, **options):
    """The entries of a page with these rows."""
    body = json.dumps({"transactions": found}, **options).encode()
    return pages.read_page(body, own).entries


def test_the_digest_stands_for_the_text():
    one, same, other = entries(ROW, ROW, {**ROW, "text": "Another"})
    assert one.digest and one.digest == same.digest != other.digest
    assert (one.id, one.parse().digest) == (ROW["id"], one.digest)


def test_the_digest_stands_for_whose_account_it_is():
    numbers = {"iban": "DK1", "bban": "2", "bank_code": "3", "account_number": "4"}
    owners = [
        OWN,
        None,
        replace(OWN, holder="Somebody else"),
        *(
            replace(OWN, number=replace(OWN.number, **{name: value}))
            for name, value in {**numbers, "masked_pan": "5"}.items()
        ),
        replace(OWN, number=AccountNumber()),
    ]
    digests = {entries(ROW, own=own)[0].digest for own in owners}
    assert len(digests) == len(owners)


def test_the_digest_stands_for_the_way_of_reading(monkeypatch):
    before = entries(ROW)[0].digest
    monkeypatch.setattr(pages, "READING", pages.READING + 1)
    assert entries(ROW)[0].digest != before


def test_a_text_that_has_to_be_cleaned_has_no_digest():
    texts = ("a\0b", "\U0001f600")
    unsafe, safe = entries(
        *({**ROW, "text": text} for text in texts), ensure_ascii=False
    )
    assert not unsafe.digest and not unsafe.parse().wire
    assert unsafe.parse().text == "ab"
    assert safe.digest and safe.parse().text == "\U0001f600"


def test_the_wire_text_is_kept_as_it_came():
    found = entries(ROW, indent=3)[0].parse()
    assert json.loads(found.wire) == ROW and "\n" in found.wire
