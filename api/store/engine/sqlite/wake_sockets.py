"""Wake other processes that use the same SQLite file: each has a socket beside the file, and receives datagrams."""

import asyncio
import errno
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress

DATAGRAM = b"1"


def notify(database: str, middle: str) -> None:
    """Send a datagram to each process that listens. Sockets of processes that have crashed are deleted.

    ``middle`` is the part of a socket's name between the name of the file and random characters.
    """
    folder, name = os.path.split(database)
    prefix = f"{name}{middle}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for each in [entry.path for entry in os.scandir(folder) if entry.name.startswith(prefix)]:
            try:
                sender.sendto(DATAGRAM, _address(each))
            except BlockingIOError:
                pass  # the process has unread datagrams, so it wakes anyway
            except (ConnectionRefusedError, FileNotFoundError):
                with suppress(FileNotFoundError):
                    os.unlink(each)
            except OSError as problem:
                if problem.errno != errno.ENOBUFS:  # as BlockingIOError, on macOS
                    raise


async def listen(database: str, on_notification: Callable[[], None], middle: str) -> None:
    """Call ``on_notification`` for notifications until cancelled. Raises OSError if there can be no socket."""
    path = f"{database}{middle}{secrets.token_hex(4)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.setblocking(False)
        listener.bind(_address(path))
        loop = asyncio.get_running_loop()

        def read() -> None:
            with suppress(BlockingIOError):
                while True:
                    listener.recv(len(DATAGRAM))
            on_notification()

        try:
            os.chmod(path, 0o600)
            loop.add_reader(listener, read)
            on_notification()  # there may have been notifications before
            await asyncio.Event().wait()
        finally:
            loop.remove_reader(listener)
            with suppress(FileNotFoundError):
                os.unlink(path)


def _address(path: str) -> str:
    """Return the shorter form of a path, because an address has at most about 100 bytes."""
    return min(path, os.path.relpath(path), key=len)
