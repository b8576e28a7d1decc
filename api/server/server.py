"""uvicorn's server with a long accept queue."""

import os
import socket

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
