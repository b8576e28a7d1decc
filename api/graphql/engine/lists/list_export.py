"""Export a list as rows: every page of one of the query's lists, with the list's own arguments.

A page is read by a GraphQL document that is made here, so an export has the list's filters, orders and errors.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLInt,
    GraphQLNullableType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)
from strawberry.types.execution import ExecutionResult

from api.codes.refusals.exports import ExportCode
from api.graphql.limits.cost import cost_of
from strategies import Refusal

PAGE_ROWS = 200
MAX_EXPORT_COLUMNS = 100
MAX_DEPTH = 4
"""Most names in the path of a column, such as 2 in ``person.email``."""
MAX_DEFAULT_COST = 12
"""Columns that cost more points are exported only if they are asked for. They are texts, or need a query each."""
PAGE_ARGUMENTS = frozenset({"first", "after", "last", "before"})
NUMBERS = ("EmailStats", "TaskStats")
"""Types whose fields are exported, in a report."""
JSON = "JSON"
"""The scalar of values such as a person's dynamic fields. A column can name one of them: ``fields.city``."""
LABELS = ("email", "name", "address")
"""Fields of a linked object that are exported beside its id."""

Execute = Callable[[str, dict[str, Any]], Awaitable[ExecutionResult]]
"""Executes a document with variables."""


class ListExport(NamedTuple):
    """One export: the list, its arguments, and its columns."""

    name: str
    document: str
    variables: dict[str, Any]
    columns: tuple[str, ...]
    """The paths of the columns, which are the file's header."""

    async def pages(self, execute: Execute) -> AsyncGenerator[ExecutionResult | list[list[Any]], None]:
        """Yield the rows of each page. Yields the result instead if it has errors, and ends."""
        after: str | None = None
        while True:
            result = await execute(self.document, {**self.variables, "after": after})
            if result.errors or result.data is None:
                yield result
                return
            page = result.data[self.name]
            yield [[_value(node, column.split(".")) for column in self.columns] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]


def list_export(query: GraphQLObjectType, name: str, given: Mapping[str, str]) -> ListExport:
    """Return the export of a list with the parameters of a request. Raises Refusal.

    Arguments of the list have their own names; objects are JSON. ``columns`` has paths, separated by commas.
    """
    field = query.fields.get(name)
    item = _item_of(field) if field is not None else None
    if field is None or item is None:
        known = sorted(each for each, candidate in query.fields.items() if _item_of(candidate) is not None)
        raise Refusal.of(ExportCode.EXPORT_UNKNOWN_LIST, (), name=name[:60], known=", ".join(known))
    arguments = {key: value for key, value in given.items() if key != "columns"}
    variables = {key: _argument(field, key, value) for key, value in arguments.items()}
    columns = tuple(given["columns"].split(",")) if given.get("columns") else tuple(_default_columns(item))
    if len(columns) > MAX_EXPORT_COLUMNS:
        raise Refusal.of(ExportCode.EXPORT_UNKNOWN_COLUMN, ("columns",), case="many", limit=MAX_EXPORT_COLUMNS)
    selected = [_checked_column(item, column) for column in columns]
    declared = "".join(f"${key}: {field.args[key].type}, " for key in variables)
    passed = "".join(f"{key}: ${key}, " for key in variables)
    document = (
        f"query Export({declared}$after: String) {{ {name}({passed}first: {PAGE_ROWS}, after: $after)"
        f" {{ nodes {{ {_selection(selected)} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )
    return ListExport(name, document, variables, columns)


def _item_of(field: GraphQLField) -> GraphQLObjectType | None:
    """Return the type of a list's items; None if the field is not a list that can be read page by page."""
    kind = get_named_type(field.type)
    if not {"first", "after"} <= set(field.args) or not isinstance(kind, GraphQLObjectType):
        return None
    item = get_named_type(kind.fields["nodes"].type)
    return item if isinstance(item, GraphQLObjectType) else None


def _argument(field: GraphQLField, name: str, text: str) -> Any:
    """Return the value of an argument. GraphQL checks it. Raises Refusal."""
    argument = field.args.get(name)
    if argument is None or name in PAGE_ARGUMENTS:
        known = sorted({*field.args, "columns"} - PAGE_ARGUMENTS)
        raise Refusal.of(ExportCode.EXPORT_BAD_PARAMETER, (name[:60],), name=name[:60], known=", ".join(known))
    kind: GraphQLNullableType = get_nullable_type(argument.type)
    if not (is_input_object_type(kind) or is_list_type(kind) or kind in (GraphQLInt, GraphQLBoolean)):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal.of(ExportCode.EXPORT_BAD_PARAMETER, (name,), case="json", name=name) from None


def _default_columns(item: GraphQLObjectType) -> list[str]:
    """Return the cheap columns of an item, and the id and label of each object that it links to."""
    found = []
    for name, field in item.fields.items():
        kind = get_named_type(field.type)
        if _is_list(field) or any(map(is_required_argument, field.args.values())):
            continue
        if is_leaf_type(kind):
            found += [name] if cost_of(item.name, name, field).weight <= MAX_DEFAULT_COST else []
        elif isinstance(kind, GraphQLObjectType) and any(_is_value(kind.fields.get(each)) for each in LABELS):
            found += [f"{name}.{each}" for each in ("id", *LABELS) if _is_value(kind.fields.get(each))]
        elif isinstance(kind, GraphQLObjectType) and kind.name in NUMBERS:
            found += [f"{name}.{each}" for each, inner in kind.fields.items() if _is_value(inner)]
    return found


def _is_value(field: GraphQLField | None) -> bool:
    return field is not None and is_leaf_type(get_nullable_type(field.type))


def _is_list(field: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(field.type))


def _checked_column(item: GraphQLObjectType, column: str) -> str:
    """Check that a path leads to one value, and return the part of it that GraphQL reads. Raises Refusal.

    A last name inside a JSON value, such as ``city`` in ``fields.city``, is looked up in the answer.
    """
    kind: Any = item
    names = column.split(".")
    for number, name in enumerate(names, 1):
        field = kind.fields.get(name) if isinstance(kind, GraphQLObjectType) else None
        if field is None or number > MAX_DEPTH or any(map(is_required_argument, field.args.values())):
            raise Refusal.of(ExportCode.EXPORT_UNKNOWN_COLUMN, ("columns",), column=column[:120], item=item.name)
        kind = get_named_type(field.type)
        if _is_list(field) and not (number == len(names) and is_leaf_type(kind)):
            raise Refusal.of(ExportCode.EXPORT_UNKNOWN_COLUMN, ("columns",), case="list", column=column[:120])
        if kind.name == JSON and number == len(names) - 1 and names[number]:
            return ".".join(names[:number])
    if not is_leaf_type(kind):
        raise Refusal.of(ExportCode.EXPORT_UNKNOWN_COLUMN, ("columns",), case="object", column=column[:120])
    return column


def _selection(columns: Sequence[str]) -> str:
    """Return the selection of these paths. Each field is selected once."""
    tree: dict[str, Any] = {}
    for column in columns:
        branch = tree
        for name in column.split("."):
            branch = branch.setdefault(name, {})
    return _written(tree)


def _written(tree: Mapping[str, Any]) -> str:
    return " ".join(f"{name} {{ {_written(inner)} }}" if inner else name for name, inner in tree.items())


def _value(node: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Return the value at a path; None if an object on the way is null, or a JSON object does not have the name."""
    value: Any = node
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
