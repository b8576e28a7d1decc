"""How what went wrong reaches the client: a refusal in the mutation's payload, all else as an error with a code."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError

from api.graphql.arguments.argument_paths import path_of_value
from api.graphql.arguments.input_errors import invalid_value
from api.graphql.engine.context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import PATH_PARTS
from api.store.engine.database_faults import DatabaseFault, fault_of
from strategies import Refusal

Payload = TypeVar("Payload")

INTERNAL_ERROR = "An internal error. It has been logged."
"""What a client reads of our own faults."""
DATABASE = {
    DatabaseFault.CORRUPT: "The database is damaged, or its file was taken away. Its operator has to restore it: "
    "trying again does not help.",
    DatabaseFault.AWAY: "The database does not answer at the moment. Try again later.",
    DatabaseFault.FULL: "The database has no space left. Its operator has to make room; then try again.",
    DatabaseFault.BUSY: "The database is busy: other work has what this needs. Try again soon.",
    DatabaseFault.TIMEOUT: "The database stopped this before it was done: it took too long, or an operator ended it. "
    "Ask for less at once.",
    DatabaseFault.TOO_LARGE: "This is more than the database takes at once. Send shorter texts, or fewer values.",
    DatabaseFault.INVALID: "The database cannot keep one of the values, such as a date or a number that is too far "
    "out. Correct it.",
    DatabaseFault.CHANGED: "Something that this refers to has changed meanwhile. Look again.",
}
"""What a client reads of errors of the database. Where several occur in one answer, the first says what to do."""
UNAVAILABLE = tuple(fault for fault in DATABASE if fault.passes or fault is DatabaseFault.CORRUPT)
"""Faults for which an answer without data has the status 503."""
NO_OPERATION = "Name one of the document's operations in operationName."
SUGGESTION = " Did you mean "
"""How graphql-core begins a suggestion, at the end of a message."""
LONGEST = 1_000
"""Characters of a sentence of graphql-core's own."""
CLIENTS = (GraphQLError, Refusal, CannotGetOperationTypeError)
"""What a client did wrong."""


@strawberry.type(description="Why a mutation was refused. When there is one, nothing was written.")
class UserError:
    """A refusal."""

    code: str = strawberry.field(description="For programs: such as `SEND_AT_REQUIRED`. docs/errors.md lists them all.")
    message: str = strawberry.field(description="For people: what is wrong, and what to do about it.")
    path: list[str] = strawberry.field(
        metadata=cost(size=PATH_PARTS),
        description="Where the wrong value is: the argument's name, or inside `input` the name of its field, then "
        'field by field inwards, elements of lists by their index from 0. Such as `["email"]` or '
        '`["times", "1", "time"]`. Empty when no argument is at fault.',
    )


def payload_of(
    kind: Callable[..., Payload],
) -> Callable[[Callable[..., Awaitable[Payload]]], Callable[..., Awaitable[Payload]]]:
    """Turn a Refusal that the mutation raises into the payload's ``errors``."""

    def decorate(resolver: Callable[..., Awaitable[Payload]]) -> Callable[..., Awaitable[Payload]]:
        @functools.wraps(resolver)
        async def answer(root: Any, info: Request, *args: Any, **kwargs: Any) -> Payload:
            # What an earlier mutation of this request has read may be changed now.
            info.context.forget()
            try:
                return await resolver(root, info, *args, **kwargs)
            except Refusal as refusal:
                error = UserError(code=refusal.code, message=refusal.message, path=list(refusal.path))
                return kind(errors=[error])

        return answer

    return decorate


def hidden(error: GraphQLError) -> bool:
    """Say whether an error is not the client's own: what the client did is told in full."""
    return error.original_error is not None and not isinstance(error.original_error, CLIENTS)


def fault(problem: Exception | None) -> GraphQLError:
    """Return what a client reads of a fault that is not its own: whether it may go well later, and nothing else."""
    if found := fault_of(problem):
        return GraphQLError(DATABASE[found], extensions={"code": str(found)})
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
    error.message = error.message[:LONGEST]
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
