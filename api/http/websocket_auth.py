"""Who opened a websocket, and what runs for them: asked again for each operation, because a connection lives long."""

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Any

from graphql import GraphQLError
from strawberry.schema import BaseSchema
from strawberry.types.execution import ExecutionResult, PreExecutionError

from api.graphql.engine.context import Context
from api.graphql.engine.errors import coded, fault
from api.http.request_guard import TOKEN_INVALID, RequestGuard
from api.http.websocket_frames import Socket
from api.http.workspace_limits import BusyError
from api.store.engine.availability import log_database_outage

log = logging.getLogger("touchline.websocket")

CLOSE_UNAUTHENTICATED = 4401
"""Not 4403, after which clients open the same connection with the same token again."""


class ConnectionAuth:
    """Whose token came in connection_init, or else with the handshake."""

    def __init__(self, guard: RequestGuard, socket: Socket, handshake: str) -> None:
        self.guard = guard
        self.socket = socket
        self.handshake = handshake
        self.connection_params: dict[str, object] = {}

    async def context(self) -> Context | None:
        """Return a context of its own for one operation. Where the token opens nothing, the connection is closed."""
        given = {name.lower(): value for name, value in self.connection_params.items()}
        authorization = str(given.get("authorization") or self.handshake)
        if not authorization:
            await self.socket.close(
                CLOSE_UNAUTHENTICATED, 'Send {"Authorization": "Bearer <token>"} with connection_init.'
            )
            return None
        context = await self.guard.context(authorization)
        if context is None:
            await self.socket.close(CLOSE_UNAUTHENTICATED, TOKEN_INVALID)
        return context


class AuthenticatedSchema:
    """The schema as strawberry's handler of a connection uses it, which passes the connection's caller as context."""

    def __init__(self, schema: BaseSchema) -> None:
        self.schema = schema

    async def stream(self, query: str, *, context_value: ConnectionAuth, **given: Any) -> AsyncGenerator[Any, None]:
        """Return the results of an operation."""
        return self._results(query, context_value, given)

    async def _results(self, query: str, caller: ConnectionAuth, given: dict[str, Any]) -> AsyncGenerator[Any, None]:
        try:
            context = await caller.context()
            if context is None:
                return
            async with (
                AsyncExitStack() as turn,
                aclosing(await self._begun(turn, query, caller, context, given)) as results,
            ):
                many = False
                async for result in results:
                    # An event that comes later is for whom the token opens then.
                    if many:
                        if await caller.context() is None:
                            return
                        try:
                            context.charge_again()
                        except GraphQLError as error:
                            yield ExecutionResult(data=None, errors=[error])
                            return
                        if isinstance(result, ExecutionResult):
                            result.extensions = (result.extensions or {}) | {"cost": context.charged}
                    if isinstance(result, ExecutionResult) and result.errors:
                        result.errors = [coded(error, suggest=context.introspection) for error in result.errors]
                    yield result
                    many = True
                    await turn.aclose()  # a subscription takes no turn while it waits for events
        except BusyError as busy:
            yield PreExecutionError(data=None, errors=[GraphQLError(str(busy), extensions={"code": "BUSY"})])
        except GraphQLError as wrong:
            # A document that cannot be parsed: strawberry's cache of parsed ones raises past strawberry's own answer.
            yield PreExecutionError(data=None, errors=[coded(wrong)])
        except Exception as problem:
            if not log_database_outage(problem):
                log.exception("an operation failed")
            yield PreExecutionError(data=None, errors=[fault(problem)])

    async def _begun(
        self, turn: AsyncExitStack, query: str, caller: ConnectionAuth, context: Context, given: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        await turn.enter_async_context(caller.guard.turns.turn(context.workspace_context.workspace_id))
        return await self.schema.stream(query, context_value=context, **given)
