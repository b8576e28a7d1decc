"""Checks text for emails, and converts rendered HTML into the text part."""

import re

from api.codes.inputs import InputCode
from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.inline_limits import require_quick_html
from api.mail.plain_text import plain_text
from strategies.codes import Message

TEXT_CACHE_BYTES = 8_000_000
"""Size of the cache of text parts with their HTML, in bytes."""

_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def text_problem(text: str) -> Message | None:
    """Return why a text cannot be stored or sent; None if it can."""
    if _SURROGATE.search(text):
        return InputCode.INVALID_TEXT.message("surrogate")
    if "\x00" in text:
        return InputCode.INVALID_TEXT.message("nul")
    return None


def header_problem(text: str) -> Message | None:
    """Return why a text cannot be a header of an email; None if it can."""
    if problem := text_problem(text):
        return problem
    if _NOT_IN_HEADERS.search(text):
        return InputCode.INVALID_TEXT.message()
    return None


@cached_in(Cache[str](TEXT_CACHE_BYTES, text_bytes))
def text_from_html(html: str) -> str:
    """Return the text part for a rendered HTML part. Raises SlowWorkError within ``run_quick``."""
    require_quick_html(html)
    return plain_text(html)


def storable_text(text: str, max_length: int = 2_000) -> str:
    """Return untrusted text in a form that both databases can store.

    It is cut to ``max_length`` characters. NUL and lone surrogates become U+FFFD.
    """
    return _SURROGATE.sub("\ufffd", text[:max_length]).replace("\x00", "\ufffd")
