"""The path of a value in a request, as errors report it."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    FragmentDefinitionNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    VariableNode,
    Visitor,
    parse,
    visit,
)
from strawberry.utils.str_converters import to_camel_case

CONTAINERS = {"input", "edit"}
"""Arguments that only contain others, and that paths leave out."""
Span = tuple[int, int]


def in_form(path: Sequence[str | int]) -> list[str]:
    """Leave out the arguments that only contain others, unless such an argument is itself wrong."""
    return [str(part) for part in path if part not in CONTAINERS] or [str(part) for part in path[-1:]]


def place_in(arguments: Mapping[str, Any], path: Sequence[str]) -> list[int]:
    """Return a key that sorts paths by their places in the arguments: by the order of fields, and of elements."""
    inside = {name: value for name, value in arguments.items() if name not in CONTAINERS}
    for container in CONTAINERS & arguments.keys():
        inside |= _fields(arguments[container])
    value: Any = inside
    places = []
    for part in path:
        if isinstance(value, list):
            index = int(part) if part.isdecimal() else len(value)
            value = value[index] if index < len(value) else None
        else:
            fields = _fields(value)
            names = [to_camel_case(name) for name in fields]
            index = names.index(part) if part in names else len(names)
            value = [*fields.values(), None][index]
        places.append(index)
    return places


def _fields(value: Any) -> dict[str, Any]:
    """Return the values of an input object, or of a JSON object, by name."""
    if isinstance(value, dict):
        return value
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {}


def path_of_variable(variable: str, definition: Node) -> list[str] | None:
    """Return the path of a variable's first use: its argument, and the path inside it. None if it is not used."""
    place = definition.loc
    if place is None:
        return None
    parts = _parts(place.source.body)
    own = [part for part in parts if part.start <= place.start and place.end <= part.end]
    found = (part.uses[variable] for part in (*own, *(part for part in parts if part.shared)) if variable in part.uses)
    return next(found, None)


def path_of_value(nodes: Sequence[Node] | None) -> list[str] | None:
    """Return the path of a value in its document. None if the first node is not part of an argument."""
    place = nodes[0].loc if nodes else None
    if place is None:
        return None
    span = (place.start, place.end)
    return next((part.values[span] for part in _parts(place.source.body) if span in part.values), None)


class _Part(NamedTuple):
    """An operation or a fragment of a document, with the paths of its variables and values."""

    start: int
    end: int
    shared: bool
    uses: dict[str, list[str]]
    values: dict[Span, list[str]]


@lru_cache(maxsize=4)  # one response may have fifty such errors
def _parts(document: str) -> list[_Part]:
    parts = []
    for part in parse(document).definitions:
        if part.loc is not None:
            seek = _Arguments()
            visit(part, seek)
            shared = isinstance(part, FragmentDefinitionNode)
            parts.append(_Part(part.loc.start, part.loc.end, shared, seek.uses, seek.values))
    return parts


class _Arguments(Visitor):
    """Collects the path of every value, and of the first use of every variable."""

    def __init__(self) -> None:
        super().__init__()
        self.uses: dict[str, list[str]] = {}
        self.values: dict[Span, list[str]] = {}

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Look into one argument."""
        self._inside(node.value, [node.name.value])

    def _inside(self, value: Node, path: list[str]) -> None:
        if value.loc is not None:
            self.values[value.loc.start, value.loc.end] = path
        if isinstance(value, VariableNode):
            self.uses.setdefault(value.name.value, path)
        elif isinstance(value, ObjectValueNode):
            for field in value.fields:
                self._inside(field.value, [*path, field.name.value])
        elif isinstance(value, ListValueNode):
            for index, item in enumerate(value.values):
                self._inside(item, [*path, str(index)])
