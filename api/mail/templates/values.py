"""Comparison of texts in templates: a text that is a number is compared as a number.

This applies to the values of fields and to variables of ``assign`` and ``capture``, such as
``{% assign hour = now | date: "%H" %}``.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from liquid import BoundTemplate, RenderContext
from liquid.token import Token

from api.mail.templates.filters import Budget

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,9})?")


class _Number(Decimal):
    """A number that is also equal to the text from which it was parsed."""

    text: str

    def __eq__(self, other: object) -> bool:
        """Compare texts as texts, and numbers as numbers."""
        return self.text == other if isinstance(other, str) else super().__eq__(other)

    def __hash__(self) -> int:
        """Return the hash of the number."""
        return super().__hash__()


class _NumericText(str):
    """A text that is a number. ``{% if seats > 5 %}`` compares it as a number; otherwise it is an ordinary text."""

    __slots__ = ()

    def __liquid__(self) -> Decimal:
        """Return the value that liquid compares."""
        number = _Number(self)
        number.text = str(self)
        return number


def to_comparable(value: str) -> str:
    """Return a field's value in the form that templates compare."""
    return _NumericText(value) if _NUMBER.fullmatch(value) else value


class _Context(RenderContext):
    """The state of one rendering, with its own budget."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._budget = Budget()

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """Return a filter that checks its limits."""
        return self._budget.limit_filter(name, super().filter(name, token), token)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Count the iterations of a loop that starts. Liquid calls this for every loop."""
        self._budget.start_loop(length)
        super().raise_for_loop_limit(length)

    def assign(self, key: str, val: object) -> None:
        """Set a variable. Liquid calls this for ``assign`` and ``capture``."""
        super().assign(key, _to_comparable_value(val))


class ComparingTemplate(BoundTemplate):
    """A template whose variables are compared like the values of fields."""

    context_class = _Context


def _to_comparable_value(value: object) -> object:
    if isinstance(value, str):
        return to_comparable(value)
    return [_to_comparable_value(each) for each in value] if isinstance(value, list) else value
