"""Text that may stand in an email: one line for headers, text made from HTML."""

import re

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.plain_text import plain_text
from api.mail.quick_work import need_quick_html

TEXT_CACHE_BYTES = 8_000_000
"""Bytes of text parts, with their HTML, that a process keeps."""

_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def text_problem(text: str) -> str | None:
    """Say what keeps a text from being stored or sent; None for nothing."""
    if _SURROGATE.search(text):
        return "This text has half of a character (a lone surrogate), which no email can carry."
    if "\x00" in text:
        return "This text has a NUL character."
    return None


def header_problem(text: str) -> str | None:
    """Say what keeps a text from standing in one line of an email's header; None for nothing."""
    if problem := text_problem(text):
        return problem
    if _HEADER.search(text):
        return "This text must be one line, without line breaks or control characters."
    return None


@cached_in(Cache[str](TEXT_CACHE_BYTES, text_bytes))
def text_from_html(html: str) -> str:
    """Return the text part for an HTML part that is rendered: braces in it are no fields any more."""
    need_quick_html(html)
    return plain_text(html)


def storable(text: str, most: int = 2_000) -> str:
    """Return what a stranger's program said as it can be kept: no NUL, no half characters, ``most`` characters."""
    return _SURROGATE.sub("\ufffd", text[:most]).replace("\x00", "\ufffd")
