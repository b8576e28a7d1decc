"""The cost of each field, declared at the field: `strawberry.field(metadata=cost(weight=30))`.

A point is about 5 µs of the server's time. Without a declaration a column costs 1 point, a field that is computed 3,
an object 2, an object that is computed 6, and a field that loads rows 12.

A list costs its size times what one of its items costs.
"""

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLField, GraphQLList, get_nullable_type, is_leaf_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

KEY = "cost"
COLUMN, COMPUTED, OBJECT, COMPUTED_OBJECT, LOADED = 1, 3, 2, 6, 12
"""Points of fields that declare no weight."""
MUTATION = 500
"""Points of a mutation that declares no weight: it runs one transaction."""
MAX_MUTATIONS = 10
"""Mutations in one operation."""
INTROSPECTION_SIZES = {
    ("__Schema", "types"): 120,
    ("__Schema", "directives"): 8,
    ("__Type", "fields"): 6,
    ("__Type", "inputFields"): 1,
    ("__Type", "enumValues"): 1,
    ("__Type", "interfaces"): 1,
    ("__Type", "possibleTypes"): 1,
    ("__Field", "args"): 1,
    ("__Directive", "args"): 1,
    ("__Directive", "locations"): 4,
}
"""Average sizes of the lists of introspection."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one field costs."""

    weight: int
    """Points for the field itself."""
    size: int | None = None
    """Number of items for which its list is charged. None if an argument or the connection gives it."""
    sized_by: tuple[str, ...] = ()
    """The argument that gives the number of items: a number, or a list. Within an input object, a path."""
    page_size: int = 0
    """Number of items of a page for which neither `first` nor `last` gives it. 0 for a field that is not a page."""
    each: int = 0
    """Points for each item, in addition to its selected fields."""
    plain_at: int = 1
    """Plain columns of its items that cost one point: five on the fast path.

    For a list of texts or numbers, how many elements cost one point.
    """
    sized_by_parent: bool = False
    """Whether the connection around it gives the number of items."""
    size_most: int = 0
    """The largest number of items that an argument can ask for."""
    once: int = MAX_MUTATIONS
    """How often one operation may contain this mutation."""
    queries: bool = False
    """Whether it queries the database by itself. Few such fields of one token run at once."""


def cost(weight: int | None = None, **given: Any) -> dict[str, Any]:
    """Return the metadata of a field that says what it costs."""
    return {KEY: {"weight": weight, **given}}


def cost_of(parent: str, name: str, field: GraphQLField) -> Cost:
    """Return what a field costs."""
    known = field.extensions.get(KEY)
    if known is None:
        known = field.extensions[KEY] = _cost_of(parent, name, field)
    return known


def _cost_of(parent: str, name: str, field: GraphQLField) -> Cost:
    ours = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    kind = get_nullable_type(field.type)
    is_list = isinstance(kind, GraphQLList)
    inner = get_nullable_type(kind.of_type) if isinstance(kind, GraphQLList) else kind
    if not isinstance(ours, StrawberryField):
        return Cost(COLUMN, INTROSPECTION_SIZES.get((parent, name)) if is_list else None)
    declared = dict(ours.metadata.get(KEY, {}))
    weight = declared.pop("weight", None)
    if weight is None:
        plain = ours.is_basic_field
        leaf, loaded = (COLUMN, OBJECT) if plain else (COMPUTED, COMPUTED_OBJECT)
        if ours.base_resolver is not None and ours.base_resolver.is_async:
            leaf = loaded = LOADED
        weight = MUTATION if parent == "Mutation" else leaf if is_leaf_type(inner) else loaded
    return Cost(weight, **declared)
