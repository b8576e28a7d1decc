"""Check that fields with one response name select the same, so that they can be merged.

graphql-core's OverlappingFieldsCanBeMergedRule compares each pair. Here, "the same" is an equivalence: comparing each
field with the first of its name is enough, and is linear. In one case this is stricter than the specification:
fragments on two types of the interface Node may not use one response name for different fields.
"""

from collections.abc import Iterator, Mapping, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    print_ast,
)

from api.codes.request_errors.queries import QueryCode
from api.graphql.arguments.coded_error import coded_error

Fragments = Mapping[str, FragmentDefinitionNode]


def conflicts(document: DocumentNode, most: int) -> list[GraphQLError]:
    """Return the fields that cannot be merged, up to ``most``. The document has passed all other rules."""
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    errors: list[GraphQLError] = []
    for part in document.definitions:
        if isinstance(part, OperationDefinitionNode):
            for error in _conflicts([part.selection_set], fragments):
                errors.append(error)
                if len(errors) == most:
                    return errors
    return errors


def _conflicts(selected: Sequence[SelectionSetNode], fragments: Fragments) -> Iterator[GraphQLError]:
    named: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()
    for selection in selected:
        _collect(selection, fragments, named, spread)
    for name, fields in named.items():
        if len(fields) > 1:
            first = _asked(fields[0])
            for field in fields[1:]:
                if _asked(field) != first:
                    yield coded_error(QueryCode.INVALID_QUERY.message(name=name), [fields[0], field])
        inside = [field.selection_set for field in fields if field.selection_set]
        if inside:
            yield from _conflicts(inside, fragments)


def _collect(
    selection: SelectionSetNode, fragments: Fragments, named: dict[str, list[FieldNode]], spread: set[str]
) -> None:
    for part in selection.selections:
        if isinstance(part, FieldNode):
            named.setdefault((part.alias or part.name).value, []).append(part)
        elif isinstance(part, InlineFragmentNode):
            _collect(part.selection_set, fragments, named, spread)
        elif isinstance(part, FragmentSpreadNode) and part.name.value not in spread:
            spread.add(part.name.value)
            _collect(fragments[part.name.value].selection_set, fragments, named, spread)


def _asked(field: FieldNode) -> tuple[str, dict[str, str]]:
    return field.name.value, {argument.name.value: print_ast(argument.value) for argument in field.arguments or ()}
