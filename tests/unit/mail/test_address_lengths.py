"""The length of an address is checked before it is normalized, and that of its normalized form after that."""

import pytest

from api.mail.address import AddressProblem, check_address
from api.services import inputs
from strategies import Refusal

MARKS = "\u0301" * 1_000_000


@pytest.mark.parametrize(
    "address", ["e" + MARKS, f"ada@{MARKS}.org", "a" * 310 + "@example.org", f"ada@example.org{MARKS}"]
)
def test_an_address_that_is_too_long_is_not_parsed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.mail.address.validate_email", None)
    with pytest.raises(AddressProblem, match=f"may have {MAX_ADDRESS} characters"):
        check_address(address)


def test_the_normalized_form_of_an_address_may_not_be_longer_either() -> None:
    with pytest.raises(AddressProblem, match="normalized form"):
        check_address("\u0390" * 118 + "@example.org")  # casefold makes three characters of one
    assert check_address("\u0390" * 60 + "@example.org")


@pytest.mark.parametrize("check", [inputs.line, inputs.text, inputs.zone, inputs.wall_time])
def test_a_text_that_is_too_long_is_not_searched(check: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.inputs.header_problem", None)
    monkeypatch.setattr("api.services.inputs.text_problem", None)
    with pytest.raises(Refusal) as found:
        check("x:" * 1_000_000, ("place",))  # type: ignore[operator]
    assert (found.value.code, found.value.path) == ("TOO_LONG", ("place",))
