"""Errors as clients see them: each with a code, and without details of faults of the server."""

from typing import Any, TypeVar

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError

from api.codes.request_errors.queries import QueryCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.arguments.argument_paths import path_of_value
from api.graphql.arguments.coded_error import coded_error
from api.graphql.arguments.input_errors import ENUM_VALUES, invalid_value
from api.services.common.database_faults import public_fault
from strategies import Refusal

Payload = TypeVar("Payload")

SUGGESTION = " Did you mean "
"""The beginning of a suggestion at the end of graphql-core's messages."""
MAX_MESSAGE_CHARACTERS = 1_000
"""Characters of an error message of graphql-core that a response contains."""
CLIENTS = (GraphQLError, Refusal, CannotGetOperationTypeError)
"""Errors caused by the request."""


def is_hidden(error: GraphQLError) -> bool:
    """Return whether clients do not see the details of an error, because the request did not cause it."""
    return error.original_error is not None and not isinstance(error.original_error, CLIENTS)


def public_error(problem: Exception | None) -> GraphQLError:
    """Return the error that a client gets for a fault of the server or its database, without details."""
    return coded_error(public_fault(problem) or RequestCode.INTERNAL_ERROR.message())


class HideFaults(MaskErrors):
    """Replaces errors that the request did not cause by what ``public_error`` returns, and keeps their path."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=is_hidden)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """Return the error that replaces another."""
        return without_details(error)


def without_details(error: GraphQLError) -> GraphQLError:
    """Return the error that replaces one that the request did not cause. It keeps the path."""
    public = public_error(error.original_error)
    return GraphQLError(public.message, error.nodes, path=error.path, extensions=public.extensions)


def with_code(error: GraphQLError, *, suggest: bool = True) -> GraphQLError:
    """Return an error with a code. Errors without one are graphql-core's own.

    Without ``suggest``, the message names no fields and values of the schema.
    """
    if not suggest:
        for beginning in (SUGGESTION, ENUM_VALUES):
            error.message = error.message.partition(beginning)[0]
    # graphql-core repeats the value of the request, which can be large.
    error.message = error.message[:MAX_MESSAGE_CHARACTERS]
    if error.extensions and "code" in error.extensions:
        return error
    if isinstance(error.original_error, CannotGetOperationTypeError):
        return coded_error(QueryCode.NO_OPERATION.message())
    if is_hidden(error):
        return public_error(error.original_error)
    if isinstance(error, GraphQLSyntaxError):
        own: dict[str, Any] = {"code": QueryCode.SYNTAX.value}
    else:  # an argument whose variables are found to be wrong when its field is executed
        own = invalid_value(error.message, None, path_of_value(error.nodes)).extensions or {}
    error.extensions = own | (error.extensions or {})
    return error
