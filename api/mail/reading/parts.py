"""Splits a mail into its parts, in one pass over the data and within limits.

The standard library's parser builds an object for each part, recursively, and takes a minute for hostile mails. This
one reads the beginning of each part, and treats a returned message as one part.
"""

import binascii
import re
from dataclasses import dataclass
from functools import cached_property

from api.mail.reading.charsets import decode_bytes
from api.mail.reading.headers import Headers, read_headers
from api.mail.reading.html_text import text_of_html

MAX_MAIL_BYTES = 4_194_304
"""How much of a mail is read. Text and reports precede large attachments and returned messages."""
MAX_PARTS = 500
MAX_DEPTH = 30
MAX_DELIMITER_LINES = 100_000
"""Lines that begin like a delimiter of parts."""
MAX_TEXT_BYTES = 131_072
"""How much of each part is decoded."""
MAX_READ_BYTES = 524_288
"""How much of all parts together is decoded."""


@dataclass(frozen=True)
class Part:
    """A part without parts of its own, such as a text, an attachment or a returned message."""

    headers: Headers
    raw: bytes
    """Encoded content, cut to MAX_TEXT_BYTES."""

    @property
    def content_type(self) -> str:
        return self.headers.content_type

    @property
    def is_attachment(self) -> bool:
        """Return whether a mail program shows the part as a file."""
        return self.headers.get("content-disposition").lower().lstrip().startswith("attachment")

    @cached_property
    def text(self) -> str:
        """Return the decoded content, with a line feed after each line."""
        encoding = self.headers.get("content-transfer-encoding").strip().lower()
        data = decode_transfer(self.raw, encoding)
        text = decode_bytes(data, self.headers.parameters.get("charset", ""))
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")

    @cached_property
    def plain_text(self) -> str:
        """Return the content as plain text."""
        return text_of_html(self.text) if self.content_type == "text/html" else self.text


@dataclass(frozen=True)
class ReceivedMail:
    """A mail that was split into its parts."""

    headers: Headers
    parts: tuple[Part, ...]
    exceeded: tuple[str, int] | None
    """The limit that the mail exceeds, such as ("parts", 500)."""


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """Decode the content transfer encoding (RFC 2045). Never fails."""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == "base64":
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return binascii.a2b_base64(kept[: len(kept) // 4 * 4])
    return data


def split_mail(data: bytes) -> ReceivedMail:
    """Split a mail into its parts."""
    data = data[:MAX_MAIL_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    headers, start = read_headers(data, 0)
    splitter = _Splitter(data)
    splitter.open_part(headers, start)
    splitter.split(start)
    if not splitter.parts and splitter.exceeded is None:  # the boundary in the header occurs nowhere
        splitter.parts.append(Part(headers, data[start : start + MAX_TEXT_BYTES]))
    return ReceivedMail(headers, tuple(splitter.parts), splitter.exceeded)


class _Splitter:
    """Reads delimiter lines from the beginning to the end and closes a part at each of them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.parts: list[Part] = []
        self.exceeded: tuple[str, int] | None = None
        self._boundaries: list[bytes] = []
        """Boundaries of the multiparts that are open, the outermost first."""
        self._depths: dict[bytes, int] = {}
        self._open: tuple[Headers, int] | None = None
        """Header and offset of the part that is open."""
        self._left = MAX_READ_BYTES

    def open_part(self, headers: Headers, start: int) -> None:
        """Begin a part."""
        boundary = headers.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
        if headers.content_type.startswith("multipart/") and boundary:
            if len(self._boundaries) >= MAX_DEPTH:
                self.exceeded = ("parts inside each other", MAX_DEPTH)
                return
            self._depths.setdefault(boundary, len(self._boundaries))
            self._boundaries.append(boundary)
            self._open = None
        else:
            self._open = (headers, start)

    def split(self, position: int) -> None:
        """Find the delimiter lines from an offset on."""
        position = max(position - 1, 0)
        for _ in range(MAX_DELIMITER_LINES):
            found = self.data.find(b"\n--", position)
            if found < 0 or self.exceeded:
                break
            line_end = self.data.find(b"\n", found + 1, found + 400)
            if line_end < 0:
                position = found + 3
                continue
            position = line_end
            depth, closes = self._delimiter(self.data[found + 3 : line_end].rstrip())
            if depth is None:
                continue
            self._close_part(found)
            self._close_multiparts(depth if closes else depth + 1)
            if not closes:
                headers, start = read_headers(self.data, line_end + 1)
                self.open_part(headers, start)
                position = max(start - 1, line_end)
        self._close_part(len(self.data))

    def _delimiter(self, text: bytes) -> tuple[int | None, bool]:
        """Return the depth of the multipart that a delimiter belongs to, and whether the delimiter closes it."""
        depth = self._depths.get(text)
        if depth is None and text.endswith(b"--"):
            return self._depths.get(text[:-2]), True
        return depth, False

    def _close_part(self, end: int) -> None:
        if self._open is None:
            return
        if len(self.parts) >= MAX_PARTS:
            self.exceeded = ("parts", MAX_PARTS)
            return
        headers, start = self._open
        raw = self.data[start : min(end, start + MAX_TEXT_BYTES, start + self._left)]
        self._left -= len(raw)
        self.parts.append(Part(headers, raw))
        self._open = None

    def _close_multiparts(self, depth: int) -> None:
        """Close the multiparts at this depth and inside it."""
        for boundary in self._boundaries[depth:]:
            if self._depths.get(boundary, -1) >= depth:
                del self._depths[boundary]
        del self._boundaries[depth:]
