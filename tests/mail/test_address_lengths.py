"""The length of an address is checked before it is normalized, and that of its normalized form after that."""

import pytest

from api.mail.address import MAX_ADDRESS_LENGTH, AddressProblem, address_key, check_address
from api.services.common.inputs import inputs
from strategies import Refusal

MARKS = "\u0301" * 1_000_000


@pytest.mark.parametrize(
    "address", ["e" + MARKS, f"ada@{MARKS}.org", "a" * 310 + "@example.org", f"ada@example.org{MARKS}"]
)
def test_an_address_that_is_too_long_is_not_parsed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.mail.address.validate_email", None)
    with pytest.raises(AddressProblem, match="up to 254 characters"):
        check_address(address)


@pytest.mark.parametrize("letter", ["\u0390", "\u0130", "\ufb2c", "\u1fb7"])
def test_the_key_of_an_address_fits_into_its_column(letter: str) -> None:
    for length in range(1, 254):
        try:
            address = check_address(letter * length + "@example.org")
        except AddressProblem:
            continue
        assert len(address_key(address)) <= MAX_ADDRESS_LENGTH


@pytest.mark.parametrize("check", [inputs.line, inputs.text, inputs.zone, inputs.wall_time])
def test_a_text_that_is_too_long_is_not_searched(check: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.common.inputs.inputs.header_problem", None)
    monkeypatch.setattr("api.services.common.inputs.inputs.text_problem", None)
    with pytest.raises(Refusal) as found:
        check("x:" * 1_000_000, ("place",))  # type: ignore[operator]
    assert (found.value.code, found.value.path) == ("TOO_LONG", ("place",))
