"""How an object's fields are executed: graphql-core's way, with a short one for fields that are plain columns.

A list of 50 campaigns with their steps has 1,650 such fields. The short way takes those fields of an object that are
attributes with a scalar or an enum in them, and only when all is well: at the first trouble graphql-core executes the
object anew, and says what is wrong, where, and how far null spreads. Reading an attribute twice does no harm.
"""

from collections.abc import Awaitable, Callable, Container, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple, TypeGuard, cast
from weakref import ref

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    GraphQLString,
    TypeNameMetaFieldDef,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path, Undefined, gather_with_cancel
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from tortoise.models import Model

AS_THEY_ARE: dict[GraphQLLeafType, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
"""What these scalars answer for a value of this type: the value."""
SETTLED = frozenset({str, bool, int, float, dict, list, datetime, date})
"""Types of values that are neither to be awaited nor raised."""
Results = dict[str, Any]


class Plain(NamedTuple):
    """A field that is an attribute with a scalar or an enum in it."""

    attribute: str
    as_it_is: type | None  # the scalar answers values of this type as they are
    nullable: bool
    others: Container[type]  # types of values that may be written otherwise
    write: Callable[[Any], Any]


class Plan(NamedTuple):
    """How the fields that were selected of a type are executed."""

    blank: Results  # in the order in which they were asked for
    plain: dict[str, Plain]
    rest: GroupedFieldSet
    selected: GroupedFieldSet  # kept, so that no other has its identity


class UnsettledError(Exception):
    """What the short way does not take: a value that is to be awaited or raised, or null where it may not be."""


def is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    """Say whether a value is to be awaited. A row is not, although tortoise's models have an ``__await__``."""
    return optimized_is_awaitable(value) and not isinstance(value, Model)


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's, with the short way."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.is_awaitable = is_awaitable
        self._plans: dict[tuple[GraphQLObjectType, int], Plan] = {}
        # Graphql-core's helpers hold the executor, which holds them: with that circle, all rows of a request would wait
        # for the garbage collector.
        me = ref(self)

        def track(values: Sequence[Any]) -> None:
            if executor := me():
                executor.track_async_work(values)

        self.async_helpers = GraphQLResolveInfoHelpers(lambda values: gather_with_cancel(*values), track)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Results | Awaitable[Results]:
        """Read an object's plain fields, and leave the others to graphql-core; or all, where one is in trouble."""
        execute = super().execute_fields
        plan = self._plan(parent_type, grouped_field_set)
        if not plan.plain:
            return execute(parent_type, source_value, path, grouped_field_set, position_context)
        try:
            results = _read(plan, source_value)
        except Exception:
            return execute(parent_type, source_value, path, grouped_field_set, position_context)
        if not plan.rest:
            return results
        others = execute(parent_type, source_value, path, plan.rest, position_context)
        if is_awaitable(others):
            return _joined(results, others)
        return results | cast("Results", others)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> list[Any] | Awaitable[list[Any]]:
        """Read a list of objects of which only plain fields are asked, where none of them is in trouble."""
        kind = get_nullable_type(item_type)
        if isinstance(kind, GraphQLObjectType) and kind.is_type_of is None and isinstance(items, list):
            selected, deferred, _ = self.collect_subfields(kind, field_details_list)
            plan = self._plan(kind, selected)
            if plan.plain and not (plan.rest or deferred or self.get_stream_usage(field_details_list, path)):
                one_of_each = {type(item): item for item in items}.values()
                if not any(isinstance(item, Exception) or is_awaitable(item) for item in one_of_each):
                    with suppress(Exception):
                        return [_read(plan, item) for item in items]
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _plan(self, parent: GraphQLObjectType, selected: GroupedFieldSet) -> Plan:
        known = self._plans.get((parent, id(selected)))
        if known is None:
            known = self._plans[parent, id(selected)] = self._planned(parent, selected)
        return known

    def _planned(self, parent: GraphQLObjectType, selected: GroupedFieldSet) -> Plan:
        plan = Plan({}, {}, {}, selected)
        if self.middleware_manager and self.middleware_manager.middlewares:
            return plan
        for name, parts in selected.items():
            field = self.schema.get_field(parent, parts[0].node.name.value)
            if field is None:
                continue
            plan.blank[name] = parent.name if field is TypeNameMetaFieldDef else None
            if plain := _plain(field):
                plan.plain[name] = plain
            elif field is not TypeNameMetaFieldDef:
                plan.rest[name] = parts
        return plan


def _read(plan: Plan, source: Any) -> Results:
    """Return the plain fields of an object. Raises whatever, where one is in trouble."""
    results = plan.blank.copy()
    for name, (attribute, as_it_is, nullable, others, write) in plan.plain.items():
        value = getattr(source, attribute)
        kind = type(value)
        if kind is as_it_is:
            results[name] = value
        elif kind in others:
            results[name] = written = write(value)
            if written is None or written is Undefined:
                raise UnsettledError
        elif value is not None or not nullable:
            raise UnsettledError
    return results


def _plain(field: GraphQLField) -> Plain | None:
    leaf, ours = get_nullable_type(field.type), field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not (isinstance(ours, StrawberryField) and ours.is_basic_field and is_leaf_type(leaf)):
        return None
    others: Container[type] = SETTLED
    write: Callable[[Any], Any] = leaf.coerce_output_value
    if isinstance(leaf, CustomGraphQLEnumType):
        others = {leaf.wrapped_cls}
        write = {leaf.wrapped_cls(member.value): name for name, member in leaf.values.items()}.__getitem__
    return Plain(ours.python_name, AS_THEY_ARE.get(leaf), leaf is field.type, others, write)


async def _joined(results: Results, others: Awaitable[Results]) -> Results:
    results.update(await others)
    return results
