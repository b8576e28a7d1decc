"""Ports for servers in processes of their own, which tests have to name before these listen."""

import random
import socket
from contextlib import suppress

FIRST, LAST = 10_000, 29_999
"""The system gives none of these to sockets that may have any port. Another test would get one of them meanwhile."""
_ports = random.SystemRandom()


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    while True:
        port = _ports.randint(FIRST, LAST)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
