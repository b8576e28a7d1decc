"""One websocket: text frames of strict JSON come in, text frames go out, and closing it twice is closing it once."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, cast

from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter

from api.http.json_reading import read_any_json
from api.http.json_writing import write_any_json
from api.server import ACKNOWLEDGED
from api.server.limits import ServerLimits
from api.workers.limits import WorkersBusyError

CLOSE_INVALID_MESSAGE = 4400
CLOSE_TOO_BIG = 1009
CLOSE_TRY_AGAIN_LATER = 1013
WORKSPACE_SCOPE_KEY = "touchline.workspace"
"""Where a connection's scope has the workspace of its client, from its acknowledgement on."""
MAX_REASON_BYTES = 123
"""Bytes of a reason that fit into a close frame."""


def hide_frames(record: logging.LogRecord) -> bool:
    """Let through what uvicorn may log of websockets: no frames and handshakes, for they hold tokens.

    That a text frame is no UTF-8 is one line and no traceback: it is the client's fault, and was answered.
    """
    if record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError):
        record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
    return record.levelno > logging.DEBUG


class Socket(ASGIWebSocketAdapter):
    """Strawberry's adapter, made safe against every frame that a client can send."""

    @property
    def max_bytes(self) -> int:
        """How large a message may be. The server holds the same limit before it has read a message to its end."""
        if not self.ws.scope.get(WORKSPACE_SCOPE_KEY):
            return ServerLimits.init_bytes
        return min(ServerLimits.message_bytes, int(cast(Any, self.view).guard.max_body))

    def acknowledged(self, workspace: str) -> None:
        """Note who the client is: it may send larger messages from now on."""
        self.ws.scope[WORKSPACE_SCOPE_KEY] = workspace
        tell_server = self.ws.scope.get("extensions", {}).get(ACKNOWLEDGED)
        if tell_server is not None:
            tell_server()

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Yield messages until either side closes. A frame that cannot be read closes the connection."""
        while self.ws.application_state is WebSocketState.CONNECTED:
            frame = await self.ws.receive()
            if frame["type"] == "websocket.disconnect":
                return
            text = frame.get("text")
            if text is None:
                await self.close(CLOSE_INVALID_MESSAGE, "Send text frames.")
            elif len(body := text.encode("utf-8", "replace")) > self.max_bytes:
                await self.close(CLOSE_TOO_BIG, f"A message may have {self.max_bytes} bytes.")
            else:
                try:
                    message = await read_any_json(body, str(self.ws.scope.get(WORKSPACE_SCOPE_KEY, "")))
                except WorkersBusyError:
                    await self.close(CLOSE_TRY_AGAIN_LATER, "The server is busy with large messages.")
                except ValueError as problem:
                    await self.close(CLOSE_INVALID_MESSAGE, str(problem))
                else:
                    if workspace := self.ws.scope.get(WORKSPACE_SCOPE_KEY):
                        await cast(Any, self.view).guard.pace.wait(str(workspace))
                    yield message

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message, or drop it where nobody is left to read it: the next frame that comes in tells so."""
        # RuntimeError is how starlette and uvicorn name a connection that they have closed already.
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.ws.send_text((await write_any_json(message)).decode())

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, unless it is closed."""
        short = reason.encode("utf-8", "replace")[:MAX_REASON_BYTES].decode("utf-8", "ignore")
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.ws.close(code=code, reason=short)
