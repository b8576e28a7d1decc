"""Reads a built email back: its headers, its addresses, and its text and HTML parts."""

from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from functools import cached_property
from typing import NamedTuple


class Mailbox(NamedTuple):
    """A name and an address of a header. The name may be empty."""

    name: str
    address: str


class Header(NamedTuple):
    """A header of an email, unfolded. Encoded words (RFC 2047) are kept as they were sent."""

    name: str
    value: str


class SentMessage:
    """An email as it was given to the channel, without the files that are attached to it.

    ``head`` is the beginning of the whole email if it has attachments, because they change its headers.
    """

    def __init__(self, message: bytes, head: bytes | None = None) -> None:
        self.message = message
        self._head = head

    @cached_property
    def headers(self) -> list[Header]:
        """The headers in their order."""
        head = BytesHeaderParser(policy=compat32).parsebytes(self.message if self._head is None else self._head)
        return [Header(name, _unfolded(value)) for name, value in head.raw_items()]

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return "".join(_decoded(value) for value in self._values("subject"))

    def mailboxes(self, name: str) -> list[Mailbox]:
        """Return the mailboxes in a header, such as "to"; none if the email does not have it."""
        return [
            Mailbox(_decoded(shown), address) for shown, address in getaddresses(list(self._values(name))) if address
        ]

    @property
    def html(self) -> str | None:
        """The HTML part with LF as line ends; None if there is none."""
        return self._part("text/html")

    @property
    def text(self) -> str | None:
        """The text part with LF as line ends; None if there is none."""
        return self._part("text/plain")

    def _values(self, name: str) -> Iterator[str]:
        return (header.value for header in self.headers if header.name.lower() == name)

    @cached_property
    def _parsed(self) -> Message:
        return message_from_bytes(self.message, policy=compat32)

    def _part(self, content_type: str) -> str | None:
        """Return the first part of a type, without attachments."""
        for part in self._parsed.walk():
            if part.get_content_type() == content_type and part.get_content_disposition() != "attachment":
                content = part.get_payload(decode=True)
                return content.decode(errors="replace").replace("\r\n", "\n") if isinstance(content, bytes) else None
        return None


def _unfolded(value: object) -> str:
    # The parser marks bytes that are not ASCII, which addresses may contain (RFC 6532).
    text = str(value).encode(errors="surrogateescape").decode(errors="replace")
    return text.replace("\r\n", "").replace("\n", "").strip(" \t")


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value))) if "=?" in value else value
    except (HeaderParseError, LookupError, UnicodeDecodeError):
        return value
