"""The limits of connections. docs/security.md lists them."""

import resource
from dataclasses import dataclass

MAX_CONNECTIONS = 10_000
"""Connections of one process, where the system allows so many open files."""
MIN_RESERVED_FILES = 64
"""Open files that connections leave for the database, the worker processes, the outbox and mail servers."""


@dataclass(frozen=True)
class ServerLimits:
    """What one connection may use, and how many there may be. Times are in seconds, sizes in bytes."""

    connections: int = MAX_CONNECTIONS
    """Connections in all. At the limit a new one takes the place of the oldest that has not sent a request."""
    connections_per_address: int = 100
    """Connections of one client address, by the same rule. Requests at once of one client behind a trusted proxy."""
    accept_at_once: int = 32
    """Connections accepted in one turn of the event loop. Each takes some tenths of a millisecond."""
    head_seconds: float = 10.0
    """From the opening of a connection, or the first byte of a later request, to the end of the request's head."""
    headers: int = 100
    """Header lines of a request. The whole head has up to 32 KB."""
    body_grace_seconds: float = 20.0
    """How long a body may come more slowly than ``body_bytes_per_second``."""
    body_bytes_per_second: float = 16_000
    """Least average speed of a body. 16 MB at this speed take 17 minutes."""
    chunk_overhead: float = 1.25
    """Bytes on the wire for each byte of a chunked body: chunks of a few bytes cost more to read than they carry."""
    chunk_overhead_free: int = 65_536
    """Bytes of a chunked body to which ``chunk_overhead`` does not apply."""
    idle_seconds: float = 5.0
    """How long a connection stays open between two requests."""
    write_seconds: float = 20.0
    """In this time a client must take ``write_bytes_per_second`` of its answer on average, or all of it."""
    write_bytes_per_second: float = 1_000
    linger_seconds: float = 5.0
    """How long the rest of a body that nobody reads is thrown away after the answer, so that the answer arrives."""
    linger_bytes: int = 32_000_000
    close_seconds: float = 5.0
    """How long a connection that is being closed may take to send what is left."""
    init_seconds: float = 15.0
    """Until a websocket must be acknowledged. The GraphQL protocol closes it after 10 seconds already, with a code."""
    init_bytes: int = 4_096
    """Largest websocket message before the connection is acknowledged. Only ``connection_init`` is read."""
    message_bytes: int = 1_000_000
    """Largest websocket message afterwards."""
    fragments: int = 64
    """Frames of one websocket message."""
    control_frames: int = 50
    """Pings and pongs of a websocket in each ``control_seconds``."""
    control_seconds: float = 10.0
    ping_seconds: float = 20.0
    """How often a websocket's client is pinged, and how long it may take to answer."""
    sweep_seconds: float = 0.5
    """How often all connections are checked."""
    checked_at_once: int = 50
    """Connections checked in one turn of the event loop: all of a flood time out together."""

    @classmethod
    def of_this_process(cls) -> "ServerLimits":
        """Return the limits that fit into the number of files that this process may open (``RLIMIT_NOFILE``)."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if files == resource.RLIM_INFINITY:
            return cls()
        reserve = max(MIN_RESERVED_FILES, files // 4)
        connections = max(16, min(MAX_CONNECTIONS, files - reserve))
        # One address never has more than half. What is accepted in a few turns, before it is counted, must fit into
        # the reserve, beside the database and the rest.
        return cls(
            connections=connections,
            connections_per_address=min(cls.connections_per_address, connections // 2),
            accept_at_once=min(cls.accept_at_once, max(4, reserve // 16)),
        )
