"""Authentication of websockets. The token is checked again for each operation, because connections stay open long."""

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Any

from graphql import GraphQLError
from strawberry.schema import BaseSchema
from strawberry.types.execution import ExecutionResult, PreExecutionError

from api.codes.http_answers import CloseCode
from api.codes.requests import RequestCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.engine.context import Context
from api.graphql.engine.errors import public_error, with_code
from api.http.request_guard import RequestGuard
from api.http.websocket_frames import Socket
from api.store.engine.availability import log_database_outage
from strategies import Refusal
from strategies.codes import Message

log = logging.getLogger("touchline.websocket")


class ConnectionAuth:
    """The token of one connection: from connection_init, or else from the headers of the handshake."""

    def __init__(self, guard: RequestGuard, socket: Socket, handshake: str) -> None:
        self.guard = guard
        self.socket = socket
        self.handshake = handshake
        self.connection_params: dict[str, object] = {}

    async def context(self) -> Context | None:
        """Return a new context for one operation. Closes the connection and returns None if the token is invalid."""
        params = {name.lower(): value for name, value in self.connection_params.items()}
        authorization = str(params.get("authorization") or self.handshake)
        if not authorization:
            init = RequestCode.UNAUTHENTICATED.message("init")
            await self.socket.close(CloseCode.UNAUTHENTICATED, init.sentence)
            return None
        context = await self.guard.context(authorization)
        if context is None:
            await self.socket.close(CloseCode.UNAUTHENTICATED, RequestCode.UNAUTHENTICATED.message().sentence)
        return context


class AuthenticatedSchema:
    """Wraps the schema for strawberry's websocket handler, which passes a ConnectionAuth as context."""

    def __init__(self, schema: BaseSchema) -> None:
        self.schema = schema

    async def stream(self, query: str, *, context_value: ConnectionAuth, **kwargs: Any) -> AsyncGenerator[Any, None]:
        """Return the results of an operation as an async generator."""
        return self._results(query, context_value, kwargs)

    async def _results(self, query: str, auth: ConnectionAuth, kwargs: dict[str, Any]) -> AsyncGenerator[Any, None]:
        try:
            context = await auth.context()
            if context is None:
                return
            async with (
                AsyncExitStack() as slot,
                aclosing(await self._start(slot, query, auth, context, kwargs)) as results,
            ):
                is_later_event = False
                async for result in results:
                    # Check the token again before each later event.
                    if is_later_event:
                        if await auth.context() is None:
                            return
                        try:
                            context.charge_again()
                        except GraphQLError as error:
                            yield ExecutionResult(data=None, errors=[error])
                            return
                        if isinstance(result, ExecutionResult):
                            result.extensions = (result.extensions or {}) | {"cost": context.charged}
                    if isinstance(result, ExecutionResult) and result.errors:
                        result.errors = [with_code(error, suggest=context.introspection) for error in result.errors]
                    yield result
                    is_later_event = True
                    await slot.aclose()  # a subscription must not occupy a slot while it waits for events
        except Refusal as refused:
            yield PreExecutionError(data=None, errors=[coded_error(Message(refused.code, refused.message))])
        except GraphQLError as error:
            # The document cannot be parsed. Strawberry's cache raises outside of its own error handling.
            yield PreExecutionError(data=None, errors=[with_code(error)])
        except Exception as problem:
            if not log_database_outage(problem):
                log.exception("a websocket operation failed")
            yield PreExecutionError(data=None, errors=[public_error(problem)])

    async def _start(
        self, slot: AsyncExitStack, query: str, auth: ConnectionAuth, context: Context, kwargs: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        await slot.enter_async_context(auth.guard.operations.slot(context.workspace_context.workspace_id))
        return await self.schema.stream(query, context_value=context, **kwargs)
