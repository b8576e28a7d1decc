"""Remove passwords and tokens from a server's text before it is stored or shown."""

import base64
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

MIN_UNMARKED_CHARACTERS = 4
"""A shorter secret can be an ordinary word. It is redacted only in quotes, in brackets or after "password:"."""


def one_line(text: str) -> str:
    """Return a text in one line of up to 500 characters."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(text.split())[:500]


def redact(text: str, username: str | None, secrets: Iterable[str]) -> str:
    """Replace secrets with ``***``, but not inside other words."""
    pattern = _pattern(username or "", tuple(secrets))
    return pattern.sub("***", text) if pattern is not None else text


@lru_cache(maxsize=256)
def _pattern(username: str, secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    parts = [_whole(form) for form in sorted({*_forms(username, secrets)}, key=len, reverse=True)]
    return re.compile("|".join(parts)) if parts else None


def _forms(username: str, secrets: tuple[str, ...]) -> Iterator[str]:
    """Yield each form of the secrets: plain, percent-encoded, and in base64 as in a login."""
    for secret in filter(None, secrets):
        yield from (secret, quote(secret, safe=""), quote(secret))
        user, word = username.encode(), secret.encode()
        xoauth2 = b"user=" + user + b"\x01auth=Bearer " + word + b"\x01\x01"
        for login in (b"\0" + user + b"\0" + word, user + b"\0" + user + b"\0" + word, word, xoauth2):
            yield from {base64.b64encode(login).decode(), base64.b64encode(login).decode().rstrip("=")}


def _whole(form: str) -> str:
    """Return the pattern of a separate word. A short form must also be marked as a value."""
    if len(form) < MIN_UNMARKED_CHARACTERS:
        return rf"(?:(?<=[\"'<(\[=])|(?<=[Pp]assword: )){re.escape(form)}(?=[\"'>)\],;]|[.]?(?:\s|$))"
    return rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])"
