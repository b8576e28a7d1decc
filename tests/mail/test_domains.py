"""A blocked domain includes its subdomains, by whole labels."""

import pytest

from api.mail.address import AddressProblem, check_address
from api.mail.domains import blocking_domain, normalize_domain


@pytest.mark.parametrize(
    ("blocked", "address"),
    [
        ("blocked.example", "ann@blocked.example"),
        ("blocked.example", "ann@mail.blocked.example"),
        ("blocked.example", "ann@a.b.c.Blocked.EXAMPLE"),
        ("BLOCKED.example", "ann@mail.blocked.example"),
        ("blocked.example.", "ann@blocked.example"),
        (" blocked.example ", "ann@blocked.example"),
        ("müller.de", "ann@xn--mller-kva.de"),
        ("xn--mller-kva.de", "ann@post.müller.de"),
        ("MÜLLER.de", "ann@müller.de"),
        ("mail.blocked.example", "ann@mail.blocked.example"),
    ],
)
def test_blocked(blocked: str, address: str) -> None:
    domain = normalize_domain(blocked)
    assert blocking_domain(check_address(address), {domain}) == domain


@pytest.mark.parametrize(
    ("blocked", "address"),
    [
        ("blocked.example", "ann@notblocked.example"),
        ("blocked.example", "ann@blocked.example.org"),
        ("blocked.example", "blocked.example@other.example"),
        ("mail.blocked.example", "ann@blocked.example"),
        ("mail.blocked.example", "ann@xmail.blocked.example"),
    ],
)
def test_not_blocked(blocked: str, address: str) -> None:
    assert blocking_domain(check_address(address), {normalize_domain(blocked)}) is None


def test_a_literal_belongs_to_no_domain() -> None:
    assert blocking_domain("ann@[192.0.2.1]", {"blocked.example"}) is None
    assert blocking_domain("ann@blocked.example", ()) is None


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a..example", ".blocked.example", "*.blocked.example", "[192.0.2.1]", "a b.example", "a@b.example"],
)
def test_no_domain(text: str) -> None:
    with pytest.raises(AddressProblem):
        normalize_domain(text)
