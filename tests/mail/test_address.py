"""Which addresses are one mailbox: the key is the same for those, and differs for all others."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.address import MAX_ADDRESS_LENGTH, AddressProblem, address_key, address_prefix, check_address, domain_key

ONE_MAILBOX = [
    ("Ada@EXAMPLE.com", "ada@example.com"),
    ("jürgen@example.com", "JÜRGEN@example.com"),
    ("jürgen@example.com", "ju\u0308rgen@example.com"),
    ("\u212aim@example.com", "kim@example.com"),  # the Kelvin sign is a K
    ("\u212bke@example.com", "åke@example.com"),  # the Angstrom sign is an A with a ring
    ("νικος@example.com", "ΝΙΚΟΣ@example.com"),
    ("νικος@example.com", "νικοσ@example.com"),
    ("νικος.παπας@example.com", "ΝΙΚΟΣ.ΠΑΠΑΣ@example.com"),
    ("\u0130@example.com", "i\u0307@example.com"),  # a capital I with a dot, and its lower case
    ("\u1e9e@example.com", "ß@example.com"),  # the capital sharp s
    ("a@müller.de", "a@xn--mller-kva.de"),
    ("a@müller.de", "a@XN--MLLER-KVA.DE"),
    ("a@mu\u0308ller.de", "a@müller.de"),
    ("a@straße.de", "a@xn--strae-oqa.de"),
    ("a@ｅｘａｍｐｌｅ.com", "a@example.com"),
    ("a@example。com", "a@example.com"),
    ("a@νικος.gr", "a@xn--uxachkp.gr"),
]
TWO_MAILBOXES = [
    ("o\ufb03ce@example.com", "office@example.com"),  # a ligature
    ("ß@example.com", "ss@example.com"),
    ("ß@straße.de", "ss@strasse.de"),
    ("a@straße.de", "a@strasse.de"),
    ("\u0131@example.com", "i@example.com"),  # a dotless i
    ("\u0130@example.com", "i@example.com"),
    ("\u017fam@example.com", "sam@example.com"),  # a long s
    ("ａda@example.com", "ada@example.com"),  # a fullwidth letter before the @
    ("a²@example.com", "a2@example.com"),
    ("jürgen@example.com", "juergen@example.com"),
    ("jürgen@example.com", "jurgen@example.com"),
    ("a@νικος.gr", "a@νικοσ.gr"),  # two domains under IDNA 2008
    ("a.b@example.com", "ab@example.com"),
    ("a+b@example.com", "a@example.com"),
    ("\u0430da@example.com", "ada@example.com"),  # a Cyrillic letter
]


@pytest.mark.parametrize(("one", "other"), ONE_MAILBOX, ids=ascii)
def test_one_mailbox(one: str, other: str) -> None:
    assert (
        address_key(one) == address_key(other) == address_key(check_address(one)) == address_key(check_address(other))
    )


@pytest.mark.parametrize(("one", "other"), TWO_MAILBOXES, ids=ascii)
def test_two_mailboxes(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)
    assert address_key(check_address(one)) != address_key(check_address(other))


@pytest.mark.parametrize(
    "text",
    [
        '"john"@example.com',
        "a\u200db@example.com",
        "a@ex\u200dample.com",
        "a@ex\u00adample.com",
        "a@xn--a.de",
        "a@b..de",
    ],
    ids=ascii,
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(AddressProblem):
        check_address(text)


LETTERS = st.characters(categories=["L", "N", "M"]) | st.sampled_from("ßςσΣİıﬃKÅΐẞǅŉ\u0307\u0323\u0301-._+")
LOCAL = st.text(LETTERS, min_size=1, max_size=20)
DOMAIN = st.lists(st.text(LETTERS | st.sampled_from("abcxn-"), min_size=1, max_size=12), min_size=1, max_size=3).map(
    ".".join
)


@given(LOCAL, DOMAIN)
def test_a_key_is_its_own_key(local: str, domain: str) -> None:
    key = address_key(f"{local}@{domain}")
    assert address_key(key) == key
    assert domain_key(domain_key(domain)) == domain_key(domain)


@given(LOCAL)
def test_the_local_part_is_compared_composed_and_in_lower_case(local: str) -> None:
    key = address_key(f"{local}@example.com")
    for form in ("NFC", "NFD"):
        assert address_key(f"{unicodedata.normalize(form, local)}@example.com") == key
    one_by_one = "".join(letter.lower() for letter in unicodedata.normalize("NFC", local)).replace("ς", "σ")
    assert key == f"{unicodedata.normalize('NFC', one_by_one)}@example.com"


@given(LOCAL, DOMAIN)
def test_what_can_be_written_to_fits_its_column(local: str, domain: str) -> None:
    try:
        address = check_address(f"{local * 10}@{domain}")
    except AddressProblem:
        return
    assert len(address_key(address)) <= MAX_ADDRESS_LENGTH
    assert check_address(address) == address
    assert address_key(address).startswith(address_prefix(address[: len(address) // 2]))


@pytest.mark.parametrize(
    ("beginning", "address"),
    [
        ("INFO@mül", "info@müller.de"),
        ("info@xn--mller-kva.", "info@müller.de"),
        ("info@xn--mller-kva.de", "info@müller.de"),
        ("ada.", "Ada.Lovelace@example.com"),
        ("a@example。", "a@example.com"),
        ("ΝΙΚΟΣ", "νικος@example.com"),
    ],
)
def test_a_beginning_is_found(beginning: str, address: str) -> None:
    assert address_key(check_address(address)).startswith(address_prefix(beginning))


@pytest.mark.parametrize(
    "text",
    ["e" + "\u0301" * 200_000 + "@example.com", "a@" + "ü" * 1_000_000, "a" * 255, "ﷺ" * 254 + "@example.com"],
    ids=["marks", "domain", "ascii", "expands"],
)
def test_a_length_is_checked_before_anything_else(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("api.mail.address.validate_email", never)
    with pytest.raises(AddressProblem, match="An address can have up to 254 characters"):
        check_address(text)
    with pytest.raises(AddressProblem, match="An address can have up to 320 characters"):
        address_key(text * 2)
    with pytest.raises(AddressProblem, match="An address can have up to 320 characters"):
        address_prefix(text * 2)


def test_letters_that_grow_are_an_address() -> None:
    address = check_address("ΐ" * 118 + "@example.com")
    assert address_key(address) == address
