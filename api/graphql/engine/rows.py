"""Rows of the store as GraphQL types."""

from typing import TypeVar, cast

Type = TypeVar("Type")


def from_row(_: type[Type], row: object) -> Type:
    """Return a row as the type that it is resolved with: resolvers read the row's attributes by the same names."""
    return cast(Type, row)
