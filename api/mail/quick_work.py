"""What may be done with templates and HTML in the event loop's own process: what is provably quick.

Everything else is done in worker processes. There, and in tests, nothing is restricted: the same functions run. In the
server's process they run within ``run_quick``, and raise SlowWorkError before they begin with something that may take
long. Joining the texts and values of a template that is no more than that is always quick.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, ParamSpec, TypeVar

Value = TypeVar("Value")
Given = ParamSpec("Given")

QUICK_TEMPLATE_LENGTH = 20_000
"""Characters up to which a template of text and fields is read in the server's process."""
MAX_QUICK_FIELDS = 100
"""Fields up to which it is."""
QUICK_HTML_LENGTH = 8_000
"""Characters up to which HTML is made safe, and text is made of it, in the server's process."""
MAX_QUICK_ELEMENTS = 200
"""Tags, and entities, up to which it is."""
QUICK_THREAD_LENGTH = 200_000
"""Characters of an email and of the earlier ones that it quotes, together, up to which it is composed there."""

_FIELD = re.compile(
    r"\{\{-?\s{0,20}+[A-Za-z_][\w-]{0,100}+\s{0,20}+"
    r"(?:\|\s{0,20}+default\s{0,20}+:\s{0,20}+(?:\"[^\"{}]{0,500}+\"|'[^'{}]{0,500}+')\s{0,20}+)?+-?\}\}"
    r"|\{\{\s{0,20}+![^{}]{0,500}+\}\}"
)
_READ_BY_HAND = re.compile(r"<style|<!--", re.IGNORECASE)
_quick_only: ContextVar[bool] = ContextVar("quick_only", default=False)


class TemplateFact(NamedTuple):
    """Something about a template that a worker can find out and the server's process can keep."""

    subject: str
    arguments: tuple[Any, ...]


class SlowWorkError(Exception):
    """This has to be done by a worker process. ``lesson`` None: once for each email."""

    def __init__(self, lesson: TemplateFact | None = None) -> None:
        super().__init__("this has to be done by a worker process")
        self.lesson = lesson


def run_quick(function: Callable[Given, Value], *args: Given.args, **given: Given.kwargs) -> Value:
    """Call a function that may only do what is quick. Raises SlowWorkError, and what the function raises."""
    token = _quick_only.set(True)
    try:
        return function(*args, **given)
    finally:
        _quick_only.reset(token)


def need_quick_template(source: str, lesson: TemplateFact | None = None) -> None:
    """Go on where a template may be read here. Raises SlowWorkError."""
    if _quick_only.get() and not is_quick_template(source):
        raise SlowWorkError(lesson)


def need_quick_html(html: str, lesson: TemplateFact | None = None) -> None:
    """Go on where HTML may be made safe here. Raises SlowWorkError."""
    if _quick_only.get() and not is_quick_html(html):
        raise SlowWorkError(lesson)


def need_quick_size(characters: int) -> None:
    """Go on where so much text may be composed here. Raises SlowWorkError."""
    if characters > QUICK_THREAD_LENGTH and _quick_only.get():
        raise SlowWorkError


def need_worker() -> None:
    """Go on in a worker only. Raises SlowWorkError."""
    if _quick_only.get():
        raise SlowWorkError


def is_quick_template(source: str) -> bool:
    """Whether a template is short, and nothing but text, a few fields and field prompts. Linear in its length."""
    if len(source) > QUICK_TEMPLATE_LENGTH or "{%" in source or "{#" in source:
        return False
    tags = source.count("{{")
    if not tags:
        return "%7b%7b" not in source.lower()
    return tags <= MAX_QUICK_FIELDS and len(_FIELD.findall(source)) == tags and "%7b%7b" not in source.lower()


def is_quick_html(html: str) -> bool:
    """Whether HTML is short, with few elements, and without the stylesheets and comments that are read by hand."""
    return (
        len(html) <= QUICK_HTML_LENGTH
        and not _READ_BY_HAND.search(html)
        and html.count("<") <= MAX_QUICK_ELEMENTS
        and html.count("&") <= MAX_QUICK_ELEMENTS
        and html.count(";") <= MAX_QUICK_ELEMENTS
    )
