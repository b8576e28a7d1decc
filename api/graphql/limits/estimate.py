"""Estimate the cost of an operation from its document and variables, before it is executed.

One pass, in which each fragment is counted once for each size of the list around it. It overestimates: fields
that @skip and @include leave out count, and a field that is selected twice counts twice. Of an interface, the fragments
on all of its types count.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_leaf_type,
)

from api.graphql.limits.cost import COLUMN, OBJECT, Cost, cost_of

Part = tuple[int, tuple[str, ...]]
Parent = GraphQLObjectType | GraphQLInterfaceType
PARENTS = (GraphQLObjectType, GraphQLInterfaceType)


class Points(NamedTuple):
    """The cost of a selection, and its most expensive field."""

    total: int
    dearest: Part
    plain: int = 0
    """The part of the total that plain columns take."""


NOTHING = Points(0, (0, ()))


class Estimate:
    """The cost of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = {
            part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)
        }
        self._defaults: dict[str, ValueNode] = {
            part.variable.name.value: part.default_value
            for part in operation.variable_definitions or ()
            if part.default_value is not None
        }
        self._variables = variables
        self._known: dict[tuple[str, int], Points] = {}
        self.depends_on_variables = False
        """Whether a variable says how long a list may be."""
        root = schema.get_root_type(operation.operation)
        found = self._selection(operation.selection_set, root, 1) if root else NOTHING
        self.points, (_, path) = found.total, found.dearest
        self.dearest = ".".join(path)

    def _selection(self, selection: SelectionSetNode, parent: Parent, page: int) -> Points:
        total, dearest, plain = 0, NOTHING.dearest, 0
        for part in selection.selections:
            if isinstance(part, FieldNode):
                points = self._field(part, parent, page)
            elif isinstance(part, InlineFragmentNode):
                points = self._selection(part.selection_set, self._on(part.type_condition, parent), page)
            elif isinstance(part, FragmentSpreadNode):
                points = self._fragment(part.name.value, parent, page)
            else:
                continue
            total += points.total
            plain += points.plain
            dearest = max(dearest, points.dearest, key=_points)
        return Points(total, dearest, plain)

    def _fragment(self, name: str, parent: Parent, page: int) -> Points:
        known = self._known.get((name, page))
        if known is None:
            fragment = self._fragments[name]
            on = self._on(fragment.type_condition, parent)
            known = self._known[name, page] = self._selection(fragment.selection_set, on, page)
        return known

    def _on(self, condition: NamedTypeNode | None, parent: Parent) -> Parent:
        """Return the type to which a fragment applies. Each fragment on a type of an interface counts."""
        found = self._schema.get_type(condition.name.value) if condition else None
        return found if isinstance(found, PARENTS) else parent

    def _field(self, node: FieldNode, parent: Parent, page: int) -> Points:
        name = node.name.value
        field = self._schema.get_field(parent, name)
        if field is None:
            return NOTHING
        cost = cost_of(parent.name, name, field)
        items = page if cost.sized_by_parent else self._size(cost, node, field)
        own = cost.weight + cost.each * items
        kind = get_nullable_type(field.type)
        times = 1
        if isinstance(kind, GraphQLList):
            times, kind = items, get_nullable_type(kind.of_type)
            own += -(-items // cost.plain_at) if is_leaf_type(kind) else items * OBJECT
        below = NOTHING
        if node.selection_set is not None and isinstance(kind, PARENTS):
            below = self._selection(node.selection_set, kind, items)
        inside, path = below.dearest
        dearest = max((own, (name,)), (inside * times, (name, *path)), key=_points)
        each = below.total - below.plain
        is_plain = own == COLUMN and node.selection_set is None
        return Points(own + each * times + -(-below.plain * times // cost.plain_at), dearest, own if is_plain else 0)

    def _size(self, cost: Cost, node: FieldNode, field: GraphQLField) -> int:
        if cost.page_size:
            asked = [self._count(_given(node, name), []) for name in ("first", "last")]
            given_sizes = (size for size in asked if size is not None)
            return min(max(max(given_sizes, default=cost.page_size), 0), cost.size_most)
        if not cost.sized_by:
            return cost.size or 1
        argument, *path = cost.sized_by
        given = _given(node, argument)
        size = _default(field, argument) if given is None else self._count(given, path)
        if size is None:  # uses the default, if there is one; a missing required value is rejected later
            return 0 if _default(field, argument) is None else cost.size_most
        return min(max(size, 0), cost.size_most)

    def _count(self, given: ValueNode | None, path: list[str]) -> int | None:
        """Return a number, or the length of a list; None for anything else."""
        if isinstance(given, VariableNode):
            self.depends_on_variables = True
            name = given.name.value
            if name in self._variables:
                return _count(self._variables[name], path)
            default = self._defaults.get(name)
            return None if isinstance(default, VariableNode) else self._count(default, path)
        if path and isinstance(given, ObjectValueNode):
            inside = next((part.value for part in given.fields if part.name.value == path[0]), None)
            return self._count(inside, path[1:])
        if path or given is None or isinstance(given, NullValueNode):
            return None
        if isinstance(given, ListValueNode):
            return len(given.values)
        return int(given.value) if isinstance(given, IntValueNode) else 1


def _given(node: FieldNode, argument: str) -> ValueNode | None:
    return next((part.value for part in node.arguments or () if part.name.value == argument), None)


def _default(field: GraphQLField, argument: str) -> int | None:
    default = field.args[argument].default_value
    return default if isinstance(default, int) else None


def mutations_of(document: DocumentNode, operation: OperationDefinitionNode) -> Counter[str]:
    """Count the root fields of an operation by name, with fragments expanded."""
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    asked: Counter[str] = Counter()
    waiting = [operation.selection_set]
    while waiting:
        for part in waiting.pop().selections:
            if isinstance(part, FieldNode):
                asked[part.name.value] += 1
            elif isinstance(part, InlineFragmentNode):
                waiting.append(part.selection_set)
            elif isinstance(part, FragmentSpreadNode):
                waiting.append(fragments[part.name.value].selection_set)
    return asked


def _count(value: Any, path: list[str]) -> int | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, list):
        return len(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else 1


def _points(part: Part) -> int:
    return part[0]
