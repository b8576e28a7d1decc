"""The reports of many mail programs: who failed, how, and which email it was."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.mail.reading import MailKind, read_mail

LAYOUTS = Path(__file__).with_name("layouts")
"""Mails, each after a line with ===, its program, and its failed recipients."""
BLOCK = re.compile(r"^=== (.*): (.*)\n((?:(?!=== ).*\n?)*)", re.MULTILINE)
ORIGINAL = """Received: from a by b; Mon, 2 Mar 2026 09:00:00 +0100
Message-ID: <first@vendor.example>
From: Rep <rep@vendor.example>
To: {to}
Reply-To: boss@vendor.example
Subject: Lunch

Hello, write to other@vendor.example or friend@else.example if user unknown.
"""
ENCODED = re.compile(r"\{(base64|gb18030|iso2022_jp):(.*)\}")
"""A text that is encoded or in another charset."""


def encode(found: re.Match[str]) -> str:
    text = found[2].replace("\\n", "\n")
    if found[1] == "base64":
        return base64.encodebytes(text.encode()).decode()
    return text.encode(found[1]).decode("latin-1")


def with_original(body: str, recipients: str) -> str:
    """Return a mail with the email that it returns, which went to its recipients unless the name says to whom."""
    for name, to in (("_to_sales", "sales@customer.example"), ("_to_ezweb", "ann@ezweb.ne.jp"), ("", recipients)):
        body = body.replace("{original" + name + "}", ORIGINAL.format(to=to))
    return body


def layouts() -> Iterator[object]:
    for file in sorted(LAYOUTS.glob("*.txt")):
        for name, expected, body in BLOCK.findall(file.read_text(encoding="utf-8")):
            failures = dict(each.split("=") for each in expected.split())
            text = with_original(body, ", ".join(failures))
            charset = "latin-1" if re.search(r"\{(?:gb18030|iso2022_jp):", text) else "utf-8"
            ids = ("<first@vendor.example>",) if "first@vendor.example" in text else ()
            yield pytest.param(ENCODED.sub(encode, text).encode(charset), failures, ids, id=name)


@pytest.mark.parametrize(("data", "failures", "ids"), list(layouts()))
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_report_names_its_recipients_and_its_email(
    data: bytes, failures: dict[str, str], ids: tuple[str, ...], line_end: bytes
) -> None:
    reading = read_mail(data.replace(b"\n", line_end))
    assert reading.kind is MailKind.BOUNCE
    assert {each.address: each.kind.value.lower() for each in reading.failures} == failures
    assert reading.message_ids == ids


def test_all_layouts_are_read() -> None:
    texts = [file.read_text(encoding="utf-8") for file in LAYOUTS.glob("*.txt")]
    assert len(list(layouts())) == sum(len(re.findall("^===", text, re.MULTILINE)) for text in texts) > 60
