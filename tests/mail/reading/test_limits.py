"""Hostile mails: every input has a result, always the same, and the work does not grow faster than the mail."""

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.codes.reasons.mail_reasons import MailReason
from api.mail.reading import MailKind, read_mail
from api.mail.reading.failure_text import ALL_CHARACTERS, FailureWords
from tests.mail.reading.mails import mail
from tests.mail.reading.test_kinds import report

FROM_SERVER = b"From: MAILER-DAEMON@mx.example\r\nTo: rep@vendor.example\r\nSubject: Undelivered mail\r\n"
FROM_PERSON = b"From: ann@customer.example\r\nSubject: Re: Lunch\r\nIn-Reply-To: <first@vendor.example>\r\n"
MIXED = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
HTML = FROM_PERSON + b"Content-Type: text/html\r\n\r\n"


def nested(depth: int) -> bytes:
    parts = (b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth))
    return FROM_PERSON + b"".join(parts) + b"Content-Type: text/plain\r\n\r\nHi\r\n"


def parts(count: int) -> bytes:
    return FROM_PERSON + MIXED + b"--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n" * count


SHAPES: dict[str, Callable[[int], bytes]] = {
    "parts": parts,
    "nested": nested,
    "delimiters": lambda n: FROM_PERSON + MIXED + b"--x\r\n" * n,
    "fields": lambda n: b"X-A: b\r\n" * n + b"\r\nHi",
    "continuations": lambda n: b"X-A: b\r\n" + b" c\r\n" * n + b"\r\nHi",
    "references": lambda n: FROM_PERSON + b"References: " + b"<a@b> " * n + b"\r\n\r\nHi",
    "encoded words": lambda n: b"From: a@b.example\r\nSubject: " + b"=?utf-8?b?aGk=?= " * n + b"\r\n\r\nHi",
    "parameters": lambda n: b"Content-Type: text/plain" + b"; a*1=b" * n + b"\r\n\r\nHi",
    "addresses": lambda n: FROM_SERVER + b"\r\nuser unknown\r\n" + b"<a@b.example>:\r\n" * n,
    "recipients": lambda n: (
        FROM_SERVER + b"\r\n" + b"".join(b"<a%d@b.example>: unknown user\r\n" % i for i in range(n))
    ),
    "reports": lambda n: FROM_SERVER + b"\r\n" + b"Final-Recipient: rfc822; a@b\r\nAction: failed\r\n\r\n" * n,
    "quotes": lambda n: FROM_PERSON + b"\r\n" + b"> a\r\n" * n,
    "attributions": lambda n: FROM_PERSON + b"\r\n" + b"On a\r\n" * n,
    "headers in text": lambda n: FROM_SERVER + b"\r\nuser unknown\r\n" + b"From: x\r\nReceived: y\r\n\r\n" * n,
    "tags": lambda n: HTML + b"<div" * n,
    "styles": lambda n: HTML + b"<style>" * n,
    "comments": lambda n: HTML + b"<!--" * n,
    "zeros": lambda n: FROM_PERSON + b"\r\n" + b"\0" * n,
    "long line": lambda n: FROM_SERVER + b"\r\nuser unknown " + b"a" * n,
    "json": lambda n: FROM_PERSON + b'\r\n{"notificationType":' + b"[" * n,
}


def work(data: bytes) -> int:
    """Return how many functions reading a mail calls, those of C included."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read_mail(data)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_twice_the_size_is_at_most_twice_the_work(shape: Callable[[int], bytes]) -> None:
    once, twice = work(shape(1_000)), work(shape(2_000))
    assert twice <= 2.2 * once + 1_000


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_work_has_a_limit(shape: Callable[[int], bytes]) -> None:
    assert work(shape(30_000)) < 600_000


def test_a_mail_with_more_parts_than_any_program_writes_is_not_read() -> None:
    for data, what in ((parts(10_000), "more than 500 parts"), (nested(1_000), "parts inside each other")):
        reading = read_mail(data)
        assert (reading.kind, reading.reason.code) == (MailKind.OTHER, MailReason.TOO_COMPLEX)
        assert what in reading.reason.sentence


def test_only_the_beginning_of_a_huge_mail_is_read() -> None:
    reading = read_mail(FROM_PERSON + b"\r\nYes.\r\n" + b"x" * 50_000_000)
    assert (reading.kind, len(reading.text)) == (MailKind.REPLY, 2_005)


def test_data_without_a_header_is_unreadable() -> None:
    assert [read_mail(data).reason.code for data in (b"", b"\0\0", b"\r\n\r\nHi")] == [MailReason.UNREADABLE] * 3


def test_names_of_python_codecs_that_are_not_charsets_are_ignored() -> None:
    for charset in ("idna", "punycode", "unicode_escape", "hex", "rot13", "x" * 100, "utf-16", "utf-7", '"'):
        data = mail("In-Reply-To: <m@v>", f"Content-Type: text/plain; charset={charset}", body="Yes\\u0041")
        assert read_mail(data).kind is MailKind.REPLY


@given(st.binary(max_size=2_000))
def test_any_bytes_have_a_result(data: bytes) -> None:
    assert read_mail(data) == read_mail(data)
    assert read_mail(FROM_SERVER + data) == read_mail(FROM_SERVER + data)


LINES = st.sampled_from(
    [
        *report().split(b"\r\n"),
        *mail("In-Reply-To: <m@v>", "References: <a@b> <c@d>", body="> quoted\nOn Monday Ann wrote:\n-- \n").split(
            b"\r\n"
        ),
        b"",
        b"",
        b"--b--",
        b" continued",
        b"Content-Type: text/html; charset=iso-2022-jp",
        b"Content-Transfer-Encoding: base64",
        b"\x1b$B%f!<%6\x1b(B",
        b"=?utf-8?q?=FF?=",
        b"\xff\xfe\x00",
        b'{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":1}]}}',
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=60), st.sampled_from([b"\r\n", b"\n", b"\r"]))
def test_any_mixture_of_lines_has_a_result(lines: list[bytes], line_end: bytes) -> None:
    data = line_end.join(lines)
    reading = read_mail(data)
    assert reading == read_mail(data)
    assert (reading.kind is MailKind.BOUNCE) == bool(reading.failures)
    reading.reason.sentence.encode()
    reading.text.encode()


@pytest.mark.parametrize("filler", [b"user ", b"a@", b"x.y.", b"user a not in ", b"(generated from ", b">>> "])
def test_many_recipients_share_the_characters_that_are_judged(filler: bytes) -> None:
    field = b"Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550 %d " + filler * (2_000 // len(filler))
    fields = b"".join(b"\r\nFinal-Recipient: rfc822; u%d@x.example\r\n" % n + field % n + b"\r\n" for n in range(200))
    reading = read_mail(FROM_SERVER + b"Content-Type: message/delivery-status\r\n\r\n" + fields)
    assert len(reading.failures) > 50
    words = FailureWords("", [each.address for each in reading.failures])
    assert len(reading.failures) * words.limit <= ALL_CHARACTERS
