"""Reads the header fields of a mail or of one of its parts, in linear time and within limits."""

import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property

from api.mail.reading.charsets import decode_bytes

MAX_HEADER_BYTES = 262_144
"""Longest header of a mail that is read. Gmail accepts 500 KB; headers of people's mails have 5 to 30 KB."""
MAX_FIELDS = 1_000
MAX_LINES = 5_000
"""Lines of a header that are read. The rest of the header is skipped."""
MAX_VALUE_CHARACTERS = 20_000
"""Longest value of a field that is read. References of long threads have up to 10 KB."""
MAX_ENCODED_WORDS = 200
NAME = re.compile(r"[!-9;-~]{1,100}[ \t]{0,10}:")
ENCODED_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?\s]{0,2000})\?=([ \t]{1,20}(?==\?))?")
ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@']{1,128}@[^\s<>()\[\],;:\"@']{1,255}")
QUOTED_LOCAL_PART = re.compile(r"\"([^\"\r\n]{1,64})\"@([\w.-]{1,255})")
COMMENT = re.compile(r"\([^()]{0,200}\)")
PARAMETER = re.compile(
    r";\s{0,20}([\w!#$&.+^`|~-]{1,60})(\*\d{1,3})?(\*)?\s{0,20}=\s{0,20}(\"[^\"]{0,1000}\"?|[^\s;\"]{0,1000})"
)


class Headers:
    """The fields of a header, in their order. Names are in lower case."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.fields = fields
        self._first: dict[str, str] = {}
        for name, value in fields:
            self._first.setdefault(name, value)

    def __contains__(self, name: str) -> bool:
        return name in self._first

    def __bool__(self) -> bool:
        return bool(self.fields)

    def get(self, name: str) -> str:
        """Return the value of the first field of this name, or an empty text."""
        return self._first.get(name, "")

    def get_all(self, *names: str) -> list[str]:
        """Return the values of all fields of these names."""
        return [value for name, value in self.fields if name in names]

    def text(self, name: str) -> str:
        """Return the value of a field with its encoded words (RFC 2047) decoded."""
        return decode_words(self.get(name))

    def addresses(self, *names: str) -> tuple[str, ...]:
        """Return each address in the fields of these names, once."""
        found = (address for value in self.get_all(*names) for address in addresses_in(value))
        return tuple(dict.fromkeys(found))

    @property
    def date(self) -> datetime | None:
        """Return the time in the header Date, or None if it is missing or not readable."""
        try:
            date = parsedate_to_datetime(self.get("date")[:200])
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        return date if date.tzinfo is not None else None

    @cached_property
    def content_type(self) -> str:
        """Return the media type in lower case, such as "text/plain"."""
        value = COMMENT.sub("", self.get("content-type")[:200]).partition(";")[0]
        return value.strip().strip("\"'").lower() or "text/plain"

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Return the parameters of Content-Type, with continuations (RFC 2231) joined. Names are in lower case."""
        pieces: dict[str, list[str]] = {}
        for name, _number, _star, value in PARAMETER.findall(self.get("content-type")):
            plain = value[1:].removesuffix('"') if value.startswith('"') else value
            pieces.setdefault(name.lower(), []).append(plain)
        return {name: "".join(values) for name, values in pieces.items()}


def read_headers(data: bytes, start: int) -> tuple[Headers, int]:
    """Return the header that begins at an offset, and the offset of the body. Lines end with a line feed."""
    lines: list[str] = []
    position, end = start, min(len(data), start + MAX_HEADER_BYTES)
    while position < end:
        line_end = data.find(b"\n", position, end)
        line_end = end if line_end < 0 else line_end
        line = decode_bytes(data[position : min(line_end, position + MAX_VALUE_CHARACTERS)])
        if not line.strip(" \t\0"):
            position = line_end + 1
            if lines or line.strip(" \t"):
                break
            continue
        if not _belongs_to_header(line, lines):
            break
        lines.append(line)
        position = line_end + 1
        if len(lines) >= MAX_LINES:
            end_of_header = data.find(b"\n\n", line_end, end)
            position = end if end_of_header < 0 else end_of_header + 2
            break
    return Headers(list(_fields(lines))), min(position, len(data))


def _belongs_to_header(line: str, lines: list[str]) -> bool:
    """Return whether a line is a field, a continuation, or the envelope line of a mailbox file."""
    if NAME.match(line) or (lines and line[0] in " \t"):
        return True
    return not lines and line.startswith(("From ", ">From "))


def _fields(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Join the lines of each field."""
    name, values, size, count = "", list[str](), 0, 0
    for line in lines:
        if line[0] in " \t":
            if size < MAX_VALUE_CHARACTERS:
                values.append(line.strip())
                size += len(line)
            continue
        if name:
            yield name, " ".join(values)
        count += 1
        if count > MAX_FIELDS:
            return
        found = NAME.match(line)
        name = found[0][:-1].rstrip().lower() if found else ""
        values, size = [line[found.end() :].strip()] if found else [], len(line)
    if name:
        yield name, " ".join(values)


def decode_words(text: str) -> str:
    """Decode encoded words (RFC 2047). What cannot be decoded stays as it is."""
    if "=?" not in text:
        return text
    return ENCODED_WORD.sub(_decode_word, text[:MAX_VALUE_CHARACTERS], count=MAX_ENCODED_WORDS)


def _decode_word(word: re.Match[str]) -> str:
    charset, encoding, encoded = word[1].partition("*")[0], word[2].lower(), word[3]
    raw = encoded.encode("utf-8", "replace")
    if encoding == "b":
        try:
            data = binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
        except binascii.Error:
            return word[0]
    else:
        data = binascii.a2b_qp(raw, header=True)
    return decode_bytes(data, charset)


def addresses_in(text: str) -> list[str]:
    """Return the addresses in a field or a line, in their order. Addresses in angle brackets count first."""
    text = text[:MAX_VALUE_CHARACTERS]
    if "@" not in text:
        return []
    found = [clean_address(address) for address in ADDRESS.findall(text)]
    quoted = [f'"{local}"@{domain}' for local, domain in QUOTED_LOCAL_PART.findall(text)]
    return [address for address in quoted + found if address]


def clean_address(address: str) -> str:
    """Return an address without surrounding punctuation, or an empty text if it cannot be one."""
    address = address.strip("<>()[]{}\"'`,;:.*!?| \t=\0")
    local, at, domain = address.rpartition("@")
    if not at or not local or not re.fullmatch(r"[^\s@]*\w", domain) or len(address) > 320:
        return ""
    return address
