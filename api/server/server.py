"""uvicorn's server with a long accept queue, and one way to stop."""

import os
import socket
from types import FrameType

import uvicorn

QUEUED_CONNECTIONS = 4_096
"""Length of the system's accept queue (the backlog of ``listen``). net.core.somaxconn may limit it."""


class Server(uvicorn.Server):
    """Accepts few connections in one turn of the event loop, and lets the system queue many.

    asyncio uses one number for both. With a short queue, clients wait a second before they retry. Accepting many
    connections in one turn can exceed the limit of open files.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start like uvicorn, then lengthen the accept queues."""
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listener in server.sockets:
                with socket.socket(fileno=os.dup(listener.fileno())) as duplicate:
                    duplicate.listen(QUEUED_CONNECTIONS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop cleanly, also at a second Ctrl+C, at which uvicorn would leave running tasks to break."""
        super().handle_exit(sig, frame)
        self.force_exit = False
