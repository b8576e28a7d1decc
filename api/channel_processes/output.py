"""Write to the log what a channel's process prints, at a limited rate."""

import asyncio
import logging
import os

from api.printable import printable

log = logging.getLogger("touchline.channels")

CHUNK_BYTES = 65_536
MAX_LINES_OF_CHUNK = 10
MAX_LINE_CHARACTERS = 2_000
CHUNK_WAIT_SECONDS = 0.1
"""The wait between two chunks. A channel that prints more than 650 kB/s waits until its output is read."""


async def log_output(descriptor: int, name: str) -> None:
    """Log the lines of a pipe until it is closed, and close it."""
    loop = asyncio.get_running_loop()
    os.set_blocking(descriptor, False)
    rest = b""
    try:
        while chunk := await _read(loop, descriptor):
            *lines, rest = (rest + chunk).split(b"\n")
            _log_lines(name, lines)
            if len(rest) > CHUNK_BYTES:
                _log_lines(name, [rest])
                rest = b""
            await asyncio.sleep(CHUNK_WAIT_SECONDS)
    finally:
        _log_lines(name, [rest])
        os.close(descriptor)


async def _read(loop: asyncio.AbstractEventLoop, descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            readable = loop.create_future()
            loop.add_reader(descriptor, readable.set_result, None)
            try:
                await readable
            finally:
                loop.remove_reader(descriptor)
        except OSError:
            return b""


def _log_lines(name: str, lines: list[bytes]) -> None:
    texts = [line.decode("utf-8", "replace").rstrip() for line in lines]
    texts = [text for text in texts if text]
    for text in texts[:MAX_LINES_OF_CHUNK]:
        log.warning("the channel %s printed: %s", name, printable(text[:MAX_LINE_CHARACTERS]))
    if len(texts) > MAX_LINES_OF_CHUNK:
        log.warning("the channel %s printed %s more lines, which are not logged", name, len(texts) - MAX_LINES_OF_CHUNK)
