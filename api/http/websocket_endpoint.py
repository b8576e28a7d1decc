"""The GraphQL endpoint over websockets, with strawberry's implementation of graphql-transport-ws."""

import logging
from datetime import timedelta
from typing import Any

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry import UNSET
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.websocket_origin import normalize_origin
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UnsetType

from api.codes.requests import RequestCode
from api.graphql.engine.errors import INTERNAL_ERROR, fault
from api.http.request_guard import RequestGuard, check_operation
from api.http.websocket_auth import CLOSE_UNAUTHENTICATED, AuthenticatedSchema, ConnectionAuth
from api.http.websocket_frames import CLOSE_INVALID_MESSAGE, CLOSE_TRY_AGAIN_LATER, Socket, hide_frames
from api.store.engine.availability import log_database_outage
from strategies import Refusal

log = logging.getLogger("touchline.websocket")

INIT_TIMEOUT_SECONDS = 10.0
"""How long a connection may take to send connection_init."""
MAX_OPERATIONS = 50
"""Operations of one connection that may run at the same time."""
MAX_ID_LENGTH = 200
NO_ACK_PAYLOAD: UnsetType = UNSET


class Handler(BaseGraphQLTransportWSHandler[Any, None]):
    """Extends strawberry's handler: checks the form of messages, and keeps the connection after an invalid document."""

    view: "WebSocketEndpoint"

    async def handle_message(self, message: Any) -> None:
        """Handle a message. A malformed message closes the connection."""
        try:
            _check(message)
        except ValueError as problem:
            await self.websocket.close(CLOSE_INVALID_MESSAGE, str(problem))
            return
        if not self.connection_acknowledged and message["type"] != "connection_init":
            await self.websocket.close(CLOSE_UNAUTHENTICATED, "Unauthorized")
            return
        try:
            await super().handle_message(message)
        except Exception as problem:
            if log_database_outage(problem):
                await self.websocket.close(CLOSE_TRY_AGAIN_LATER, fault(problem).message)
            else:
                log.exception("failed to handle a websocket message")
                await self.websocket.close(1011, INTERNAL_ERROR)

    async def handle_subscribe(self, message: Any) -> None:
        """Start an operation, or send the reason for a refusal as its error."""
        if self.connection_acknowledged and message["id"] not in self.operations:
            try:
                if len(self.operations) >= MAX_OPERATIONS:
                    raise Refusal.of(RequestCode.TOO_MANY_OPERATIONS, limit=MAX_OPERATIONS)
                self.view.guard.check_query(message["payload"]["query"])
            except Refusal as refused:
                error = GraphQLError(refused.message, extensions={"code": refused.code})
                await self.send_message({"id": message["id"], "type": "error", "payload": [error.formatted]})
                return
        await super().handle_subscribe(message)

    async def _handle_pre_execution_error(self, operation: Operation[Any, None], result: PreExecutionError) -> None:
        """Send the errors to that operation only. Other operations of the connection continue."""
        await operation.send_initial_errors(result.errors or [])


class WebSocketEndpoint(GraphQL[Any, None]):
    """The websocket at /graphql."""

    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = Handler

    def __init__(self, schema: BaseSchema, guard: RequestGuard, public_url: str) -> None:
        logging.getLogger("uvicorn.error").addFilter(hide_frames)
        public = normalize_origin(public_url)
        super().__init__(
            AuthenticatedSchema(schema),  # type: ignore[arg-type]
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_TIMEOUT_SECONDS),
            max_subscriptions_per_connection=None,  # the handler counts them, and refuses with a code
            allowed_origins=(public,) if public else (),
        )
        self.guard = guard

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> ConnectionAuth:
        """Return the authentication of the connection."""
        assert isinstance(request, WebSocket)  # noqa: S101 - nothing else is routed here
        assert isinstance(response, WebSocket)  # noqa: S101
        return ConnectionAuth(self.guard, Socket(self, request, response), request.headers.get("authorization", ""))

    async def on_ws_connect(self, context: ConnectionAuth) -> UnsetType | dict[str, object] | None:
        """Accept the connection if its token is valid. Otherwise it has been closed with the reason."""
        found = await context.context()
        if found is None:
            raise ConnectionRejectionError
        context.socket.acknowledged(found.workspace_context.workspace_id)
        return NO_ACK_PAYLOAD


def _check(message: Any) -> None:
    """Check the form that strawberry's handler expects. Raises ValueError with a sentence for the client."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ValueError('A message must be an object with a "type" string.')
    if message["type"] in {"subscribe", "complete"}:
        name = message.get("id")
        if (
            not isinstance(name, str)
            or not 0 < len(name) <= MAX_ID_LENGTH
            or name != name.encode(errors="replace").decode()
        ):
            raise ValueError(
                f'A message must have an "id" of 1 to {MAX_ID_LENGTH} characters, without lone surrogates.'
            )
    if message["type"] == "subscribe":
        check_operation(message.get("payload"))
