"""The tokens by which recipients unsubscribe: valid ones are read, and no other text is."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ids import new_id
from api.mail.return_address import MAX_MAILBOX_BYTES
from api.mail.unsubscribing import links
from api.mail.unsubscribing.mail_addresses import (
    TOKEN_CHARACTERS,
    UnsubscribeAddresses,
    signed_email,
    unsubscribe_mailto,
    unsubscribe_token,
)
from api.mail.unsubscribing.mail_requests import email_to_unsubscribe

SECRET, OTHER = "first secret", "second secret"
ADDRESS = "unsubscribe@example.com"
SEND = "snd_01jd0000000000000000000000"


@dataclass(frozen=True)
class Mail:
    """A mail as it was read."""

    kind: str = "REPLY"
    recipients: tuple[str, ...] = ()
    subject: str = ""


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.lists(st.from_regex(r"chg_[0-9a-z]{1,26}", fullmatch=True), min_size=1),
)
def test_a_token_of_a_form_is_read_with_its_own_link_only(path: str, other: str, ids: list[str]) -> None:
    token = links.changes_token(SECRET, path, ids)
    assert links.read_changes_token(["", SECRET], path, token) == ids
    assert links.read_changes_token([OTHER], path, token) is None
    if other != path:
        assert links.read_changes_token([SECRET], other, token) is None


@given(st.text(max_size=300))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert links.read_changes_token([SECRET, ""], "path", text) is None
    assert signed_email([SECRET, ""], [text]) is None
    links.address_of(text)


@given(st.emails())
def test_a_link_contains_its_address(email: str) -> None:
    link = links.page_link("https://t.example/", SECRET, "wsp_1", email)
    workspace, encoded, signature = link.removeprefix("https://t.example/unsubscribe/").split("/")
    assert links.address_of(encoded) == email
    assert links.is_signed([OTHER, SECRET], f"{workspace}/{encoded}", signature)


@given(st.data())
def test_the_token_of_a_mail_survives_upper_case_and_text_around_it(data: st.DataObject) -> None:
    send = new_id("snd")
    token = unsubscribe_token(SECRET, send)
    assert len(token) == TOKEN_CHARACTERS - 1
    written = "".join(data.draw(st.sampled_from([letter, letter.upper()])) for letter in token)
    for mail in (Mail(recipients=("a@b.c", f"unsubscribe+{written}@example.com")), Mail(subject=f"Re: [x] {written}!")):
        assert email_to_unsubscribe(mail, [OTHER, SECRET]) == send
        assert email_to_unsubscribe(mail, [OTHER, ""]) is None
    changed = data.draw(st.integers(0, len(token) - 1))
    wrong = token[:changed] + ("2" if token[changed] != "2" else "3") + token[changed + 1 :]
    assert email_to_unsubscribe(Mail(subject=wrong), [SECRET]) is None


@pytest.mark.parametrize("kind", ["BOUNCE", "COMPLAINT", "OWN"])
def test_mails_that_quote_the_token_of_others_do_not_unsubscribe(kind: str) -> None:
    token = unsubscribe_token(SECRET, SEND)
    assert email_to_unsubscribe(Mail(kind, (f"unsubscribe+{token}@example.com",), token), [SECRET]) is None


def test_a_mail_without_a_token_unsubscribes_nobody() -> None:
    assert email_to_unsubscribe(Mail(recipients=(ADDRESS,), subject="unsubscribe"), [SECRET]) is None


def test_hostile_mails_are_searched_in_part_only() -> None:
    token = unsubscribe_token(SECRET, SEND)
    assert signed_email([SECRET], [" " * 2_000 + token]) is None
    assert email_to_unsubscribe(Mail(recipients=("a@b.c",) * 50 + (f"u+{token}@b.c",)), [SECRET]) is None
    assert signed_email([SECRET], [f"{token}{token}"]) is None


def test_the_link_has_the_token_twice_and_fits_the_limits_of_an_address() -> None:
    token = unsubscribe_token(SECRET, SEND)
    link = UnsubscribeAddresses(ADDRESS, SECRET).mailto(SEND)
    assert link == f"mailto:unsubscribe+{token}@example.com?subject=unsubscribe%20{token}"
    assert unsubscribe_mailto("a b@x.y") == "mailto:a%20b@x.y?subject=unsubscribe"
    assert MAX_MAILBOX_BYTES + 1 + len(token) <= 64
