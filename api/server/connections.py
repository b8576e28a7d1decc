"""The registry of one server's connections: limits their number and checks their timeouts."""

import asyncio
import logging
from collections import Counter
from typing import Protocol

from api.server.limits import ServerLimits
from api.server.proxies import TrustedProxies, client_key

log = logging.getLogger("touchline.server")


class Connection(Protocol):
    """The interface of both protocols, HTTP and websocket, for the registry."""

    def check(self, now: float) -> None:
        """Close the connection if it exceeds a time limit."""

    def drop(self) -> None:
        """Close the connection at once."""


class Connections:
    """Counts all connections, in total and by address, and enforces their time limits.

    A connection *waits* while it has sent no complete request: a half-sent head, an idle connection, a websocket that
    is not acknowledged. At a limit the oldest waiting connection is closed for the newest. So an attacker who opens
    connections and sends nothing displaces only such connections, and a client that sends its request at once gets in.
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

    def opened(self, connection: Connection, peer: str) -> bool:
        """Count a new, waiting connection. Returns False if there is no room for it."""
        address = "" if not peer or peer in self.proxies else client_key(peer)
        limits = self.limits
        full = address and self._count[address] >= limits.connections_per_address
        if full and not self._make_room(self._waiting.get(address)):
            return False
        if len(self._address) >= limits.connections and not self._make_room(self._all_waiting):
            return False
        self._address[connection] = address
        self._count[address] += 1
        self.waits(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(limits.sweep_seconds, self._sweep)
        return True

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self.works(connection)
        address = self._address.pop(connection, None)
        if address is not None:
            _less(self._count, address)

    def waits(self, connection: Connection) -> None:
        """Note that a connection waits for its next request."""
        address = self._address.get(connection)
        if address is not None:
            self._all_waiting[connection] = None
            self._waiting.setdefault(address, {})[connection] = None

    def works(self, connection: Connection) -> None:
        """Note that a connection has a request, so that it is not closed for another."""
        if connection in self._all_waiting:
            del self._all_waiting[connection]
            address = self._address[connection]
            waiting = self._waiting[address]
            del waiting[connection]
            if not waiting:
                del self._waiting[address]

    def enter(self, client: str) -> bool:
        """Count a request of a client behind a trusted proxy. Returns False if the client has too many."""
        if self._clients[client] >= self.limits.connections_per_address:
            return False
        self._clients[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Note the end of a request of a client behind a proxy."""
        _less(self._clients, client)

    def _make_room(self, waiting: dict[Connection, None] | None) -> bool:
        oldest = next(iter(waiting), None) if waiting else None
        if oldest is None:
            return False
        self.closed(oldest)
        oldest.drop()
        return True

    def _sweep(self) -> None:
        self._check(list(self._address))

    def _check(self, left: list[Connection]) -> None:
        """Check some connections, and the rest of them in later turns of the event loop."""
        loop = asyncio.get_running_loop()
        now, most = loop.time(), self.limits.checked_at_once
        for connection in left[:most]:
            if connection in self._address:
                connection.check(now)
        if rest := left[most:]:
            self._timer = loop.call_later(0, self._check, rest)
        else:
            self._timer = loop.call_later(self.limits.sweep_seconds, self._sweep) if self._address else None


def _less(count: Counter[str], key: str) -> None:
    count[key] -= 1
    if count[key] <= 0:
        del count[key]
