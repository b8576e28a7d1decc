"""Authentication of websockets. The token is checked again for each operation, because connections stay open long."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult, PreExecutionError

from api.codes.events.actors import ActorKind
from api.codes.request_errors.http_answers import CloseCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.engine.execution.errors import public_error, with_code
from api.graphql.engine.execution.operations import Schema
from api.graphql.engine.graphql_context import Context
from api.http.access.request_guard import RequestGuard
from api.http.graphql.subscription_updates import FollowingClient, UpdateMaker, later_updates
from api.http.graphql.websocket_frames import Socket
from api.services.following.events import FollowedEvents
from api.services.following.row_kinds import kind_of
from api.store.engine.faults.availability import log_database_outage
from api.store.events.event_actor import acting
from strategies import Refusal
from strategies.codes import Message

log = logging.getLogger("touchline.websocket")


class OperationClient(FollowingClient, Protocol):
    """The connection that runs an operation: a websocket, or a stream of server-sent events."""

    async def context(self) -> Context | None:
        """Return the context for one operation; None if the token is invalid."""


class ConnectionAuth:
    """The token of one connection: from connection_init, or else from the headers of the handshake."""

    def __init__(self, guard: RequestGuard, socket: Socket, handshake: str) -> None:
        self.guard = guard
        self.socket = socket
        self.handshake = handshake
        self.connection_params: dict[str, object] = {}

    @property
    def authorization(self) -> str:
        """The token: the value of ``authorization`` in connection_init, or else the header of the handshake."""
        params = {name.lower(): value for name, value in self.connection_params.items()}
        return str(params.get("authorization") or self.handshake)

    async def context(self) -> Context | None:
        """Return a new context for one operation. Closes the connection and returns None if the token is invalid."""
        if not self.authorization:
            await self.refuse(RequestCode.UNAUTHENTICATED.message("init"))
            return None
        context = await self.guard.context(self.authorization)
        if context is None:
            await self.refuse(RequestCode.UNAUTHENTICATED.message())
        return context

    async def refuse(self, why: Message, code: CloseCode = CloseCode.UNAUTHENTICATED) -> None:
        """Close the connection, because its token is missing or invalid, or it reads too slowly."""
        await self.socket.close(code, why.sentence)


class AuthenticatedSchema:
    """Wraps the schema for strawberry's websocket handler and for streams, which pass an OperationClient as context."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    async def stream(self, query: str, *, context_value: OperationClient, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """Return the results of an operation as an async generator."""
        return self._results(query, context_value, kwargs)

    async def _results(self, query: str, auth: OperationClient, kwargs: dict[str, Any]) -> AsyncGenerator[Any, None]:
        try:
            context = await auth.context()
            if context is None:
                return
            with acting(ActorKind.TOKEN, context.workspace_context.actor):
                async with aclosing(self._execute(query, auth, context, kwargs)) as results:
                    async for result in results:
                        yield result
            followed = context.followed
            if followed is None or (not isinstance(followed, FollowedEvents) and kind_of(followed).is_over(followed)):
                return
            names = kwargs.get("variable_values"), kwargs.get("operation_name")
            maker = UpdateMaker(self.schema, auth.guard, context, query, *names)
            updates = later_updates(auth, followed, maker, context.charge)
            del context, followed, maker  # frees their memory: a server can have thousands of followers
            async with aclosing(updates):
                async for update in updates:
                    yield update
        except Refusal as refused:
            yield PreExecutionError(data=None, errors=[coded_error(Message(refused.code, refused.message))])
        except GraphQLError as error:
            # The document cannot be parsed. Strawberry's cache raises outside of its own error handling.
            yield PreExecutionError(data=None, errors=[with_code(error)])
        except Exception as problem:
            if not log_database_outage(problem):
                log.exception("a websocket operation failed")
            yield PreExecutionError(data=None, errors=[public_error(problem)])

    async def _execute(
        self, query: str, auth: OperationClient, context: Context, kwargs: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """Yield the result of a query or a mutation, or the first event of a subscription."""
        async with (
            auth.guard.operations.slot(context.workspace_context.workspace_id),
            aclosing(await self.schema.stream(query, context_value=context, **kwargs)) as results,
        ):
            async for result in results:
                if isinstance(result, ExecutionResult) and result.errors:
                    result.errors = [with_code(error, suggest=context.introspection) for error in result.errors]
                yield result
