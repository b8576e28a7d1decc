"""Check whether a text can be stored and sent, and make untrusted text storable."""

import re

from api.codes.request_errors.inputs import InputCode
from strategies.codes import Message

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
    if text.isprintable():  # the usual case: it has no surrogates and no control characters
        return None
    if problem := text_problem(text):
        return problem
    if _NOT_IN_HEADERS.search(text):
        return InputCode.INVALID_TEXT.message()
    return None


def storable_text(text: str, max_length: int = 2_000) -> str:
    """Return untrusted text in a form that both databases can store.

    It is cut to ``max_length`` characters. NUL and lone surrogates become U+FFFD.
    """
    text = text[:max_length]
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\x00", "\ufffd")
