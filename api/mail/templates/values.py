"""Texts as templates compare them: one that is a number compares as a number too.

That goes for the values of fields, and for what a template assigns or captures: ``{% assign h = now | date: "%H" %}``.
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
    """A number that is also equal to the text that it was."""

    text: str

    def __eq__(self, other: object) -> bool:
        """Compare with a text as a text."""
        return self.text == other if isinstance(other, str) else super().__eq__(other)

    def __hash__(self) -> int:
        """Hash as a number."""
        return super().__hash__()


class _NumericText(str):
    """A text that is a number: ``{% if seats > 5 %}`` compares it as one, all else treats it as a text."""

    __slots__ = ()

    def __liquid__(self) -> Decimal:
        """Return what liquid compares."""
        number = _Number(self)
        number.text = str(self)
        return number


def comparable(value: str) -> str:
    """Return a value as templates take it."""
    return _NumericText(value) if _NUMBER.fullmatch(value) else value


class _Context(RenderContext):
    def __init__(self, *args: Any, **named: Any) -> None:
        """Begin a rendering, with a budget of its own."""
        super().__init__(*args, **named)
        self._budget = Budget()

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """Return a filter that keeps its limits."""
        return self._budget.limited(name, super().filter(name, token), token)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Count the iterations of a loop that begins."""
        self._budget.loop(length)
        super().raise_for_loop_limit(length)

    def assign(self, key: str, val: object) -> None:
        """Set a variable. Liquid calls this for ``assign`` and ``capture``."""
        super().assign(key, _comparable(val))


class ComparingTemplate(BoundTemplate):
    """A template whose variables compare as the values of fields do."""

    context_class = _Context


def _comparable(value: object) -> object:
    if isinstance(value, str):
        return comparable(value)
    return [_comparable(each) for each in value] if isinstance(value, list) else value
