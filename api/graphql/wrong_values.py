"""Which argument is at fault where GraphQL itself refuses a value: in the form in which refusals tell theirs."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    ListValueNode,
    Node,
    ObjectValueNode,
    VariableNode,
    Visitor,
    parse,
    visit,
)

TOLD = re.compile(
    r"(?:Variable '\$(?P<variable>\w+)'|Argument '(?P<argument>\w+)') has invalid (?:default )?value"
    r"(?: at (?P<inside>[\w.\[\]]+))?: "
    r"(?:Expected value of type '[^']+' (?:to include required|not to include unknown) field '(?P<field>\w{1,60})')?"
)
"""How graphql-core begins its sentence, before anything that the client gave."""
CONTAINERS = {"input", "edit"}
"""Arguments that only hold others."""


def path_of(error: GraphQLError) -> list[str] | None:
    """Return the path of the argument with the value that an error is about; None where that cannot be told."""
    told = TOLD.match(error.message)
    if told is None:
        return None
    begin = [told["argument"]] if told["argument"] else _use(error.nodes, told["variable"])
    if begin is None:
        return None
    return in_form([*begin, *re.findall(r"\w+", told["inside"] or ""), *([told["field"]] if told["field"] else [])])


def in_form(path: list[str]) -> list[str]:
    """Leave out what holds the arguments, unless it is itself what is wrong."""
    return [part for part in path if part not in CONTAINERS] or path[-1:]


def _use(nodes: Sequence[Node] | None, variable: str) -> list[str] | None:
    """Return where a variable is used first: the argument, and the place inside it. ``nodes`` has its definition."""
    place = nodes[0].loc if nodes else None
    if place is None:
        return None
    parts = _uses(place.source.body)
    mine = [part.uses for part in parts if part.start <= place.start and place.end <= part.end]
    found = (uses[variable] for uses in (*mine, *(part.uses for part in parts if part.shared)) if variable in uses)
    return next(found, None)


class _Part(NamedTuple):
    """An operation or a fragment of a document, and where its variables are used first."""

    start: int
    end: int
    shared: bool
    uses: dict[str, list[str]]


@lru_cache(maxsize=4)  # an answer may have fifty such errors
def _uses(document: str) -> list[_Part]:
    parts = []
    for part in parse(document).definitions:
        if part.loc is not None:
            seek = _Seek()
            visit(part, seek)
            parts.append(_Part(part.loc.start, part.loc.end, isinstance(part, FragmentDefinitionNode), seek.uses))
    return parts


class _Seek(Visitor):
    """Collects in which argument each variable is used first."""

    def __init__(self) -> None:
        super().__init__()
        self.uses: dict[str, list[str]] = {}

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Look into one argument."""
        self._inside(node.value, [node.name.value])

    def _inside(self, value: Node, path: list[str]) -> None:
        if isinstance(value, VariableNode):
            self.uses.setdefault(value.name.value, path)
        elif isinstance(value, ObjectValueNode):
            for field in value.fields:
                self._inside(field.value, [*path, field.name.value])
        elif isinstance(value, ListValueNode):
            for index, item in enumerate(value.values):
                self._inside(item, [*path, str(index)])
