"""How what went wrong reaches the client: a refusal in the mutation's payload, all else as an error with a code."""

from typing import Any, TypeVar

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError

from api.graphql.arguments.argument_paths import path_of_value
from api.graphql.arguments.input_errors import invalid_value
from api.services.common.database_faults import public_fault
from strategies import Refusal

Payload = TypeVar("Payload")

INTERNAL_ERROR = "An internal error. It has been logged."
"""What a client reads of our own faults."""
NO_OPERATION = "Name one of the document's operations in operationName."
SUGGESTION = " Did you mean "
"""How graphql-core begins a suggestion, at the end of a message."""
MAX_MESSAGE_CHARACTERS = 1_000
"""Characters of an error message of graphql-core that a response contains."""
CLIENTS = (GraphQLError, Refusal, CannotGetOperationTypeError)
"""What a client did wrong."""


def hidden(error: GraphQLError) -> bool:
    """Say whether an error is not the client's own: what the client did is told in full."""
    return error.original_error is not None and not isinstance(error.original_error, CLIENTS)


def fault(problem: Exception | None) -> GraphQLError:
    """Return what a client reads of a fault that is not its own: whether it may go well later, and nothing else."""
    if found := public_fault(problem):
        return GraphQLError(found.sentence, extensions={"code": found.code})
    return GraphQLError(INTERNAL_ERROR, extensions={"code": "INTERNAL_ERROR"})


class HideFaults(MaskErrors):
    """Says of faults that are not the client's no more than ``fault`` does, and where they happened."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=hidden)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """Return what is told instead."""
        told = fault(error.original_error)
        return GraphQLError(told.message, error.nodes, path=error.path, extensions=told.extensions)


def coded(error: GraphQLError, *, suggest: bool = True) -> GraphQLError:
    """Return an error of a result with a code: what has none yet is graphql-core's own.

    Without ``suggest`` it names no fields and values of the schema that the client may have meant.
    """
    if not suggest:
        error.message = error.message.partition(SUGGESTION)[0]
    # graphql-core repeats what it was given, of whatever size.
    error.message = error.message[:MAX_MESSAGE_CHARACTERS]
    if error.extensions and "code" in error.extensions:
        return error
    if isinstance(error.original_error, CannotGetOperationTypeError):
        return GraphQLError(NO_OPERATION, extensions={"code": "NO_OPERATION"})
    if hidden(error):
        return fault(error.original_error)
    if isinstance(error, GraphQLSyntaxError):
        own: dict[str, Any] = {"code": "SYNTAX"}
    else:  # an argument whose variables turn out wrong only when its field is executed
        own = invalid_value(error.message, None, path_of_value(error.nodes)).extensions or {}
    error.extensions = own | (error.extensions or {})
    return error
