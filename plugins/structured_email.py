"""The parts of an email, for channels whose service takes fields instead of a whole message."""

from dataclasses import dataclass
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import Parser
from email.utils import getaddresses
from typing import Any

OWN_FIELDS = frozenset({"from", "to", "cc", "subject", "mime-version"})
"""Headers that have a field of their own, or that only describe the form of the message."""


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address in a header, with the name beside it."""

    address: str
    """Such as "ann@example.com". Its domain is in ASCII."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class EmailAttachment:
    """A file of an email."""

    name: str
    """The file name that the recipient sees."""
    type: str
    """The media type, such as "application/pdf"."""
    content: bytes


@dataclass(frozen=True, slots=True)
class StructuredEmail:
    """An email as separate parts. It is read from the bytes of the message, so both always agree."""

    sender: EmailAddress
    """The mailbox in From."""
    to: tuple[EmailAddress, ...]
    cc: tuple[EmailAddress, ...]
    subject: str
    text: str
    """The text part. Lines end with a line feed."""
    html: str
    """The HTML part. Lines end with a line feed."""
    headers: tuple[tuple[str, str], ...]
    """All other headers except those that describe the form of the message, decoded and on one line each, in order.

    Examples: Date, Message-ID, In-Reply-To, References, List-Unsubscribe. Give them to the service as they are:
    threads and unsubscribing depend on them.
    """
    attachments: tuple[EmailAttachment, ...] = ()

    @classmethod
    def read(cls, message: bytes) -> "StructuredEmail":
        """Read the parts of a message in RFC 5322 format."""
        # Only addresses can have other characters than ASCII (RFC 6532).
        parsed = Parser(policy=policy.default).parsestr(message.decode("utf-8", "surrogateescape"))
        plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
        senders = _addresses(parsed, "from")
        return cls(
            sender=senders[0] if senders else EmailAddress(""),
            to=_addresses(parsed, "to"),
            cc=_addresses(parsed, "cc"),
            subject=str(parsed["subject"] or ""),
            text=_text(plain),
            html=_text(html),
            headers=tuple((name, str(value)) for name, value in parsed.items() if _is_other(name)),
            attachments=tuple(_attachment(part) for part in parsed.iter_attachments()) if html is not parsed else (),
        )


def _is_other(name: str) -> bool:
    return name.lower() not in OWN_FIELDS and not name.lower().startswith("content-")


def _addresses(parsed: EmailMessage, name: str) -> tuple[EmailAddress, ...]:
    # The headers of policy.default put spaces between the encoded words of a long name (until Python 3.14).
    raw = ["".join(str(value).splitlines()) for key, value in parsed.raw_items() if key.lower() == name]
    return tuple(EmailAddress(address, _decoded(shown)) for shown, address in getaddresses(raw))


def _decoded(name: str) -> str:
    return str(make_header(decode_header(name))) if "=?" in name else name


def _text(part: Any) -> str:
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _attachment(part: Any) -> EmailAttachment:
    return EmailAttachment(part.get_filename() or "", part.get_content_type(), part.get_payload(decode=True) or b"")
