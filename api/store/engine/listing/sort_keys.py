"""What a list is sorted by, and positions in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from api.store.engine.sql import in_byte_order, without_case


class Position(NamedTuple):
    """A place in a list: the sort value and the id that a row had when it was read. The row may be gone."""

    value: Any
    id: str


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column by which a list is sorted. Rows of the same value are in the order of their ids.

    Rows without a value come last in both directions: the databases differ on the place of NULL, so each of the two
    groups is read by a statement of its own.
    """

    column: str
    kind: type = str
    """The type of the values: str, int, datetime or date."""
    ignores_case: bool = False
    """Whether A and a are the same letter.

    It applies to ASCII letters only, because both databases can index only these.
    """
    nullable: bool = False
    unique: bool = False
    """Whether no two rows of a list have the same value, so that ids are not needed."""
    expression: str = ""
    """SQL of a value that is computed from the columns ``read``, as in its index.

    ``column`` is the name of the value.
    """
    read: tuple[str, ...] = ()
    """The columns of the expression."""
    value_of: Callable[[Any], Any] | None = None
    """Returns the value of the expression for a row."""

    @property
    def sql(self) -> str:
        """The sort value as SQL. The order of texts is that of their bytes, as indexes of lists have them."""
        if self.expression:
            return self.expression
        if self.kind is not str:
            return self.column
        return without_case(self.column) if self.ignores_case else in_byte_order(self.column)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row needs so that its place is known."""
        return self.read or (self.column,)

    def position(self, row: Any) -> Position:
        """Return where a row is in a list with this key."""
        value = getattr(row, self.column) if self.value_of is None else self.value_of(row)
        return Position(_lower(value) if self.ignores_case else value, row.id)


def _lower(text: str) -> str:
    """Return a text as the databases write it with ``without_case``."""
    return text.encode().lower().decode()
