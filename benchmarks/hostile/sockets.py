"""What needs bare sockets: requests that never end, and websockets without a token."""

import socket
import time
from contextlib import ExitStack, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.hostile.generated import PROTOCOL
from benchmarks.hostile.server import Outcome, Server

HALF_SENT = 2_500
UPLOADS = 60
UPLOAD_BYTES = 14_000_000
FRAMES = 18
FRAME_BYTES = 16_000_000
STAYS_SECONDS = 3.0
"""How long connections are left alone before it is counted how many are still open."""


def half_sent(server: Server) -> Outcome:
    """Open connections that never send the end of their headers."""
    return _left_open(server, HALF_SENT, b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: ")


def uploads(server: Server) -> Outcome:
    """Send large bodies that never end."""
    head = (
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Length: {UPLOAD_BYTES + 1}\r\n\r\n"
    )
    return _left_open(server, UPLOADS, head.encode() + b" " * UPLOAD_BYTES)


def _left_open(server: Server, count: int, sent: bytes) -> Outcome:
    began = time.perf_counter()
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            with suppress(OSError):
                each = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
                opened.append(each)
                each.sendall(sent)
        time.sleep(STAYS_SECONDS)
        answer = server.ask("{ workspace { id } }")
        still = 0
        for each in opened:
            each.setblocking(False)
            try:
                still += each.recv(1, socket.MSG_PEEK) != b""
            except BlockingIOError:
                still += 1
            except OSError:
                continue
        seconds = time.perf_counter() - began - STAYS_SECONDS
        return Outcome(answer.seconds, answer.status, (f"{still} of {count} stay open; sent in {seconds:.0f} s",))


def large_frames(server: Server) -> Outcome:
    """Send large deflated frames before connection_init."""
    began, closed = time.perf_counter(), 0
    for _ in range(FRAMES):
        try:
            with connect(
                f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[PROTOCOL], compression="deflate", proxy=None
            ) as wire:
                wire.send("[" * FRAME_BYTES)
                wire.recv(5)
        except (ConnectionClosed, OSError, TimeoutError):
            closed += 1
    return Outcome((time.perf_counter() - began) / FRAMES, 200, (f"{closed} of {FRAMES} closed",))
