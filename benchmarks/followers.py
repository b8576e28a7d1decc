"""The clients of the benchmark ``fanout``, in processes of their own: many websockets, and one that asks over HTTP."""

import asyncio
import base64
import http.client
import json
import os
import sys
import threading
import time

PROBE_SECONDS = 0.01
"""Pause after a small query that was answered at once."""
OPENING = 50
"""Websockets that are opened at once."""
PROBE = json.dumps({"query": "{ workspace { name } }"})
TEXT, PING, PONG = 1, 9, 10


def frame(kind: int, content: bytes) -> bytes:
    """Return a frame of a client. Its mask is zero, which leaves the content as it is."""
    size = len(content)
    length = bytes([128 | size]) if size < 126 else bytes([128 | 126]) + size.to_bytes(2, "big")
    return bytes([128 | kind]) + length + bytes(4) + content


class Follower(asyncio.Protocol):
    """One websocket that follows a launch and counts its events."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.bytes = b""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            "GET /graphql HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Protocol: graphql-transport-ws",
            f"Authorization: Bearer {self.crowd.token}",
            "\r\n",
        )
        transport.write("\r\n".join(lines).encode())

    def data_received(self, data: bytes) -> None:
        """Read frames: authenticate, subscribe, and count events."""
        self.bytes += data
        if not self.open:
            head, end, rest = self.bytes.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self.open, self.bytes = True, rest
            self.transport.write(frame(TEXT, b'{"type":"connection_init","payload":{}}'))
        while (size := self._size()) is not None:
            kind, content = self.bytes[0] & 15, self.bytes[:size]
            self.bytes = self.bytes[size:]
            if kind == PING:
                self.transport.write(frame(PONG, content[2:]))
            elif b'"connection_ack"' in content:
                payload = {"query": self.crowd.query, "variables": {"id": self.crowd.launch}}
                message = json.dumps({"id": "1", "type": "subscribe", "payload": payload})
                self.transport.write(frame(TEXT, message.encode()))
            else:
                assert b'"next"' in content, content
                self.crowd.count()

    def _size(self) -> int | None:
        """Return the size of the first frame, unless it is incomplete. The server's frames here are short."""
        if len(self.bytes) < 4:
            return None
        length = self.bytes[1]
        size = length + 2 if length < 126 else int.from_bytes(self.bytes[2:4], "big") + 4
        return size if len(self.bytes) >= size else None

    def connection_lost(self, problem: Exception | None) -> None:
        """End the benchmark, because a follower is missing."""
        if not self.crowd.done:
            print(json.dumps({"lost": str(problem)}), flush=True)
            os._exit(1)


class Crowd:
    """All followers. Prints a line with the time when each of them has the next event."""

    def __init__(self, port: int, token: str, launch: str, query: str, number: int) -> None:
        self.port, self.token, self.launch, self.query, self.number = port, token, launch, query, number
        self.events = 0
        self.done = False

    def count(self) -> None:
        """Count an event of one follower."""
        self.events += 1
        if self.events % self.number == 0:
            print(json.dumps({"at": time.monotonic()}), flush=True)

    async def follow(self) -> None:
        """Open the websockets, some at once, until the input ends."""
        loop = asyncio.get_running_loop()
        for start in range(0, self.number, OPENING):
            count = min(OPENING, self.number - start)
            expected = self.events + count
            for _ in range(count):
                await loop.create_connection(lambda: Follower(self), "127.0.0.1", self.port)
            while self.events < expected:
                await asyncio.sleep(0.002)
        await asyncio.to_thread(sys.stdin.read)
        self.done = True


def probe(port: int, token: str) -> None:
    """Ask a small query again and again. For each line of input, print the milliseconds since the line before."""
    found: list[float] = []
    told = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while not told.is_set():
            began = time.monotonic()
            connection.request("POST", "/graphql", PROBE, headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
            took = time.monotonic() - began
            found.append(took * 1000)
            time.sleep(max(0.0, PROBE_SECONDS - took))

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in sys.stdin:
        count = len(found)
        print(json.dumps(found[:count]), flush=True)
        del found[:count]
    told.set()
    asking.join()


def main(given: dict[str, str]) -> None:
    """Be a client, as the benchmark says."""
    if "launch" in given:
        crowd = Crowd(int(given["port"]), given["token"], given["launch"], given["query"], int(given["number"]))
        asyncio.run(crowd.follow())
    else:
        probe(int(given["port"]), given["token"])
