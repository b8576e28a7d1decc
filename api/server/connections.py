"""The registry of a server's connections, which limits their number and checks their timeouts."""

import asyncio
import logging
from collections import Counter
from typing import Protocol

from api.server.limits import ServerLimits
from api.server.proxies import TrustedProxies, client_key

log = logging.getLogger("touchline.server")


class Connection(Protocol):
    """The interface of the HTTP and websocket protocols for the registry."""

    def check(self, now: float) -> None:
        """Close the connection if it exceeds a time limit. ``now`` is the event loop's time."""

    def drop(self) -> None:
        """Close the connection immediately."""


class Connections:
    """Counts all connections, in total and by address, and enforces their time limits.

    A connection *waits* while it has no complete request: it is idle, has sent only a part of the headers, or is a
    websocket that is not authenticated. When a limit is reached, a new connection replaces the oldest waiting one. So
    an attacker who opens connections and sends nothing displaces only such connections. Clients that send their
    request immediately are served.
    """

    def __init__(self, limits: ServerLimits, proxies: TrustedProxies) -> None:
        self.limits = limits
        self.proxies = proxies
        self._address: dict[Connection, str] = {}
        self._count: Counter[str] = Counter()
        self._waiting: dict[str, dict[Connection, None]] = {}
        self._all_waiting: dict[Connection, None] = {}
        self._clients: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._address)

    def add(self, connection: Connection, peer: str) -> bool:
        """Count a new, waiting connection of an IP address. Returns False if a limit is reached."""
        address = "" if not peer or peer in self.proxies else client_key(peer)
        limits = self.limits
        address_is_full = address and self._count[address] >= limits.connections_per_address
        if address_is_full and not self._make_room(self._waiting.get(address)):
            return False
        if len(self._address) >= limits.connections and not self._make_room(self._all_waiting):
            return False
        self._address[connection] = address
        self._count[address] += 1
        self.mark_waiting(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(limits.sweep_seconds, self._sweep)
        return True

    def remove(self, connection: Connection) -> None:
        """Stop counting a connection."""
        self.mark_active(connection)
        address = self._address.pop(connection, None)
        if address is not None:
            _decrement(self._count, address)

    def mark_waiting(self, connection: Connection) -> None:
        """Note that a connection waits for its next request."""
        address = self._address.get(connection)
        if address is not None:
            self._all_waiting[connection] = None
            self._waiting.setdefault(address, {})[connection] = None

    def mark_active(self, connection: Connection) -> None:
        """Note that a connection has a request, so that no new connection replaces it."""
        if connection in self._all_waiting:
            del self._all_waiting[connection]
            address = self._address[connection]
            waiting = self._waiting[address]
            del waiting[connection]
            if not waiting:
                del self._waiting[address]

    def start_request(self, client: str) -> bool:
        """Count a request of a client behind a trusted proxy. Returns False if the client has too many at once."""
        if self._clients[client] >= self.limits.connections_per_address:
            return False
        self._clients[client] += 1
        return True

    def end_request(self, client: str) -> None:
        """Note the end of a request of a client behind a trusted proxy."""
        _decrement(self._clients, client)

    def _make_room(self, waiting: dict[Connection, None] | None) -> bool:
        oldest = next(iter(waiting), None) if waiting else None
        if oldest is None:
            return False
        self.remove(oldest)
        oldest.drop()
        return True

    def _sweep(self) -> None:
        self._check(list(self._address))

    def _check(self, connections: list[Connection]) -> None:
        """Check some connections now, and the rest in later turns of the event loop."""
        loop = asyncio.get_running_loop()
        now, count = loop.time(), self.limits.checks_per_turn
        for connection in connections[:count]:
            if connection in self._address:
                connection.check(now)
        if rest := connections[count:]:
            self._timer = loop.call_later(0, self._check, rest)
        else:
            self._timer = loop.call_later(self.limits.sweep_seconds, self._sweep) if self._address else None


def _decrement(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
