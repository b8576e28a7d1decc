"""Text that may stand in an email: one line for headers, safe HTML for bodies, text made from HTML."""

import re
from functools import lru_cache

import nh3

from api.mail.plain_text import plain_text, template_text

_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_FIELD = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {"*": {"style", "align", "dir"}}


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


def clean_html(html: str) -> str:
    """Remove from HTML what may not be in an email: scripts, handlers, frames. Dynamic fields stay as they are."""
    fields: list[str] = []

    def keep(match: re.Match[str]) -> str:
        fields.append(match.group())
        return f"touchline-field-{len(fields) - 1}-x"

    # Fields are set aside, because their quotes and bars would be escaped.
    cleaned = nh3.clean(_FIELD.sub(keep, html), attributes=_ATTRIBUTES)
    for number, field in enumerate(fields):
        cleaned = cleaned.replace(f"touchline-field-{number}-x", field)
    return cleaned


@lru_cache(maxsize=512)
def text_from_html(html: str) -> str:
    """Return the text part for an HTML part that is final."""
    return plain_text(html)


@lru_cache(maxsize=512)
def template_from_html(html: str) -> str:
    """Return the template of the text part for that of an HTML part, dynamic fields included."""
    return template_text(html)


def storable(text: str, most: int = 2_000) -> str:
    """Return what a stranger's program said as it can be kept: no NUL, no half characters, ``most`` characters."""
    return _SURROGATE.sub("\ufffd", text[:most]).replace("\x00", "\ufffd")
