"""Which argument is at fault where GraphQL itself refuses a value: in the form in which refusals tell theirs."""

import re
from collections.abc import Sequence
from typing import Any

from graphql import (
    BREAK,
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
    seek = _Seek(variable)
    parts = parse(place.source.body).definitions
    mine = [part for part in parts if part.loc and part.loc.start <= place.start and place.end <= part.loc.end]
    for part in (*mine, *(part for part in parts if isinstance(part, FragmentDefinitionNode))):
        visit(part, seek)
        if seek.path is not None:
            break
    return seek.path


class _Seek(Visitor):
    """Looks for the first argument that contains a variable."""

    def __init__(self, variable: str) -> None:
        super().__init__()
        self.variable = variable
        self.path: list[str] | None = None

    def enter_argument(self, node: ArgumentNode, *_: Any) -> Any:
        """Look into one argument."""
        inside = self._inside(node.value)
        if inside is None:
            return None
        self.path = [node.name.value, *inside]
        return BREAK

    def _inside(self, value: Node) -> list[str] | None:
        parts: list[tuple[str, Node]] = []
        if isinstance(value, VariableNode):
            return [] if value.name.value == self.variable else None
        if isinstance(value, ObjectValueNode):
            parts = [(field.name.value, field.value) for field in value.fields]
        elif isinstance(value, ListValueNode):
            parts = [(str(index), item) for index, item in enumerate(value.values)]
        for name, part in parts:
            if (inside := self._inside(part)) is not None:
                return [name, *inside]
        return None
