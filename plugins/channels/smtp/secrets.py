"""Keep logins out of what is kept and shown: a server may repeat what it was sent."""

import base64
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

SHORT = 4
"""A secret of fewer characters is an ordinary word or number somewhere: it is redacted only where it is marked."""


def one_line(text: str) -> str:
    """Return a text in one line of 500 characters at most."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:500]


def redact(text: str, username: str | None, secrets: Iterable[str]) -> str:
    """Replace secrets by ``***``: whole values only, never a part of another word."""
    pattern = _pattern(username or "", tuple(secrets))
    return pattern.sub("***", text) if pattern is not None else text


@lru_cache(maxsize=256)
def _pattern(username: str, secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    parts = [_whole(form) for form in sorted({*_forms(username, secrets)}, key=len, reverse=True)]
    return re.compile("|".join(parts)) if parts else None


def _forms(username: str, secrets: tuple[str, ...]) -> Iterator[str]:
    """Return how secrets are written: as they are, in a URL, and as the logins send them (base64)."""
    for secret in filter(None, secrets):
        yield from (secret, quote(secret, safe=""), quote(secret))
        user, word = username.encode(), secret.encode()
        xoauth2 = b"user=" + user + b"\x01auth=Bearer " + word + b"\x01\x01"
        for login in (b"\0" + user + b"\0" + word, user + b"\0" + user + b"\0" + word, word, xoauth2):
            yield from {base64.b64encode(login).decode(), base64.b64encode(login).decode().rstrip("=")}


def _whole(form: str) -> str:
    """Return the pattern of a value that stands by itself, or, where it is short, that is marked as a value."""
    if len(form) < SHORT:
        return rf"(?:(?<=[\"'<(\[=])|(?<=[Pp]assword: )){re.escape(form)}(?=[\"'>)\],;]|[.]?(?:\s|$))"
    return rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])"
