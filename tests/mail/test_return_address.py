"""Each email has its own return address, which nobody can guess."""

import pytest

from api.ids import new_id
from api.mail.return_address import MAX_MAILBOX_BYTES, ReturnAddresses, mailbox_fault
from api.settings import Settings, SettingsError

SECRET, OTHER = "k3J9-secret-of-the-tests-Qm2x7Zp1", "another-secret-of-the-tests-Lw8Yb4"
RETURNS = ReturnAddresses("bounces@example.com", SECRET)


def test_an_address_leads_back_to_its_email() -> None:
    for _ in range(50):
        send_id = new_id("snd")
        address = RETURNS.address(send_id)
        assert address.startswith("bounces+")
        assert address.endswith("@example.com")
        assert RETURNS.send_id(address) == send_id


def test_the_address_of_an_email_never_changes() -> None:
    send_id = "snd_01jd0000000000000000000000"
    assert RETURNS.address(send_id) == "bounces+01jd00000000000000000000004ba40f1d0b1f8e4c840d@example.com"


def test_servers_may_change_the_case() -> None:
    send_id = new_id("snd")
    address = RETURNS.address(send_id)
    for changed in (address.upper(), address.lower(), address.title(), f" {address} "):
        assert RETURNS.send_id(changed) == send_id


def test_a_changed_address_leads_nowhere() -> None:
    address = RETURNS.address(new_id("snd"))
    local, domain = address.split("@")
    for at in range(len("bounces+"), len(local)):
        wrong = local[:at] + ("a" if local[at] != "a" else "b") + local[at + 1 :]
        assert RETURNS.send_id(f"{wrong}@{domain}") is None


@pytest.mark.parametrize(
    "address", ["", "bounces@example.com", "bounces+@example.com", "bounces+x@example.com", "@", "a" * 10_000]
)
def test_other_addresses_lead_nowhere(address: str) -> None:
    assert RETURNS.send_id(address) is None


def test_the_signature_of_another_key_mailbox_or_domain_does_not_count() -> None:
    send_id = new_id("snd")
    assert RETURNS.send_id(ReturnAddresses("bounces@example.com", OTHER).address(send_id)) is None
    assert RETURNS.send_id(ReturnAddresses("returns@example.com", SECRET).address(send_id)) is None
    assert RETURNS.send_id(ReturnAddresses("bounces@example.org", SECRET).address(send_id)) is None


def test_addresses_of_the_old_secret_are_read_and_not_made() -> None:
    send_id = new_id("snd")
    both = ReturnAddresses("bounces@example.com", OTHER, [SECRET, ""])
    assert both.send_id(RETURNS.address(send_id)) == send_id
    assert both.address(send_id) != RETURNS.address(send_id)
    assert RETURNS.send_id(both.address(send_id)) is None


def test_the_longest_mailbox_gives_a_local_part_of_64_bytes() -> None:
    longest = ReturnAddresses(f"{'b' * MAX_MAILBOX_BYTES}@example.com", SECRET).address(new_id("snd"))
    assert len(longest.partition("@")[0]) == 64


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("bounces", "address"),
        ("@example.com", "address"),
        ("a+b@example.com", "plus"),
        ("a b@example.com", "address"),
        ("bounces@", "address"),
        ("bounces@localhost", "domain"),
        ("bounces@exämple.com", "ASCII"),
        (f"{'b' * (MAX_MAILBOX_BYTES + 1)}@example.com", "at most 17"),
    ],
)
def test_a_mailbox_that_cannot_be_used_is_refused(address: str, fault: str) -> None:
    assert fault in str(mailbox_fault(address))
    with pytest.raises(SettingsError, match="TOUCHLINE_RETURN_PATH"):
        Settings.read({"TOUCHLINE_RETURN_PATH": address, "TOUCHLINE_SECRET": SECRET})


def test_the_setting_needs_the_secret() -> None:
    assert mailbox_fault("bounces@example.com") is None
    with pytest.raises(SettingsError, match="requires TOUCHLINE_SECRET"):
        Settings.read({"TOUCHLINE_RETURN_PATH": "bounces@example.com"})
    assert Settings.read({"TOUCHLINE_RETURN_PATH": "bounces@example.com", "TOUCHLINE_SECRET": SECRET}).return_path
