"""Assembles the bytes of an email (RFC 5322, MIME). The standard library takes 3 ms for each.

Every header value is checked first, so that a name cannot inject a header. Everything is ASCII except non-ASCII
addresses, which need a server with SMTPUTF8 (RFC 6532).
"""

import binascii
import re
from collections.abc import Iterable
from itertools import groupby

import idna

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.clean import header_problem
from api.mail.message.header_lines import ENCODED_LINE_LENGTH, LINE_LENGTH, encoded_words, folded, longest_line

HEADER_CACHE_BYTES = 4_000_000
"""Size of the cache of each kind of header value, in bytes."""
_MAILBOX_COLUMN = len("From: ")
_MAX_WORD_LENGTH = 450
_MAX_ADDR_SPEC_BYTES = 900
_MAX_URL_LENGTH = 900
"""Limits of values that cannot be folded, so that their lines stay below 998 characters. Quoting may double a word."""
_ATOM = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]{{1,{_MAX_WORD_LENGTH}}}")
_ATOMS = re.compile(rf"{_ATOM.pattern}(?: {_ATOM.pattern})*")
_LOCAL = re.compile(r'[^\s<>()\[\]:;,"\\@\x00-\x20\x7f]+')
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+|\[[A-Za-z0-9:.-]+\]")
_URL = re.compile(r"[!-;=?-~]+")
_NEWLINE = re.compile(r"\r\n|\r|\n")


class UnencodableError(ValueError):
    """A value cannot be encoded in an email."""


def assemble(headers: Iterable[tuple[str, str]], text: str, html: str, boundary: str) -> bytes:
    """Return an email with a text and an HTML part. The functions below make the header values."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    # Quoted-printable never contains "=_", so no body can contain the boundary.
    limit = f"--=_{boundary}"
    start = (
        f"{head}MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative;\r\n boundary="=_{boundary}"\r\n\r\n'
        f"{limit}\r\n{_PART.format('plain')}"
    )
    between = f"\r\n{limit}\r\n{_PART.format('html')}"
    return b"".join((start.encode(), quoted(text), between.encode(), quoted(html), f"\r\n{limit}--\r\n".encode()))


_PART = 'Content-Type: text/{}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def quoted(text: str) -> bytes:
    """Return a body in quoted-printable with CRLF, ending with a line break. Raises UnencodableError."""
    try:
        plain = (_NEWLINE.sub("\n", text) if "\r" in text else text).replace("\n", "\r\n").encode()
    except UnicodeEncodeError as problem:
        raise UnencodableError("The text has broken Unicode (a lone surrogate).") from problem
    # The encoder copies the form of the first line break for its soft breaks.
    return binascii.b2a_qp(plain if plain.endswith(b"\r\n") else plain + b"\r\n")


@cached_in(Cache[str](HEADER_CACHE_BYTES, text_bytes))
def unstructured(name: str, value: str) -> str:
    """Return a header's text: as it is where ASCII lines hold it, else in encoded words. Raises UnencodableError."""
    _check(name, value)
    column = len(name) + 2
    if value.isascii() and "=?" not in value and value == value.strip():
        text = folded(value, column)
        if column + len(value) <= LINE_LENGTH or longest_line(text, column) <= LINE_LENGTH:
            return text
    return "\r\n ".join(encoded_words(value, column))


@cached_in(Cache[str](HEADER_CACHE_BYTES, text_bytes))
def mailbox(name: str, address: str) -> str:
    """Return ``name <address>`` for a header. Raises UnencodableError."""
    spec = addr_spec(address)
    _check("name", name)
    if not name or name.isspace():
        return spec
    if (
        not name.isascii()
        or "=?" in name
        or (len(name) > _MAX_WORD_LENGTH and max(map(len, name.split(" "))) > _MAX_WORD_LENGTH)
    ):
        return folded(f"{_phrase(name)} <{spec}>", _MAILBOX_COLUMN, ENCODED_LINE_LENGTH)
    if not _ATOMS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return folded(f"{name} <{spec}>", _MAILBOX_COLUMN)


def _phrase(name: str) -> str:
    """Return a name in encoded words, but for the words that need no code.

    Readers take the space between a plain and an encoded word as it is. Between two encoded words it does not count,
    which some readers get wrong (Python's until 3.14), so there are as few such places as can be.
    """
    if name != " ".join(name.split()):
        return " ".join(encoded_words(name, _MAILBOX_COLUMN))
    parts: list[str] = []
    for plain, words in groupby(name.split(" "), lambda word: bool(_ATOM.fullmatch(word)) and "=?" not in word):
        text = " ".join(words)
        parts += [text] if plain else encoded_words(text, 1 if parts else _MAILBOX_COLUMN)
    return " ".join(parts)


@cached_in(Cache[str](HEADER_CACHE_BYTES, text_bytes))
def addr_spec(address: str) -> str:
    """Return an address with its domain in ASCII (IDNA 2008). Raises UnencodableError."""
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


def url(value: str) -> str:
    """Return ``<value>`` for a header that lists links. Raises UnencodableError."""
    if not _URL.fullmatch(value) or len(value) > _MAX_URL_LENGTH:
        raise UnencodableError(f"{value[:100]!r} cannot be a link in a header.")
    return f"<{value}>"


def ids(values: Iterable[str]) -> str:
    """Return Message-IDs for a header, one on each line. Raises UnencodableError."""
    known = list(values)
    for value in known:
        if (
            not (value.startswith("<") and value.endswith(">") and _URL.fullmatch(value[1:-1]))
            or len(value) > _MAX_URL_LENGTH
        ):
            raise UnencodableError(f"{value[:100]!r} is not a valid Message-ID.")
    return "\r\n ".join(known)


def _check(name: str, value: str) -> None:
    if problem := header_problem(value):
        raise UnencodableError(f"The {name.lower()} cannot be used in an email: {problem}")
