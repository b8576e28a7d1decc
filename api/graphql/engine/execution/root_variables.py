"""Which variables of a subscription its fields use, beside those that only say what is followed."""

from graphql import OperationDefinitionNode, VariableNode, Visitor, get_operation_ast, visit

from api.graphql.engine.execution.documents import valid_document


def variables_of_fields(query: str, operation_name: str | None) -> set[str]:
    """Return the names of the variables that the results of a valid subscription depend on.

    The arguments of its root field only say what is followed, such as the place in the Live Feed.
    """
    document = valid_document(query)
    operation = get_operation_ast(document, operation_name)
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101 - it was executed
    found = _Variables()
    for definition in document.definitions:
        if definition is operation:
            for field in operation.selection_set.selections:
                _collect(found, field)
        elif not isinstance(definition, OperationDefinitionNode):
            visit(definition, found)
    return found.names


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.names.add(node.name.value)


def _collect(found: _Variables, field: object) -> None:
    """Collect the variables of a root field: of its directives and the fields below it."""
    for part in (*(getattr(field, "directives", None) or ()), getattr(field, "selection_set", None)):
        if part is not None:
            visit(part, found)
