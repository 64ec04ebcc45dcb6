"""Structured references: only those whose check digits hold."""

import pytest
from feed import references_in
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

FIK = "+71<004040400000669+12345678<"  # the example of a Danish bookkeeping program
RF = "RF18539007547034"  # the example of ISO 11649


@pytest.mark.parametrize(
    "written",
    [
        FIK,
        f"FIK-betaling {FIK} Eksempel ApS",
        "+71< 004040400000669 +12345678<",
        "+71 004040400000669 12345678",
        "+71004040400000669+12345678",
        "+71<0040 4040 0000 669+1234 5678< 250,00",
        "+71>004040400000669+12345678>",
        "faktura 12 +71<004040400000669+12345678<",
    ],
)
def test_a_slip_is_found_in_any_spelling(written):
    assert references_in(written, {}) == {"fik": FIK}


@pytest.mark.parametrize("kind", ["75", "04", "15"])
def test_slips_of_sixteen_digits(kind):
    payment = "004040400000669"
    payment += luhn.calc_check_digit(payment)
    slip = f"+{kind}<{payment}+81234567<"
    assert references_in(f"Betaling {slip}", {}) == {"fik": slip}
    assert references_in(slip.replace("+81234567", "+8123456"), {}) == {}


@pytest.mark.parametrize(
    "written",
    [
        "+71<004040400000668+12345678<",
        "+71<000000000000000+12345678<",
        "+71<04040400000669+12345678<",
        "+71<004040400000669+123456789",
        "+72<004040400000669+12345678<",
        "71 004040400000669 12345678",
        "5+71<004040400000669+12345678<",
        "+45 71 00 40 40",
        "",
    ],
)
def test_what_is_no_slip(written):
    assert references_in(written, {}) == {}


@given(st.integers(1, 10**14 - 1), st.integers(1, 9))
def test_one_wrong_digit_is_no_reference(number, more):
    start = f"{number:014}"
    digit = luhn.calc_check_digit(start)
    wrong = str((int(digit) + more) % 10)
    assert references_in(f"+71<{start}{digit}+12345678<", {})
    assert not references_in(f"+71<{start}{wrong}+12345678<", {})


def test_a_wrong_slip_does_not_hide_a_right_one():
    text = f"+71<004040400000668+12345678< {FIK}"
    assert references_in(text, {}) == {"fik": FIK}


@pytest.mark.parametrize("written", ["+73<+81234567<", "+73 81234567", "+73<81234567<"])
def test_a_slip_without_payment_id_names_its_creditor(written):
    assert references_in(written, {}) == {"fik_creditor": "81234567"}


@pytest.mark.parametrize(
    "written",
    [
        RF,
        f"Invoice {RF}, thanks",
        "RF18 5390 0754 7034",
        "rf18 5390 0754 7034 Hans",
        "ref RF18 5390 0754 7034. Rent",
    ],
)
def test_a_creditor_reference(written):
    assert references_in(written, {}) == {"rf": RF}


@pytest.mark.parametrize(
    "written",
    ["RF17539007547034", "RF18", "RF18 5390 0754 7035", f"X{RF}", f"{RF}{'0' * 10}"],
)
def test_what_is_no_creditor_reference(written):
    assert references_in(written, {}) == {}


def test_letters_in_a_creditor_reference():
    assert references_in("RF18 5390 0754 70Y", {}) == {"rf": "RF185390075470Y"}


def test_what_the_bank_names_goes_before_the_text():
    named = {"creditorReference": "RF185390075470Y", "reference": FIK}
    found = references_in(f"paid {RF}", named)
    assert found == {"rf": "RF185390075470Y", "fik": FIK}


@pytest.mark.parametrize("name", ["norwegianKid", "norwegian_kid"])
@pytest.mark.parametrize(
    ("number", "holds"),
    [
        ("602243", True),  # modulus 10
        ("13748136", True),  # modulus 11
        (" 1374 8136 ", True),
        ("6-", True),  # the digit would be ten
        ("602244", False),
        ("13748137", False),
        ("7-", False),
        ("0", False),
        ("00", False),
        ("0" * 20 + "602243", False),
        ("12a4", False),
    ],
)
def test_norwegian_kid(name, number, holds):
    expected = {"kid": number.replace(" ", "")} if holds else {}
    assert references_in(f"KID {number}", {name: number}) == expected
    assert references_in(f"KID {number}", {}) == {}


@pytest.mark.parametrize(
    ("number", "holds"),
    [("12345672", True), ("1234 5672", True), ("00012345672", True)]
    + [("12345671", False), ("0000", False), ("672", False), ("1" * 21, False)],
)
def test_finnish_reference(number, holds):
    expected = {"finnish": "12345672"} if holds else {}
    assert references_in(number, {"finnishReference": number}) == expected
    assert references_in(number, {"finnish_reference": number}) == expected
    assert references_in(number, {}) == {}


@given(st.text(alphabet="+<> 0123456789RFrf71", max_size=60))
def test_any_text_is_read(text):
    assert set(references_in(text, {"reference": text, "norwegianKid": text})) <= {
        *("fik", "fik_creditor", "rf", "kid")
    }
