"""Read the values of arguments in both of their forms: literals of a document, and the JSON of variables."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import ListValueNode, ObjectValueNode, StringValueNode


def fields_of(value: object) -> Mapping[Any, Any] | None:
    """Return the fields of an input object by name, or None for another value."""
    if isinstance(value, ObjectValueNode):
        return {field.name.value: field.value for field in value.fields}
    return value if isinstance(value, dict) else None


def items_of(value: object) -> Sequence[Any] | None:
    """Return the elements of a list, or None for another value."""
    if isinstance(value, ListValueNode):
        return value.values
    return value if isinstance(value, list) else None


def text_of(value: object) -> str | None:
    """Return a text, or None for another value."""
    if isinstance(value, StringValueNode):
        return value.value
    return value if isinstance(value, str) else None
