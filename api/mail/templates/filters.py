"""The filters of templates, with limits for their arguments and results.

Filters whose result can be much larger than their arguments are checked before they run: a chain of nine ``replace``
could otherwise expand ten characters to gigabytes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from liquid import Environment, Markup
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import FilterArgumentError, ResourceLimitError
from liquid.filter import string_filter, with_environment
from liquid.limits import to_int
from liquid.token import Token

from api.mail.templates.dates import date

FILTERS = frozenset(
    {"abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "concat", "date", "default", "divided_by",
     "downcase", "escape", "escape_once", "first", "floor", "join", "last", "lstrip", "minus", "modulo",
     "newline_to_br", "plus", "prepend", "remove", "remove_first", "remove_last", "replace", "replace_first",
     "replace_last", "reverse", "round", "rstrip", "safe", "size", "slice", "sort", "sort_natural", "split", "squish",
     "strip", "strip_html", "strip_newlines", "times", "truncate", "truncatewords", "uniq", "upcase", "url_decode",
     "url_encode"}
)  # fmt: skip
"""The filters that a template may use. ``safe`` has no effect in an email, whose rendered HTML is sanitized."""
MAX_TEXT_LENGTH = 20_000
"""Longest text that a filter reads or returns, in characters."""
MAX_LIST_ITEMS = 1_000
"""Most items of a list or range."""
MAX_NUMBER = 10**18
"""Largest absolute value of a number."""
MAX_ROUND_DIGITS = 20
"""Most decimal digits for ``round``."""
MAX_WORK_CHARACTERS = 5_000_000
"""Most characters that all filters of one rendering read and return. A list item counts as ten characters."""
MAX_ITERATIONS = 10_000
"""Most iterations of all loops of one rendering together."""
_ITEM_CHARACTERS = 10
_STRIPPED = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<name>script|style)\b[^<>]*+>.*?(?:</(?P=name)\s*+>|\Z)|</?[A-Za-z!?][^<>]*+>",
    re.DOTALL | re.IGNORECASE,
)


class FilterLimitError(ResourceLimitError):
    """An argument or result of a filter or range exceeds a limit."""


def set_up_filters(environment: Environment) -> None:
    """Remove all filters from an environment that templates may not use."""
    environment.filters["date"] = date
    environment.filters["strip_html"] = _strip_html
    for name in [*environment.filters]:
        if name not in FILTERS:
            del environment.filters[name]


class Budget:
    """Counts the work of one rendering, up to MAX_WORK_CHARACTERS and MAX_ITERATIONS."""

    def __init__(self) -> None:
        self._work = self._iterations = 0

    def start_loop(self, length: int) -> None:
        """Count the iterations of a loop that starts. Raises FilterLimitError."""
        self._iterations += length
        if self._iterations > MAX_ITERATIONS:
            raise FilterLimitError(f"its loops may have {MAX_ITERATIONS:,} iterations together", token=None)

    def limit_filter(self, name: str, function: Callable[..., object], token: Token | None) -> Callable[..., object]:
        """Wrap a filter so that it checks the limits. It then also raises FilterLimitError."""

        def call(left: object, *args: object, **kwargs: object) -> object:
            try:
                arguments_work = sum(_work_characters(value) for value in (left, *args, *kwargs.values()))
                check_arguments = _ARGUMENT_CHECKS.get(name)
                if check_arguments is not None:
                    check_arguments(left, args)
                result = function(left, *args, **kwargs)
                self._work += arguments_work + _work_characters(result) + 1
            except FilterLimitError as problem:
                problem.token = problem.token or token
                raise
            except (LookupError, AttributeError) as problem:
                raise FilterArgumentError(f"{name}: {problem}", token=token) from None
            if self._work > MAX_WORK_CHARACTERS:
                raise FilterLimitError(
                    f"its filters may work on {MAX_WORK_CHARACTERS:,} characters together", token=token
                )
            return result

        return call


def _work_characters(value: Any) -> int:
    """Return the work that a value causes, in characters. Raises FilterLimitError if it is too large."""
    kind = type(value)  # liquid's Undefined raises in every other operation, such as isinstance
    if issubclass(kind, str):
        if len(value) > MAX_TEXT_LENGTH:
            raise FilterLimitError(f"a filter may work on a text of {MAX_TEXT_LENGTH:,} characters", token=None)
        return len(value)
    if issubclass(kind, (list, tuple, range)):
        if len(value) > MAX_LIST_ITEMS:
            raise FilterLimitError(f"a list may have {MAX_LIST_ITEMS:,} items", token=None)
        return len(value) * _ITEM_CHARACTERS
    if issubclass(kind, (int, float)) and not (isfinite(value) and abs(value) <= MAX_NUMBER):
        raise FilterLimitError(f"a number may be {MAX_NUMBER:.0e} at most", token=None)
    return 1


def _check_replace(left: object, args: Sequence[object]) -> None:
    text, old, new = (str(value) for value in (left, *args[:1], *args[1:2], "", "")[:3])
    count = len(text) + 1 if not old else text.count(old)
    if len(text) + count * max(0, len(new) - len(old)) > MAX_TEXT_LENGTH:
        raise FilterLimitError(f"a filter may make a text of {MAX_TEXT_LENGTH:,} characters", token=None)


def _check_join(left: object, args: Sequence[object]) -> None:
    if isinstance(left, (list, tuple, range)):
        separator_length = len(str(args[0])) if args else 1
        if sum(len(str(each)) + separator_length for each in left) > MAX_TEXT_LENGTH + separator_length:
            raise FilterLimitError(f"a filter may make a text of {MAX_TEXT_LENGTH:,} characters", token=None)


def _check_split(left: object, args: Sequence[object]) -> None:
    text, separator = str(left), str(args[0]) if args else ""
    if (
        len(text) > MAX_LIST_ITEMS
        and (text.count(separator) if separator.strip() else len(text.split() if separator else text)) > MAX_LIST_ITEMS
    ):
        raise FilterLimitError(f"a list may have {MAX_LIST_ITEMS:,} items", token=None)


def _check_round(_left: object, args: Sequence[object]) -> None:
    try:
        digits = abs(to_int(args[0])) if args else 0
    except (ValueError, TypeError, OverflowError):
        return
    if digits > MAX_ROUND_DIGITS:
        raise FilterArgumentError(f"round takes up to {MAX_ROUND_DIGITS} digits", token=None)


_ARGUMENT_CHECKS: Mapping[str, Callable[[object, Sequence[object]], None]] = {
    "replace": _check_replace,
    "join": _check_join,
    "split": _check_split,
    "round": _check_round,
}


@with_environment
@string_filter
def _strip_html(value: str, *, environment: Environment) -> str:
    """Remove tags, comments, scripts and styles from a text, in linear time."""
    stripped = _STRIPPED.sub("", value)
    return Markup(stripped) if environment.autoescape and isinstance(value, Markup) else stripped


_make_range = RangeLiteral._make_range


def _limited_range(self: RangeLiteral, start: object, stop: object) -> range:
    """Return a range of liquid, such as ``(1..5)``. Raises FilterLimitError before its numbers are computed."""
    result = _make_range(self, start, stop)
    if result.stop - result.start > MAX_LIST_ITEMS:
        raise FilterLimitError(f"a range may have {MAX_LIST_ITEMS:,} numbers", token=self.token)
    return result


# Liquid has no setting for the length of ranges.
RangeLiteral._make_range = _limited_range  # type: ignore[method-assign]
