"""Execute operations: as graphql-core does, with a fast path for plain fields.

A list of 50 campaigns with their steps has 1,650 plain fields. When the fast path meets a value that is not as
expected, graphql-core executes the whole object again and reports the error. Reading an attribute twice is harmless.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Self
from weakref import ref

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    GraphQLSchema,
    get_nullable_type,
    get_operation_ast,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path, gather_with_cancel
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql.arguments.input_errors import MAX_ERRORS, variable_errors
from api.graphql.engine.execution.awaiting import among, in_turn
from api.graphql.engine.execution.fast_fields import Plan, Results, plan, read
from api.graphql.engine.execution.json_lists import Shape, shape_of, write_list
from api.graphql.engine.execution.time_slices import TIME_SLICE
from api.graphql.engine.loading.loaded_fields import load_ahead, loaded_field_of
from api.graphql.limits.cost import cost_of
from api.graphql.limits.long_lists import LongList, put_back, without
from api.graphql.limits.size_check import check_variables

MAX_FIELDS_WITHOUT_PAUSE = 2_000
"""Plain fields of a list that is completed without letting others run, which takes about a millisecond."""
PLAIN_FIELDS_PER_RESOLVER = 5
"""Plain fields that take as long as one field with a resolver."""
MAX_ITEMS_WITHOUT_PAUSE = 50
"""Items with resolvers that are completed without letting others run: what they contain is not counted beforehand."""

MAX_KEPT_SHAPES = 20
"""Lists of a document whose shapes are kept for later requests."""


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor with a fast path, and without a reference cycle that keeps a request's rows in memory."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._plans: dict[tuple[GraphQLObjectType, int], Plan] = {}
        self._fast_path_off = bool(self.middleware_manager and self.middleware_manager.middlewares)
        me = ref(self)

        def track(values: Sequence[Any]) -> None:
            if executor := me():
                executor.track_async_work(values)

        self.async_helpers = GraphQLResolveInfoHelpers(lambda values: gather_with_cancel(*values), track)

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        *args: Any,
        **given: Any,
    ) -> "list[GraphQLError] | Self":
        """Return the executor of an operation. If its variables are wrong, return errors with their paths.

        The sizes of variables are checked before graphql-core converts them. Long lists of texts are checked as a
        whole, and graphql-core converts their first element alone.
        """
        operation, values = get_operation_ast(document, operation_name), raw_variable_values or {}
        long_lists: dict[str, list[LongList]] = {}
        if operation and values:
            long_lists, too_large = check_variables(schema, document, operation, values)
            values = values | {name: without(values[name], lists) for name, lists in long_lists.items()}
            if too_large:
                others = variable_errors(schema, operation, values, without=too_large)
                return [*list(too_large.values())[:MAX_ERRORS], *others]
        built = super().build(schema, document, root_value, context_value, values, operation_name, *args, **given)
        if isinstance(built, list):
            return (variable_errors(schema, operation, values) if operation else []) or built
        for name, lists in long_lists.items():
            coerced = built.variable_values.coerced
            coerced[name] = put_back(coerced[name], lists)
        return built  # type: ignore[return-value]

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Results | Awaitable[Results]:
        """Read an object's plain fields, and leave the others to graphql-core. Leave all if a value is unexpected."""
        execute = super().execute_fields
        # Root fields have resolvers. Each event of a subscription collects them again.
        made = self._plan(parent_type, grouped_field_set) if path else None
        results = read(made, source_value) if made and made.plain else None
        if made is None or results is None:
            return execute(parent_type, source_value, path, grouped_field_set, position_context)
        if not made.rest:
            return results
        others = execute(parent_type, source_value, path, made.rest, position_context)
        if isinstance(others, dict):
            return results | others
        return _joined(results, others)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> list[Any] | Awaitable[list[Any]]:
        """Write a list of objects as JSON if every value is as expected. Let others run if it is long."""
        kind = get_nullable_type(item_type)
        if isinstance(kind, GraphQLObjectType) and kind.is_type_of is None and isinstance(items, list):
            given = (item_type, field_details_list, info, path, items, position_context)
            shape = self._shape(kind, field_details_list, path) if items else None
            if shape is not None:
                return self._written(shape, *given)
            return self._completed(kind, *given)
        return super().complete_iterable_value(item_type, field_details_list, info, path, items, position_context)

    def _completed(
        self,
        kind: GraphQLObjectType,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: list[Any],
        position_context: Any,
    ) -> list[Any] | Awaitable[list[Any]]:
        """Read a list of plain fields at once. Complete another one as graphql-core does, in turns if it is long."""
        selected, deferred, _ = self.collect_subfields(kind, field_details_list)
        streamed = deferred or self.get_stream_usage(field_details_list, path)
        given = (item_type, field_details_list, info, path, items, position_context)
        if streamed or self._unsettled(items):
            return super().complete_iterable_value(*given)
        made = self._plan(kind, selected)
        fields = len(made.plain) + PLAIN_FIELDS_PER_RESOLVER * len(made.rest)
        short = len(items) * fields <= MAX_FIELDS_WITHOUT_PAUSE and (
            not made.rest or len(items) <= MAX_ITEMS_WITHOUT_PAUSE
        )
        if made.plain and not made.rest and short:
            results = [read(made, item) for item in items]
            if None not in results:
                return results
        return super().complete_iterable_value(*given) if short else self._in_turns(kind, made, *given)

    def _shape(self, kind: GraphQLObjectType, field_details_list: FieldDetailsList, path: Path) -> Shape | None:
        """Return how a list is written as JSON; None if it is not, because graphql-core has to complete its fields."""
        if self._fast_path_off or not self._writes_json(path):
            return None
        shapes = getattr(self.context_value, "shapes", None)
        key = (kind, *(id(each.node) for each in field_details_list))
        if shapes is not None and key in shapes:
            known: Shape | None = shapes[key]
            return known
        selected, deferred, _ = self.collect_subfields(kind, field_details_list)
        shape = None
        if not deferred and not self.get_stream_usage(field_details_list, path):
            shape = shape_of(self.schema, kind, selected, self.collect_subfields, self._plan)
        if shapes is not None and len(shapes) < MAX_KEPT_SHAPES:
            shapes[key] = shape
        return shape

    def _writes_json(self, path: Path) -> bool:
        """Return whether a list becomes JSON text: of a root field, or of an object that a root field returns.

        ``write_any_json`` finds texts no deeper.
        """
        return getattr(self.context_value, "writes_json", False) and (path.prev is None or path.prev.prev is None)

    async def _written(
        self,
        shape: Shape,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: list[Any],
        position_context: Any,
    ) -> Any:
        """Write a list of objects as JSON, or complete it as graphql-core does."""
        if not self._unsettled(items):
            text = await write_list(shape, items, getattr(self.context_value, "loaders", None), self._unsettled)
            if text is not None:
                return text
        kind = get_nullable_type(item_type)
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - it has a shape
        completed = self._completed(kind, item_type, field_details_list, info, path, items, position_context)
        return completed if isinstance(completed, list) else await completed

    async def _in_turns(
        self,
        kind: GraphQLObjectType,
        made: Plan,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: list[Any],
        position_context: Any,
    ) -> list[Any]:
        """Complete the items of a long list, and let other work run between them."""
        loaders = getattr(self.context_value, "loaders", None)
        if loaders is not None:
            fields = (self.schema.get_field(kind, parts[0].node.name.value) for parts in made.rest.values())
            await load_ahead([found for field in fields if (found := loaded_field_of(field))], items, loaders)
        results: list[Any] = []
        awaited: list[int] = []
        try:
            for index, item in enumerate(items):
                if TIME_SLICE.over():
                    await TIME_SLICE.wait()
                at = path.add_key(index, None)
                given = (item, results, item_type, field_details_list, info, at, position_context)
                if self.complete_list_item_value(*given):
                    awaited.append(index)
        except BaseException:
            if awaited:
                self.settle_in_background([results[index] for index in awaited])
            raise
        if awaited:
            completed = await gather_with_cancel(*(results[index] for index in awaited))
            for index, value in zip(awaited, completed, strict=True):
                results[index] = value
        return results

    async def complete_awaitable_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete what a resolver loads, in turns. Bound how many fields query the database at once."""
        queries = self._queries_of(info)
        waited = in_turn(result) if queries is None else among(queries, result)
        return await super().complete_awaitable_value(
            return_type, field_details_list, info, path, waited, position_context
        )

    def _queries_of(self, info: GraphQLResolveInfo[Any]) -> asyncio.Semaphore | None:
        """Return the semaphore that bounds the token's queries; None for a field that makes no query of its own."""
        field = self.schema.get_field(info.parent_type, info.field_name)
        budget = getattr(self.context_value, "budget", None)
        if field is None or budget is None:
            return None
        return budget.queries if cost_of(info.parent_type.name, info.field_name, field).queries else None

    def _plan(self, parent: GraphQLObjectType, selected: GroupedFieldSet) -> Plan:
        known = self._plans.get((parent, id(selected)))
        if known is None:
            known = Plan({}, {}, {}, selected) if self._fast_path_off else plan(self.schema, parent, selected)
            self._plans[parent, id(selected)] = known
        return known

    def _unsettled(self, items: list[Any]) -> bool:
        """Return whether some items must be awaited or raised. One item of each type is checked."""
        one_of_each = {type(item): item for item in items}.values()
        return any(isinstance(item, Exception) or self.is_awaitable(item) for item in one_of_each)


async def _joined(results: Results, others: Awaitable[Results]) -> Results:
    results.update(await others)
    return results
