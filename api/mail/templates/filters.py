"""The filters of templates, and limits for what each is given and makes.

A limit is checked before a filter runs where its result could be much larger than what it is given: a chain of nine
``replace`` could otherwise make gigabytes of ten characters.
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
"""What a template may use. ``safe`` changes nothing in an email, whose HTML is made safe after it is rendered."""
MAX_TEXT_LENGTH = 20_000
"""Characters of a text that a filter takes or makes."""
MAX_LIST_ITEMS = 1_000
"""Items of a list or range."""
MAX_NUMBER = 10**18
"""The largest number."""
MAX_ROUND_DIGITS = 20
"""Digits after the point that ``round`` takes."""
MAX_WORK_CHARACTERS = 5_000_000
"""Characters that the filters of one rendering read and write, together; an item of a list counts as ten."""
MAX_ITERATIONS = 10_000
"""Iterations of all loops of one rendering."""
_ITEM_CHARACTERS = 10
_STRIPPED = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<name>script|style)\b[^<>]*+>.*?(?:</(?P=name)\s*+>|\Z)|</?[A-Za-z!?][^<>]*+>",
    re.DOTALL | re.IGNORECASE,
)


class FilterLimitError(ResourceLimitError):
    """What a filter or a range is given, or makes, breaks a limit."""


def set_up_filters(environment: Environment) -> None:
    """Leave an environment the filters that templates may use."""
    environment.filters["date"] = date
    environment.filters["strip_html"] = _strip_html
    for name in [*environment.filters]:
        if name not in FILTERS:
            del environment.filters[name]


class Budget:
    """The work of one rendering, up to its limit."""

    def __init__(self) -> None:
        self._work = self._iterations = 0

    def loop(self, length: int) -> None:
        """Count the iterations of a loop that begins. Raises FilterLimitError."""
        self._iterations += length
        if self._iterations > MAX_ITERATIONS:
            raise FilterLimitError(f"its loops may have {MAX_ITERATIONS:,} iterations together", token=None)

    def limited(self, name: str, function: Callable[..., object], token: Token | None) -> Callable[..., object]:
        """Return a filter that keeps the limits."""

        def call(left: object, *args: object, **named: object) -> object:
            try:
                given = [_weight(value) for value in (left, *args, *named.values())]
                before = _CHECK_BEFORE.get(name)
                if before is not None:
                    before(left, args)
                made = function(left, *args, **named)
                self._work += sum(given) + _weight(made) + 1
            except FilterLimitError as problem:
                problem.token = problem.token or token
                raise
            except (LookupError, AttributeError) as problem:
                raise FilterArgumentError(f"{name}: {problem}", token=token) from None
            if self._work > MAX_WORK_CHARACTERS:
                raise FilterLimitError(
                    f"its filters may work on {MAX_WORK_CHARACTERS:,} characters together", token=token
                )
            return made

        return call


def _weight(value: Any) -> int:
    """Return how much work a value is. Raises FilterLimitError where it is too large."""
    kind = type(value)  # an undefined value answers no question but this one
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


def _before_replace(left: object, args: Sequence[object]) -> None:
    text, sought, put = (str(value) for value in (left, *args[:1], *args[1:2], "", "")[:3])
    found = len(text) + 1 if not sought else text.count(sought)
    if len(text) + found * max(0, len(put) - len(sought)) > MAX_TEXT_LENGTH:
        raise FilterLimitError(f"a filter may make a text of {MAX_TEXT_LENGTH:,} characters", token=None)


def _before_join(left: object, args: Sequence[object]) -> None:
    if isinstance(left, (list, tuple, range)):
        between = len(str(args[0])) if args else 1
        if sum(len(str(each)) + between for each in left) > MAX_TEXT_LENGTH + between:
            raise FilterLimitError(f"a filter may make a text of {MAX_TEXT_LENGTH:,} characters", token=None)


def _before_split(left: object, args: Sequence[object]) -> None:
    text, at = str(left), str(args[0]) if args else ""
    if (
        len(text) > MAX_LIST_ITEMS
        and (text.count(at) if at.strip() else len(text.split() if at else text)) > MAX_LIST_ITEMS
    ):
        raise FilterLimitError(f"a list may have {MAX_LIST_ITEMS:,} items", token=None)


def _before_round(_left: object, args: Sequence[object]) -> None:
    try:
        digits = abs(to_int(args[0])) if args else 0
    except (ValueError, TypeError, OverflowError):
        return
    if digits > MAX_ROUND_DIGITS:
        raise FilterArgumentError(f"round takes up to {MAX_ROUND_DIGITS} digits", token=None)


_CHECK_BEFORE: Mapping[str, Callable[[object, Sequence[object]], None]] = {
    "replace": _before_replace,
    "join": _before_join,
    "split": _before_split,
    "round": _before_round,
}


@with_environment
@string_filter
def _strip_html(value: str, *, environment: Environment) -> str:
    """Return a text without tags, comments, scripts and styles, in linear time."""
    stripped = _STRIPPED.sub("", value)
    return Markup(stripped) if environment.autoescape and isinstance(value, Markup) else stripped


_make_range = RangeLiteral._make_range


def _limited_range(self: RangeLiteral, start: object, stop: object) -> range:
    """Return a range whose length was checked before anything is made of it."""
    made = _make_range(self, start, stop)
    if made.stop - made.start > MAX_LIST_ITEMS:
        raise FilterLimitError(f"a range may have {MAX_LIST_ITEMS:,} numbers", token=self.token)
    return made


# Liquid makes ranges in one place, and has no setting for their length.
RangeLiteral._make_range = _limited_range  # type: ignore[method-assign]
