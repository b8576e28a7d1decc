"""Header lines obey RFC 5322 and RFC 2047, and read back as what was put in."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr, parsedate_to_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.mail.message import wire
from api.mail.message.compose import ComposedEmail, EarlierEmail, EmailContent
from api.mail.message.message import MessageProblem, build_message, message_id
from api.mail.text_checks import header_problem

WHEN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
ENCODED = re.compile(rb"=\?utf-8\?[bq]\?[^? ]+\?=")
TEXTS = st.one_of(
    st.text(max_size=120),
    st.text("ab =?_\t,\"\\<>@.()ü€👩\u200d\u0301", max_size=160),
    st.lists(st.sampled_from(["Offer", "für", "x" * 90, "ü" * 40, "=?utf-8?q?x?=", "a,b", "👩\u200d💻"])).map(" ".join),
).filter(lambda text: not header_problem(text))  # fmt: skip


def raw(**changes: object) -> bytes:
    given = {
        "send_id": "snd_01JQZ8Y0000000000000000000", "message_id": "<snd_1@example.com>",
        "composed": ComposedEmail("Hi", "<p>x</p>", "x"), "sender_name": "Grace Hopper",
        "sender_address": "grace@example.com", "to_name": "Ada", "to_address": "ada@example.com", "date": WHEN,
        "earlier": None, "unsubscribe_url": None,
    }  # fmt: skip
    return build_message(**{**given, **changes})  # type: ignore[arg-type]


def read(data: bytes) -> EmailMessage:
    """Check the lines of a message's header, and read it."""
    head = data.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        assert len(line) <= 998
        assert line.strip()
        # Who can fold does: what is longer has no white space but that after the name or at its start.
        said = line if line.startswith(b" ") else line.partition(b": ")[2]
        assert len(line) <= 78 or not re.search(rb"[ \t]", said.strip())
        if words := ENCODED.findall(line):
            assert len(line) <= 76
            assert max(map(len, words)) <= 75
            for word in words:
                str(make_header(decode_header(word.decode())))  # each word is whole characters
    message = message_from_bytes(data, policy=default)
    assert message.defects == []
    return message  # type: ignore[return-value]


@given(TEXTS)
@example("a" * 41 + "ü")
@example("a" * 42 + "ü")
@example("x" * 300)
@example(" leading and trailing ")
@example("two  spaces   and more " * 9 + "end")
@example("a\ttab")
@example("=?utf-8?q?x?= is no encoded word")
@example("👩‍👩‍👧‍👦" * 20)
@example("e" + "\u0301" * 100)
def test_a_subject_reads_back(subject: str) -> None:
    message = read(raw(composed=ComposedEmail(subject, "x", "x")))
    assert message["Subject"] == subject


@given(TEXTS, TEXTS)
@example("ü" * 200, "x" * 300)
@example('Lovelace, Ada "the first" (Countess)', "a\\b" * 100)
def test_names_read_back(sender: str, person: str) -> None:
    data = raw(sender_name=sender, to_name=person)
    message = read(data)
    for header, name, spec in (("From", sender, "grace@example.com"), ("To", person, "ada@example.com")):
        (address,) = message[header].addresses
        assert address.addr_spec == spec
        value = re.search(rf"(?m)^{header}: ([^\r]*)", data.decode("ascii").replace("\r\n ", " "))[1]
        older = str(make_header(decode_header(parseaddr(value)[0])))
        assert older == name or not name.strip() or "=?" not in value
        # Python's newer reader puts a space between two encoded words, and collapses spaces in them.
        if (
            value.count("=?utf-8?") <= 1
            and name == " ".join(name.split(" ")).strip()
            and "  " not in name
            and "\t" not in name
        ):
            assert address.display_name == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Ada", "Ada <a@x.example>"),
        ("Zoë Lovelace", "=?utf-8?q?Zo=C3=AB?= Lovelace <a@x.example>"),
        ("Dr Zoë Ångström Lovelace", "Dr =?utf-8?q?Zo=C3=AB_=C3=85ngstr=C3=B6m?= Lovelace <a@x.example>"),
        ("Müller, Jürgen", "=?utf-8?q?M=C3=BCller=2C_J=C3=BCrgen?= <a@x.example>"),
        ("  ", "a@x.example"),
        ("名前", "=?utf-8?b?5ZCN5YmN?= <a@x.example>"),
        (" Ada ", '" Ada " <a@x.example>'),
        ("J. Smith", '"J. Smith" <a@x.example>'),
        ("Ada " * 20 + "Lovelace", "Ada " * 17 + "Ada\r\n Ada Ada Lovelace <a@x.example>"),
    ],
)
def test_names_are_short_and_readable(name: str, value: str) -> None:
    assert wire.mailbox(name, "a@x.example") == value


@pytest.mark.parametrize(
    ("subject", "value"),
    [
        ("Grüße aus Berlin", "=?utf-8?q?Gr=C3=BC=C3=9Fe_aus_Berlin?="),
        ("今日は", "=?utf-8?b?5LuK5pel44Gv?="),
        ("a" * 69, "a" * 69),
        ("word " * 20 + "end", "word " * 13 + "word\r\n" + " word" * 6 + " end"),
    ],
)
def test_subjects_are_short_and_readable(subject: str, value: str) -> None:
    assert wire.unstructured("Subject", subject) == value


def test_what_cannot_be_folded() -> None:
    address = f"{'a' * 64}@{'.'.join(['b' * 60] * 4)}.example"
    message = read(
        raw(to_address=address, to_name="ü" * 200, sender_address=address, message_id=message_id("snd_1", address))
    )
    assert message["To"].addresses[0].addr_spec == message["From"].addresses[0].addr_spec == address
    assert message["Message-ID"] == f"<snd_1@{address.partition('@')[2]}>"
    with pytest.raises(MessageProblem):
        raw(to_address=f"{'a' * 990}@example.com")
    url = f"https://t.example/u/{'x' * 300}"
    assert read(raw(unsubscribe_url=url))["List-Unsubscribe"] == f"<{url}>"


def test_a_long_thread_has_a_line_for_each_email() -> None:
    earlier = None
    for number in range(60):
        earlier = EarlierEmail(EmailContent("s", "h", None), f"<{'x' * 60}{number}@example.com>", WHEN, earlier)
    assert len(read(raw(earlier=earlier))["References"].split()) == 60


def test_an_international_domain() -> None:
    assert message_id("snd_1", "zoë@bücher.example") == "<snd_1@xn--bcher-kva.example>"
    message = read(raw(sender_address="zoe@bücher.example", message_id=message_id("snd_1", "zoe@bücher.example")))
    assert message["Message-ID"] == "<snd_1@xn--bcher-kva.example>"
    assert message["List-Unsubscribe"] == "<mailto:zoe@xn--bcher-kva.example?subject=unsubscribe>"


@given(st.integers(-86_399, 86_399))
@example(4772)
def test_dates_have_offsets_of_whole_minutes(seconds: int) -> None:
    date = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(seconds=seconds)))
    said = read(raw(date=date))["Date"]
    assert re.search(r" [+-]\d{4}$", said)
    assert parsedate_to_datetime(said) == date
    with pytest.raises(ValueError, match="time zone"):
        raw(date=date.replace(tzinfo=None))


def test_utc_stays() -> None:
    assert read(raw(date=datetime(2026, 3, 2, 9, 30, tzinfo=UTC)))["Date"] == "Mon, 02 Mar 2026 09:30:00 +0000"


def test_an_email_without_text_begins_with_its_unsubscribe_link() -> None:
    data = raw(composed=ComposedEmail("Hi", "<img>", "\n"), unsubscribe_url="https://t.example/u")
    text = read(data).get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n") == "-- \nUnsubscribe: https://t.example/u\n"
