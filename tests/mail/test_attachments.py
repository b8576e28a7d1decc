"""Attachments in MIME, as the standard library reads them."""

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from api.mail.message import wire
from api.mail.message.attachments import (
    AttachedFile,
    end_of_mixed,
    file_name_parameters,
    media_type,
    part_head,
    start_of_mixed,
)

NAMES = ["offer.pdf", "Angebot für Müller.pdf", 'a "quote".txt', "100%.txt", "報告書" * 30 + ".docx", "a\\b;c=d.txt",
         "naïve’s 😀.png", "x" * 190 + ".pdf"]  # fmt: skip


def message(files: list[tuple[AttachedFile, bytes]]) -> bytes:
    built = wire.assemble([("Subject", "Hi"), ("To", "a@example.com")], "Text\n", "<p>Text</p>", "snd_1")
    parts = [start_of_mixed(built, "snd_1")]
    for file, content in files:
        parts += [part_head(file, "snd_1"), base64.encodebytes(content).replace(b"\n", b"\r\n")]
    return b"".join([*parts, end_of_mixed("snd_1")])


def test_the_standard_library_reads_every_name_and_content() -> None:
    content = bytes(range(256)) * 300
    read = message_from_bytes(message([(AttachedFile(name, "application/pdf"), content) for name in NAMES]),
                              policy=policy.default)  # fmt: skip
    assert isinstance(read, EmailMessage)
    assert (read["Subject"], read["To"], read.get_content_type()) == ("Hi", "a@example.com", "multipart/mixed")
    assert read.defects == []
    attached = list(read.iter_attachments())
    assert [part.get_filename() for part in attached] == NAMES
    assert {part.get_content_disposition() for part in attached} == {"attachment"}
    assert {part.get_content() for part in attached} == {content}
    body = read.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == "<p>Text</p>"
    raw = message([(AttachedFile(name, "text/plain"), b"x" * 1000) for name in NAMES])
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("application/pdf", "application/pdf"),
        ("Text/HTML; charset=utf-8", "text/html"),
        ("", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("text/plain\r\nX: y", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
    ],
)
def test_a_media_type_is_checked(given: str, stored: str) -> None:
    assert media_type(given) == stored


def test_a_short_name_is_readable() -> None:
    assert file_name_parameters("offer.pdf") == 'filename="offer.pdf"'
    assert file_name_parameters("ä.pdf") == "filename*=utf-8''%C3%A4.pdf"
