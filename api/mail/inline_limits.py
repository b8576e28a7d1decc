"""Limits for the work on templates and HTML that may run in the event loop.

All other work runs in worker processes, which call the same functions without these limits. The server's process calls
them through ``run_quick``, and they raise SlowWorkError before work that may take long. Joining the texts and values of
a simple template is always quick.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, ParamSpec, TypeVar

Value = TypeVar("Value")
Params = ParamSpec("Params")

QUICK_TEMPLATE_LENGTH = 20_000
"""Longest template of text and fields that is parsed in the server's process, in characters."""
MAX_QUICK_FIELDS = 100
"""Most fields in such a template."""
QUICK_HTML_LENGTH = 8_000
"""Longest HTML that is sanitized and converted to text in the server's process, in characters."""
MAX_QUICK_ELEMENTS = 200
"""Most tags, and most character references, in such HTML."""
QUICK_THREAD_LENGTH = 200_000
"""Longest email that is composed in the server's process, in characters, including the emails that it quotes."""

_FIELD = re.compile(
    r"\{\{-?\s{0,20}+[A-Za-z_][\w-]{0,100}+\s{0,20}+"
    r"(?:\|\s{0,20}+default\s{0,20}+:\s{0,20}+(?:\"[^\"{}]{0,500}+\"|'[^'{}]{0,500}+')\s{0,20}+)?+-?\}\}"
    r"|\{\{\s{0,20}+![^{}]{0,500}+\}\}"
)
_STYLE_OR_COMMENT = re.compile(r"<style|<!--", re.IGNORECASE)
_quick_only: ContextVar[bool] = ContextVar("quick_only", default=False)


class TemplateFact(NamedTuple):
    """A function of a template that a worker computes and the server's process caches."""

    name: str
    """``form``, ``frame`` or ``fields``."""
    arguments: tuple[Any, ...]


class SlowWorkError(Exception):
    """The work must be done in a worker process. ``fact`` is the fact to compute; None if the work is per email."""

    def __init__(self, fact: TemplateFact | None = None) -> None:
        super().__init__("this work must be done in a worker process")
        self.fact = fact


def run_quick(function: Callable[Params, Value], *args: Params.args, **kwargs: Params.kwargs) -> Value:
    """Call a function that may only do quick work. Raises SlowWorkError, and what the function raises."""
    token = _quick_only.set(True)
    try:
        return function(*args, **kwargs)
    finally:
        _quick_only.reset(token)


def require_quick_template(source: str, fact: TemplateFact | None = None) -> None:
    """Raise SlowWorkError if a template must be parsed in a worker."""
    if _quick_only.get() and not is_quick_template(source):
        raise SlowWorkError(fact)


def require_quick_html(html: str, fact: TemplateFact | None = None) -> None:
    """Raise SlowWorkError if HTML must be sanitized in a worker."""
    if _quick_only.get() and not is_quick_html(html):
        raise SlowWorkError(fact)


def require_quick_size(characters: int) -> None:
    """Raise SlowWorkError if an email of this size must be composed in a worker."""
    if characters > QUICK_THREAD_LENGTH and _quick_only.get():
        raise SlowWorkError


def require_worker() -> None:
    """Raise SlowWorkError unless this is a worker."""
    if _quick_only.get():
        raise SlowWorkError


def is_quick_template(source: str) -> bool:
    """Say whether a template is short and has only text, a few fields and field prompts. Takes linear time."""
    if len(source) > QUICK_TEMPLATE_LENGTH or "{%" in source or "{#" in source:
        return False
    tags = source.count("{{")
    if not tags:
        return "%7b%7b" not in source.lower()
    return tags <= MAX_QUICK_FIELDS and len(_FIELD.findall(source)) == tags and "%7b%7b" not in source.lower()


def is_quick_html(html: str) -> bool:
    """Say whether HTML is short and has few elements, no stylesheets and no comments."""
    return (
        len(html) <= QUICK_HTML_LENGTH
        and not _STYLE_OR_COMMENT.search(html)
        and html.count("<") <= MAX_QUICK_ELEMENTS
        and html.count("&") <= MAX_QUICK_ELEMENTS
        and html.count(";") <= MAX_QUICK_ELEMENTS
    )
