"""The columns that a page of a list reads, by the fields that are selected of its items."""

from collections.abc import Iterable
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from api.graphql.engine.graphql_context import Request
from api.graphql.engine.loading.loaded_lists import loader_of

ITEMS = {"nodes", "edges", "node"}
"""The fields of connections and edges that lead to the items. The others need the rows' ids at most."""


def page_columns(info: Request) -> frozenset[str] | None:
    """Return the columns that the selected fields of a connection's items read; None if a field may read any column.

    Fields that @skip and @include leave out count, so that the columns do not depend on variables.
    """
    core, known = info._raw_info, info.context.shapes
    key = ("columns", *map(id, core.field_nodes))
    if known is not None and key in known:
        columns: frozenset[str] | None = known[key]
        return columns
    columns = _Selection(core).columns(get_named_type(core.return_type))
    if known is not None:
        known[key] = columns
    return columns


class _Selection:
    """What is selected of a connection."""

    def __init__(self, core: GraphQLResolveInfo[Any]) -> None:
        self._core = core
        self._found: set[str] = set()
        self._seen: set[tuple[str, str]] = set()

    def columns(self, connection: object) -> frozenset[str] | None:
        """Return the columns of the items."""
        if not isinstance(connection, GraphQLObjectType):
            return None
        selections = [node.selection_set for node in self._core.field_nodes if node.selection_set]
        return frozenset(self._found) if self._add(connection, selections, above=True) else None

    def _add(self, parent: GraphQLObjectType, selections: Iterable[SelectionSetNode], *, above: bool) -> bool:
        """Add the columns that are selected of a type. ``above`` the items, only fields that lead to them count.

        Returns False if a field may read any column.
        """
        return all(self._part(parent, part, above) for each in selections for part in each.selections)

    def _part(self, parent: GraphQLObjectType, part: object, above: bool) -> bool:
        if isinstance(part, InlineFragmentNode):
            return self._add(parent, [part.selection_set], above=above)
        if isinstance(part, FragmentSpreadNode):
            name = part.name.value
            if (name, parent.name) in self._seen:
                return True
            self._seen.add((name, parent.name))
            return self._add(parent, [self._core.fragments[name].selection_set], above=above)
        return not isinstance(part, FieldNode) or self._field(parent, part, above)

    def _field(self, parent: GraphQLObjectType, node: FieldNode, above: bool) -> bool:
        name = node.name.value
        field = self._core.schema.get_field(parent, name)
        kind = get_named_type(field.type) if field else None
        if above:
            if name not in ITEMS or not isinstance(kind, GraphQLObjectType) or node.selection_set is None:
                return True
            return self._add(kind, [node.selection_set], above=name == "edges")
        ours = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if field else None
        if not isinstance(ours, StrawberryField):
            return name == "__typename"
        if loader_of(ours):
            return True  # the id, which is always read
        self._found.add(ours.python_name)
        return ours.is_basic_field and is_leaf_type(kind)
