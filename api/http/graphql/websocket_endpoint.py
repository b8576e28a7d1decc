"""The GraphQL endpoint over websockets, with strawberry's implementation of graphql-transport-ws."""

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry import UNSET
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UnsetType

from api.codes.request_errors.http_answers import CloseCode
from api.codes.request_errors.requests import RequestCode
from api.graphql.arguments.coded_error import coded_error
from api.graphql.engine.execution.errors import public_error
from api.graphql.engine.execution.operations import Schema
from api.http.access.request_guard import RequestGuard
from api.http.graphql.operation_requests import check_operation
from api.http.graphql.websocket_auth import AuthenticatedSchema, ConnectionAuth
from api.http.graphql.websocket_frames import Socket, hide_frames
from api.store.engine.faults.availability import log_database_outage
from strategies import Refusal
from strategies.codes import Message

log = logging.getLogger("touchline.websocket")

INIT_TIMEOUT_SECONDS = 10.0
"""How long a connection may take to send connection_init."""
MAX_OPERATIONS = 50
"""Most operations of one connection that run at the same time."""
MAX_ID_LENGTH = 200
"""Longest id of an operation, in characters."""
NO_ACK_PAYLOAD: UnsetType = UNSET


class Handler(BaseGraphQLTransportWSHandler[Any, None]):
    """Extends strawberry's handler: checks the form of messages, and keeps the connection after an invalid document."""

    view: "WebSocketEndpoint"

    async def handle_message(self, message: Any) -> None:
        """Handle a message. A malformed message closes the connection."""
        try:
            _check_form(message)
        except Refusal as refused:
            await self.websocket.close(CloseCode.INVALID_MESSAGE, refused.message)
            return
        if not self.connection_acknowledged and message["type"] != "connection_init":
            await self.websocket.close(
                CloseCode.UNAUTHENTICATED, RequestCode.UNAUTHENTICATED.message("uninitialized").sentence
            )
            return
        try:
            await super().handle_message(message)
        except Exception as problem:
            if log_database_outage(problem):
                await self.websocket.close(CloseCode.TRY_AGAIN_LATER, public_error(problem).message)
            else:
                log.exception("cannot handle a websocket message")
                await self.websocket.close(CloseCode.INTERNAL_ERROR, RequestCode.INTERNAL_ERROR.message().sentence)

    async def handle_subscribe(self, message: Any) -> None:
        """Start an operation. If it is refused, send an error for it."""
        if self.connection_acknowledged and message["id"] not in self.operations:
            try:
                if len(self.operations) >= MAX_OPERATIONS:
                    raise Refusal.of(RequestCode.TOO_MANY_OPERATIONS, limit=MAX_OPERATIONS)
                self.view.guard.check_document(message["payload"])
            except Refusal as refused:
                error = coded_error(Message(refused.code, refused.message))
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

    def __init__(self, schema: Schema, guard: RequestGuard, origins: Collection[str]) -> None:
        logging.getLogger("uvicorn.error").addFilter(hide_frames)
        super().__init__(
            AuthenticatedSchema(schema),  # type: ignore[arg-type]
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_TIMEOUT_SECONDS),
            max_subscriptions_per_connection=None,  # the handler limits them, with an error code
            allowed_origins=tuple(origins),
        )
        self.guard = guard

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> ConnectionAuth:
        """Return the authentication of the connection."""
        assert isinstance(request, WebSocket)  # noqa: S101 - nothing else is routed here
        assert isinstance(response, WebSocket)  # noqa: S101
        return ConnectionAuth(self.guard, Socket(self, request, response), request.headers.get("authorization", ""))

    async def on_ws_connect(self, context: ConnectionAuth) -> UnsetType | dict[str, object] | None:
        """Accept the connection if its token is valid. Otherwise ``ConnectionAuth`` has closed it with the reason."""
        operation_context = await context.context()
        if operation_context is None:
            raise ConnectionRejectionError
        context.socket.acknowledge(operation_context.workspace_context.workspace_id)
        return NO_ACK_PAYLOAD


def _check_form(message: Any) -> None:
    """Check the form that strawberry's handler expects. Raises Refusal."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Refusal.of(RequestCode.BAD_REQUEST, case="message_type")
    if message["type"] in {"subscribe", "complete"}:
        id_ = message.get("id")
        if (
            not isinstance(id_, str)
            or not 0 < len(id_) <= MAX_ID_LENGTH
            or id_ != id_.encode(errors="replace").decode()
        ):
            raise Refusal.of(RequestCode.BAD_REQUEST, case="message_id", limit=MAX_ID_LENGTH)
    if message["type"] == "subscribe":
        check_operation(message.get("payload"))
