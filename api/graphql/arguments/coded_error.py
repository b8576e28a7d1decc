"""A GraphQL error with a code and a path in its extensions."""

from collections.abc import Sequence

from graphql import GraphQLError, Node

from api.graphql.arguments.argument_paths import in_form
from strategies.codes import Message


def coded_error(
    message: Message,
    nodes: Node | Sequence[Node] | None = None,
    path: Sequence[str | int] | None = None,
    **facts: object,
) -> GraphQLError:
    """Return the error of a message. ``nodes`` locate it in the document, ``facts`` are further extensions."""
    place = {} if path is None else {"path": in_form(path)}
    return GraphQLError(message.sentence, nodes, extensions={"code": message.code} | place | facts)
