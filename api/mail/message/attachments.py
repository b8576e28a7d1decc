"""Attachments in MIME: the parts of a multipart/mixed message, and the headers of each file."""

import re
from typing import NamedTuple
from urllib.parse import quote

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
DEFAULT_TYPE = "application/octet-stream"
MAX_LINE_VALUE = 50
"""Most encoded characters of a file name in one line of a header (RFC 2231 continuations)."""


class AttachedFile(NamedTuple):
    """A file as an email shows it."""

    name: str
    type: str
    """Media type, such as "application/pdf"."""


def media_type(value: str) -> str:
    """Return the media type of an upload, without its parameters. An invalid one becomes application/octet-stream."""
    plain = value.partition(";")[0].strip().lower()
    composite = plain.startswith(("multipart/", "message/"))
    return plain if _TYPE.fullmatch(plain) and not composite else DEFAULT_TYPE


def start_of_mixed(message: bytes, boundary: str) -> bytes:
    """Return the beginning of the multipart/mixed message whose first part is the body of a built message.

    ``boundary`` must not occur in the message. Parts of files and ``end_of_mixed`` follow.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    lines = re.split(rb"\r\n(?![ \t])", head)
    own = [line for line in lines if not line.lower().startswith(b"content-")]
    content = [line for line in lines if line.lower().startswith(b"content-")]
    mixed = f'Content-Type: multipart/mixed;\r\n boundary="=_mixed.{boundary}"'.encode()
    start = b"\r\n".join([*own, mixed, b"", f"--=_mixed.{boundary}".encode(), *content, b"", b""])
    return start + body.removesuffix(b"\r\n")


def part_head(file: AttachedFile, boundary: str) -> bytes:
    """Return the headers of a file's part. Its base64 follows."""
    return (
        f"\r\n--=_mixed.{boundary}\r\nContent-Type: {file.type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {file_name_parameters(file.name)}\r\n\r\n"
    ).encode()


def end_of_mixed(boundary: str) -> bytes:
    """Return the end of the message."""
    return f"\r\n--=_mixed.{boundary}--\r\n".encode()


def file_name_parameters(name: str) -> str:
    """Return a file name as parameters of Content-Disposition: quoted if it is short ASCII, else by RFC 2231."""
    if name.isascii() and len(name) <= MAX_LINE_VALUE and not set(name) & set('"\\%'):
        return f'filename="{name}"'
    pieces: list[str] = [""]
    for character in name:
        encoded = quote(character, safe="")
        if len(pieces[-1]) + len(encoded) > MAX_LINE_VALUE:
            pieces.append("")
        pieces[-1] += encoded
    if len(pieces) == 1:
        return f"filename*=utf-8''{pieces[0]}"
    pieces[0] = f"utf-8''{pieces[0]}"
    return ";\r\n ".join(f"filename*{number}*={piece}" for number, piece in enumerate(pieces))
