"""The limits of connections. docs/security.md lists them."""

import resource
from dataclasses import dataclass

MAX_CONNECTIONS = 10_000
"""Most connections of one process, if the system allows so many open files."""
MIN_RESERVED_FILES = 64
"""Fewest open files that are reserved for the database, the worker processes, the outbox and mail servers."""


@dataclass(frozen=True)
class ServerLimits:
    """Limits of each connection and of their number. Times are in seconds, sizes in bytes."""

    connections: int = MAX_CONNECTIONS
    """Most connections in total. At the limit a new one replaces the oldest one without a request."""
    connections_per_address: int = 100
    """The same for one IP address. Behind a trusted proxy: most concurrent requests of one client."""
    accepts_per_turn: int = 32
    """Connections that are accepted in one turn of the event loop. Each takes some tenths of a millisecond."""
    header_seconds: float = 10.0
    """Longest time until the headers are complete, from the opening or the first byte of a later request."""
    headers: int = 100
    """Most header lines of a request. All of them have up to 32 KB."""
    body_grace_seconds: float = 20.0
    """How long a body may be slower than ``body_bytes_per_second``."""
    body_bytes_per_second: float = 16_000
    """Minimum average speed of a body. 16 MB take 17 minutes at this speed."""
    max_chunk_overhead: float = 1.25
    """Most bytes on the wire for each byte of a chunked body, because tiny chunks are expensive to parse."""
    chunk_overhead_free_bytes: int = 65_536
    """Bytes at the start of a chunked body to which ``max_chunk_overhead`` does not apply."""
    idle_seconds: float = 5.0
    """How long a connection stays open between two requests."""
    write_seconds: float = 20.0
    """Length of the windows in which a client's reading speed is measured."""
    write_bytes_per_second: float = 1_000
    """Minimum average speed at which a client must read its response in each window."""
    linger_seconds: float = 5.0
    """How long the unread rest of a body is discarded after the response, so that the client receives the response."""
    linger_bytes: int = 32_000_000
    """Most bytes that are discarded then."""
    close_seconds: float = 5.0
    """How long a closing connection may take to send its buffered data."""
    init_seconds: float = 15.0
    """Longest time until a websocket is authenticated. The GraphQL protocol closes it after 10 seconds, with a code."""
    init_bytes: int = 4_096
    """Largest websocket message before authentication. Only ``connection_init`` is read."""
    message_bytes: int = 1_000_000
    """Largest websocket message after authentication."""
    fragments: int = 64
    """Most fragments of a websocket message."""
    control_frames: int = 50
    """Most pings and pongs of a websocket in each ``control_seconds``."""
    control_seconds: float = 10.0
    ping_seconds: float = 20.0
    """How often the server pings a websocket, and how long the client may take for its pong."""
    sweep_seconds: float = 0.5
    """How often all connections are checked."""
    checks_per_turn: int = 50
    """Connections that are checked in one turn of the event loop, because thousands may time out at once."""

    @classmethod
    def of_this_process(cls) -> "ServerLimits":
        """Return limits for the number of files that this process may open (``RLIMIT_NOFILE``)."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if files == resource.RLIM_INFINITY:
            return cls()
        reserve = max(MIN_RESERVED_FILES, files // 4)
        connections = max(16, min(MAX_CONNECTIONS, files - reserve))
        # One address has at most half of the connections. The reserve must also hold the connections that are accepted
        # in a few turns before they are counted.
        return cls(
            connections=connections,
            connections_per_address=min(cls.connections_per_address, connections // 2),
            accepts_per_turn=min(cls.accepts_per_turn, max(4, reserve // 16)),
        )
