"""uvicorn's server, with a long queue of connections that wait to be accepted."""

import os
import socket

import uvicorn

QUEUED_CONNECTIONS = 4_096
"""Connections that the system keeps until they are accepted. It may keep fewer: see net.core.somaxconn."""


class Server(uvicorn.Server):
    """Accepts few connections in one turn of the event loop, and lets the system queue many.

    Asyncio takes one number for both. A short queue makes clients wait a second for their next try, and many accepted
    in one turn can be more than there are files for.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then lengthen the queues."""
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            for listening in server.sockets:
                with socket.socket(fileno=os.dup(listening.fileno())) as same:
                    same.listen(QUEUED_CONNECTIONS)
