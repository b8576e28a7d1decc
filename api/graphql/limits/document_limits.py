"""Limits of a document's size, checked by one linear pass after parsing, before any rule validates it.

The rules of graphql-core compare fields, fragments and variables with each other: their time grows with the square of
these numbers, so the numbers are bounded first.
"""

from collections.abc import Iterable, Iterator

from graphql import (
    ConstDirectiveNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from api.codes.request_errors.queries import QueryCode
from api.graphql.arguments.coded_error import coded_error

MAX_QUERY_BYTES = 65_536
"""Bytes of a document as UTF-8."""
MAX_TOKENS = 5_000
"""Names, values and punctuation marks of a document."""
MAX_FIELDS = 1_000
"""Fields of an operation with fragments expanded, directives on fields included."""
MAX_FIELDS_IN_ALL = 2_000
"""Fields of all operations of a document together, counted in the same way."""
MAX_DEPTH = 20
"""Levels of nested fields."""
MAX_VALUE_DEPTH = 200
"""Levels of nested lists and objects in a value."""
MAX_OPERATIONS = 50
MAX_FRAGMENTS = 100
MAX_VARIABLES = 200
"""Variables of one operation."""
MAX_DIRECTIVES = 10
"""Directives in one place."""
MAX_NAME = 200
"""Characters of a field's name or alias."""
MAX_DIGITS = 1_000
"""Digits of a number."""
Size = tuple[int, int]


def check_size(document: DocumentNode) -> int:
    """Check the size of a document, and return the number of its nodes.

    Raises GraphQLError with the code QUERY_TOO_LARGE or INVALID_QUERY.
    """
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    if len(operations) > MAX_OPERATIONS:
        raise coded_error(QueryCode.QUERY_TOO_LARGE.message("operations", count=len(operations), limit=MAX_OPERATIONS))
    if len(document.definitions) - len(operations) > MAX_FRAGMENTS:
        raise coded_error(QueryCode.QUERY_TOO_LARGE.message("fragments", limit=MAX_FRAGMENTS))
    nodes = 0
    for node in _nodes(document):
        _check_node(node)
        nodes += 1
    measure = _Measure(fragments)
    total = 0
    for operation in operations:
        if len(operation.variable_definitions or ()) > MAX_VARIABLES:
            raise coded_error(QueryCode.QUERY_TOO_LARGE.message("variables", limit=MAX_VARIABLES), operation)
        fields, depth = measure.of(operation.selection_set, frozenset())
        if fields > MAX_FIELDS or depth > MAX_DEPTH:
            message = QueryCode.QUERY_TOO_LARGE.message(
                "fields", fields=fields, depth=depth, max_fields=MAX_FIELDS, max_depth=MAX_DEPTH
            )
            raise coded_error(message, operation)
        total += fields
    if total > MAX_FIELDS_IN_ALL:
        raise coded_error(QueryCode.QUERY_TOO_LARGE.message("fields_together", fields=total, limit=MAX_FIELDS_IN_ALL))
    return nodes


def _check_node(node: Node) -> None:
    directives = getattr(node, "directives", None)
    if directives and len(directives) > MAX_DIRECTIVES:
        raise coded_error(
            QueryCode.QUERY_TOO_LARGE.message("directives", limit=MAX_DIRECTIVES, count=len(directives)), node
        )
    if isinstance(node, FieldNode):
        if max(len(node.name.value), len(node.alias.value) if node.alias else 0) > MAX_NAME:
            raise coded_error(QueryCode.QUERY_TOO_LARGE.message("name", limit=MAX_NAME), node)
    elif isinstance(node, IntValueNode | FloatValueNode) and len(node.value) > MAX_DIGITS:
        message = QueryCode.INVALID_QUERY.message("long_number", number=node.value[:30], length=len(node.value))
        raise coded_error(message, node)


def _nodes(document: DocumentNode) -> Iterator[Node]:
    """Yield every field, fragment, directive and value of a document, each once."""
    waiting: list[tuple[Node, int]] = [(node, 0) for node in document.definitions]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_VALUE_DEPTH:
            raise coded_error(QueryCode.QUERY_TOO_LARGE.message("value_depth", limit=MAX_VALUE_DEPTH), node)
        yield node
        inside = _inside(node)
        if isinstance(node, ListValueNode | ObjectValueNode):
            waiting.extend((child, depth + 1) for child in inside)
        else:
            waiting.extend((child, 0) for child in inside)


def _inside(node: Node) -> Iterable[Node]:
    if isinstance(node, ListValueNode):
        return node.values
    if isinstance(node, ObjectValueNode):
        return [field.value for field in node.fields]
    parts: list[Node] = [*(getattr(node, "directives", None) or ())]
    if isinstance(node, FieldNode | DirectiveNode | ConstDirectiveNode):
        parts += [argument.value for argument in node.arguments or ()]
    if isinstance(node, OperationDefinitionNode):
        parts += [*(node.variable_definitions or ())]
    selected = getattr(node, "selection_set", None)
    parts += selected.selections if selected else ()
    default = getattr(node, "default_value", None)
    return [*parts, default] if default else parts


class _Measure:
    """Measures selections. Each fragment is measured once, however often it is spread."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Size] = {}

    def of(self, selection: SelectionSetNode | None, inside: frozenset[str]) -> Size:
        """Return the number of fields, and how deeply they are nested."""
        if selection is None:
            return 0, 0
        if len(inside) > MAX_DEPTH:
            return MAX_FIELDS + 1, MAX_DEPTH + 1  # fragments within fragments, beyond the depth that is read
        fields = depth = 0
        for part in selection.selections:
            fields += len(part.directives or ())
            if isinstance(part, FieldNode):
                below, deep = self.of(part.selection_set, inside)
                fields, depth = fields + 1 + below, max(depth, deep + 1)
            elif isinstance(part, InlineFragmentNode):
                below, deep = self.of(part.selection_set, inside)
                fields, depth = fields + 1 + below, max(depth, deep)
            elif isinstance(part, FragmentSpreadNode):
                below, deep = self._fragment(part.name.value, inside)
                fields, depth = fields + 1 + below, max(depth, deep)
        return min(fields, 10**9), depth

    def _fragment(self, name: str, inside: frozenset[str]) -> Size:
        # Another rule rejects a fragment that spreads itself. Here it must not cause an endless loop.
        if name in inside or name not in self._fragments:
            return 0, 0
        if name not in self._known:
            self._known[name] = self.of(self._fragments[name].selection_set, inside | {name})
        return self._known[name]
