"""Encodes an email (RFC 5322, MIME). The email package of the standard library takes 3 ms per email.

Every header value is checked, so that a name cannot inject a header. Everything is ASCII except non-ASCII addresses,
which need a server with SMTPUTF8 (RFC 6532).
"""

import binascii
import re
from collections.abc import Iterable
from itertools import groupby

import idna

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.message.header_lines import ENCODED_LINE_LENGTH, LINE_LENGTH, encoded_words, fold, longest_line_length
from api.mail.text_checks import header_problem

HEADER_CACHE_BYTES = 4_000_000
"""Size of the cache for each kind of header value, in bytes."""
_MAILBOX_COLUMN = len("From: ")
_MAX_WORD_LENGTH = 450
_MAX_ADDR_SPEC_BYTES = 900
_MAX_URL_LENGTH = 900
"""Limits of values that cannot be folded, so that lines have at most 998 characters. Quoting can double a word."""
_ATOM = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]{{1,{_MAX_WORD_LENGTH}}}")
_ATOMS = re.compile(rf"{_ATOM.pattern}(?: {_ATOM.pattern})*")
_LOCAL = re.compile(r'[^\s<>()\[\]:;,"\\@\x00-\x20\x7f]+')
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+|\[[A-Za-z0-9:.-]+\]")
_URL = re.compile(r"[!-;=?-~]+")
_NEWLINE = re.compile(r"\r\n|\r|\n")


class UnencodableError(ValueError):
    """A value cannot be encoded in an email. The message is one sentence with the reason."""


def assemble(headers: Iterable[tuple[str, str]], text: str, html: str, boundary: str) -> bytes:
    """Return an email with a text and an HTML part. The functions below encode the header values."""
    head = "".join([f"{name}: {value}\r\n" for name, value in headers])
    # Quoted-printable never contains "=_", so no body can contain the boundary.
    delimiter = f"--=_{boundary}"
    start = (
        f"{head}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="=_{boundary}"\r\n\r\n'
        f"{delimiter}\r\n{_PLAIN_PART}"
    )
    between = f"\r\n{delimiter}\r\n{_HTML_PART}"
    end = f"\r\n{delimiter}--\r\n"
    return b"".join((start.encode(), quoted_printable(text), between.encode(), quoted_printable(html), end.encode()))


_PART = 'Content-Type: text/{}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
_PLAIN_PART, _HTML_PART = _PART.format("plain"), _PART.format("html")


def quoted_printable(text: str) -> bytes:
    """Encode a body in quoted-printable with CRLF. It ends with a line break. Raises UnencodableError."""
    try:
        plain = (_NEWLINE.sub("\n", text) if "\r" in text else text).replace("\n", "\r\n").encode()
    except UnicodeEncodeError as problem:
        raise UnencodableError("The text has broken Unicode (a lone surrogate).") from problem
    # The encoder uses the first line break of its input, here CRLF, for its soft line breaks.
    return binascii.b2a_qp(plain if plain.endswith(b"\r\n") else plain + b"\r\n")


@cached_in(Cache[str](HEADER_CACHE_BYTES, text_bytes))
def unstructured(name: str, value: str) -> str:
    """Encode the text of a header such as Subject, in encoded words if ASCII is not enough. Raises UnencodableError."""
    _check_header(name, value)
    column = len(name) + 2
    if value.isascii() and "=?" not in value and value == value.strip():
        text = fold(value, column)
        if column + len(value) <= LINE_LENGTH or longest_line_length(text, column) <= LINE_LENGTH:
            return text
    return "\r\n ".join(encoded_words(value, column))


def mailbox(name: str, address: str) -> str:
    """Encode ``name <address>`` for a header such as From. Raises UnencodableError."""
    spec = addr_spec(address)
    _check_header("name", name)
    if not name or name.isspace():
        return spec
    if (
        not name.isascii()
        or "=?" in name
        or (len(name) > _MAX_WORD_LENGTH and max(map(len, name.split(" "))) > _MAX_WORD_LENGTH)
    ):
        return fold(f"{_phrase(name)} <{spec}>", _MAILBOX_COLUMN, ENCODED_LINE_LENGTH)
    if not _ATOMS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return fold(f"{name} <{spec}>", _MAILBOX_COLUMN)


sender_mailbox = cached_in(Cache[str](HEADER_CACHE_BYTES, text_bytes))(mailbox)
"""``mailbox`` for an address that many emails share. Caching a recipient's address takes longer than encoding it."""


def _phrase(name: str) -> str:
    """Encode a name. Words of plain ASCII are not encoded.

    The space between a plain and an encoded word is part of the name. The space between two encoded words is not, which
    some parsers get wrong (Python's until 3.14), so consecutive words are encoded as one.
    """
    if name != " ".join(name.split()):
        return " ".join(encoded_words(name, _MAILBOX_COLUMN))
    parts: list[str] = []
    for is_plain, words in groupby(name.split(" "), lambda word: bool(_ATOM.fullmatch(word)) and "=?" not in word):
        text = " ".join(words)
        parts += [text] if is_plain else encoded_words(text, 1 if parts else _MAILBOX_COLUMN)
    return " ".join(parts)


def addr_spec(address: str) -> str:
    """Encode an address for a header or SMTP: its domain in ASCII (IDNA 2008). Raises UnencodableError."""
    local, _, domain = address.rpartition("@")
    if not _LOCAL.fullmatch(local) or not local.isprintable():
        raise UnencodableError(f"{address!r} is not a valid address: the part before the @ is invalid.")
    try:
        ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as problem:
        raise UnencodableError(f"{address!r} is not a valid address: {problem}.") from problem
    if not _DOMAIN.fullmatch(ascii_domain):
        raise UnencodableError(f"{address!r} is not a valid address: the part after the @ is invalid.")
    spec = f"{local}@{ascii_domain}"
    if len(spec.encode()) > _MAX_ADDR_SPEC_BYTES:
        raise UnencodableError(f"{address[:100]!r} is too long for an address.")
    return spec


def addresses(values: Iterable[str]) -> str:
    """Encode addresses without names for a header such as Cc, one per line. Raises UnencodableError."""
    return ",\r\n ".join(map(addr_spec, values))


def bracketed_url(value: str) -> str:
    """Return ``<URL>`` for a header such as List-Unsubscribe. Raises UnencodableError."""
    if not _URL.fullmatch(value) or len(value) > _MAX_URL_LENGTH:
        raise UnencodableError(f"{value[:100]!r} cannot be a link in a header.")
    return f"<{value}>"


def message_ids(values: Iterable[str]) -> str:
    """Encode Message-IDs for a header such as References, one per line. Raises UnencodableError."""
    encoded = list(values)
    for value in encoded:
        if (
            not (value.startswith("<") and value.endswith(">") and _URL.fullmatch(value[1:-1]))
            or len(value) > _MAX_URL_LENGTH
        ):
            raise UnencodableError(f"{value[:100]!r} is not a valid Message-ID.")
    return "\r\n ".join(encoded)


def _check_header(name: str, value: str) -> None:
    if problem := header_problem(value):
        raise UnencodableError(f"The {name.lower()} cannot be used in an email: {problem.sentence}")
