"""What is assembled by hand reads back, with the standard library's parser, as what was meant."""

from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mail.message import wire
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent
from api.mail.message.message import MessageProblem, build_message
from api.mail.text_checks import header_problem

WHEN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
BODIES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=400)
NASTY = st.sampled_from(
    ["a" * 200 + "\n", ".\n", ". \n", "=\n", "From x\n", "--=_snd_1\n", " \n", "é" * 60, "\t", "\r"]
)
ANY = st.text(max_size=60)


def parsed(**changes: object) -> EmailMessage:
    given = {
        "send_id": "snd_1", "message_id": "<snd_1@example.com>", "composed": ComposedEmail("Hi", "<p>x</p>", "x"),
        "sender_name": "Grace Hopper",
        "sender_address": "grace@example.com", "to_name": "Ada", "to_address": "ada@example.com", "date": WHEN,
        "earlier": None, "unsubscribe_url": None,
    }  # fmt: skip
    raw = build_message(**{**given, **changes})  # type: ignore[arg-type]
    assert b"\r\n" in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, raw[len(head) :].split(b"\r\n"))) <= 78
    message = message_from_bytes(raw, policy=default)
    assert message.defects == []
    assert [part.defects for part in message.iter_parts()] == [[], []]
    return message  # type: ignore[return-value]


def lines(text: str) -> str:
    """A text as it leaves: LF, with one at the end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


@given(st.lists(st.one_of(BODIES, NASTY), max_size=6).map("".join), BODIES)
def test_bodies(text: str, html: str) -> None:
    message = parsed(composed=ComposedEmail("Hi", html, text))
    plain, rich = message.iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == lines(text)
    assert rich.get_content().replace("\r\n", "\n") == lines(html)


def accepted(make: Callable[[], EmailMessage], *values: str) -> EmailMessage | None:
    """What is made of values that may stand in a header; None when one of them may not, which must be refused."""
    if any(header_problem(value) for value in values):
        with pytest.raises(MessageProblem):
            make()
        return None
    return make()


@given(ANY | st.text(max_size=1).map(lambda each: each * 300))
def test_subjects(subject: str) -> None:
    message = accepted(lambda: parsed(composed=ComposedEmail(subject, "x", "x")), subject)
    if message is not None and subject.strip(" \t"):
        assert message["Subject"].strip() == subject.strip() or message["Subject"] == subject
        assert set(message.keys()) == set(parsed().keys())


@given(ANY, ANY)
def test_names(sender: str, person: str) -> None:
    message = accepted(lambda: parsed(sender_name=sender, to_name=person), sender, person)
    if message is not None:
        assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.com"]
        assert [address.addr_spec for address in message["From"].addresses] == ["grace@example.com"]
        assert set(message.keys()) == set(parsed().keys())


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace", 'Ada "the first" Lovelace', "back\\slash", "Lovelace, Ada", "Zoë Ångström", "=?utf-8?q?x?=",
        "Ada <eve@example.com>", "a; b: c",
    ],
)  # fmt: skip
def test_a_name_reads_back(name: str) -> None:
    (address,) = parsed(to_name=name)["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "ada@example.com")


@pytest.mark.parametrize("name", ["名前" * 40, "x" * 180])
def test_a_long_name_reads_back(name: str) -> None:
    # By the older decoder: the newer one puts spaces between encoded words that stand in a name.
    folded = wire.mailbox(name, "ada@example.com").replace("\r\n", "")
    shown, address = parseaddr(folded)
    assert (str(make_header(decode_header(shown))), address) == (name, "ada@example.com")


@pytest.mark.parametrize(
    "address",
    [
        "a@b@c", "a b@example.com", "a\nb@example.com", "<a@example.com", "a@example.com>, eve@example.com", "@x", "a@",
        "", "a@exa mple.com", "a,b@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(MessageProblem):
        parsed(to_address=address)
    with pytest.raises(MessageProblem):
        parsed(sender_address=address)


def test_addresses_beyond_ascii() -> None:
    (address,) = parsed(to_address="ada@bücher.example")["To"].addresses
    assert address.addr_spec == "ada@xn--bcher-kva.example"
    assert wire.mailbox("", "zoë@bücher.example") == "zoë@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "url", ["https://x.example/\r\nBcc: eve@example.com", "https://x.example/ö", "https://<x>", ""]
)
def test_a_link_that_no_header_can_hold_is_refused(url: str) -> None:
    with pytest.raises(MessageProblem):
        parsed(unsubscribe_url=url)


def test_a_long_thread() -> None:
    earlier = None
    for number in range(40):
        earlier = EarlierEmail(EmailContent("s", "h", None), f"<{'x' * 60}{number}@example.com>", WHEN, earlier)
    message = parsed(earlier=earlier)
    assert message["References"].split() == [f"<{'x' * 60}{number}@example.com>" for number in range(40)]
    assert message["In-Reply-To"] == f"<{'x' * 60}39@example.com>"


def test_a_body_cannot_hold_the_boundary() -> None:
    assert b"=_" not in wire.quoted_printable("--=_snd_1\r\n=_=5F_=\n_" * 50)
