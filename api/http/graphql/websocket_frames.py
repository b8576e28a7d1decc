"""The frames of one websocket: reads JSON from text frames, writes text frames, and closes at most once."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, cast

from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter

from api.codes.request_errors.http_answers import CloseCode
from api.codes.request_errors.requests import RequestCode
from api.http.graphql.json_reading import read_any_json
from api.http.graphql.json_writing import write_any_json
from api.server import ACKNOWLEDGE_EXTENSION
from api.server.limits import ServerLimits
from api.worker_processes.limits import WorkersBusyError
from strategies import Refusal

WORKSPACE_SCOPE_KEY = "touchline.workspace"
"""Key of the ASGI scope under which an acknowledged connection has its workspace."""
MAX_REASON_BYTES = 123
"""Largest reason in a close frame, in bytes."""


def hide_frames(record: logging.LogRecord) -> bool:
    """Drop uvicorn's debug logs of frames and handshakes, because they contain tokens.

    A text frame that is not UTF-8 is logged in one line without a traceback, because it is an error of the client.
    """
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
    return record.levelno > logging.DEBUG


class Socket(ASGIWebSocketAdapter):
    """Extends strawberry's adapter: handles every frame that a client can send."""

    @property
    def max_bytes(self) -> int:
        """Largest message in bytes. The server enforces the same limit while it reads a message."""
        if not self.ws.scope.get(WORKSPACE_SCOPE_KEY):
            return ServerLimits.init_bytes
        return min(ServerLimits.message_bytes, int(cast(Any, self.view).guard.max_body_bytes))

    def acknowledge(self, workspace_id: str) -> None:
        """Note the client's workspace, and allow larger messages."""
        self.ws.scope[WORKSPACE_SCOPE_KEY] = workspace_id
        acknowledge = self.ws.scope.get("extensions", {}).get(ACKNOWLEDGE_EXTENSION)
        if acknowledge is not None:
            acknowledge()

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Yield messages until either side closes. An invalid frame closes the connection."""
        while self.ws.application_state is WebSocketState.CONNECTED:
            frame = await self.ws.receive()
            if frame["type"] == "websocket.disconnect":
                return
            text = frame.get("text")
            if text is None:
                await self.close(CloseCode.INVALID_MESSAGE, RequestCode.BAD_REQUEST.message("binary").sentence)
            elif len(body := text.encode("utf-8", "replace")) > self.max_bytes:
                await self.close(
                    CloseCode.TOO_LARGE, RequestCode.TOO_LARGE.message("message", limit=self.max_bytes).sentence
                )
            else:
                try:
                    message = await read_any_json(body, str(self.ws.scope.get(WORKSPACE_SCOPE_KEY, "")))
                except WorkersBusyError:
                    await self.close(CloseCode.TRY_AGAIN_LATER, RequestCode.BUSY.message("workers").sentence)
                except Refusal as refused:
                    await self.close(CloseCode.INVALID_MESSAGE, refused.message)
                else:
                    if workspace := self.ws.scope.get(WORKSPACE_SCOPE_KEY):
                        await cast(Any, self.view).guard.message_rate.wait(str(workspace))
                    yield message

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message, or drop it if the connection is closed. The next received frame reports the closing."""
        # Starlette and uvicorn raise RuntimeError for a connection that is already closed.
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.ws.send_text((await write_any_json(message)).decode())

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, unless it is already closed."""
        short = reason.encode("utf-8", "replace")[:MAX_REASON_BYTES].decode("utf-8", "ignore")
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.ws.close(code=code, reason=short)
