"""Marks: the parent of a killed worker reads in which part of a call the worker was.

A function in a worker writes a mark at the start of each part. The mark is in memory that the worker shares with its
parent, so it survives the worker. The parent puts it into LimitExceededError. Otherwise the parent would have to call
the parts one by one to find the one at fault.
"""

import mmap
import os
import signal
import struct
import tempfile
from contextlib import suppress

MAX_MARK_BYTES = 200
_LENGTH = struct.Struct("!H")
_SIZE = _LENGTH.size + MAX_MARK_BYTES

_shared: mmap.mmap | None = None
"""The memory of the worker that runs this code. None in every other process."""


def new_file() -> int:
    """Return the descriptor of an empty file for the marks of a worker."""
    with tempfile.TemporaryFile() as file:
        os.ftruncate(file.fileno(), _SIZE)
        return os.dup(file.fileno())


def begin(descriptor: int) -> None:
    """Let this process, a worker, leave marks in a file."""
    global _shared  # noqa: PLW0603 - one for each process
    _shared = mmap.mmap(descriptor, _SIZE)


def leave(mark: bytes) -> None:
    """Replace the mark of this worker. Does nothing outside of a worker."""
    if _shared is not None:
        mark = mark[:MAX_MARK_BYTES]
        _shared[: _LENGTH.size + len(mark)] = _LENGTH.pack(len(mark)) + mark


def read(descriptor: int) -> bytes:
    """Return the last mark in a file; empty if there is none."""
    data = os.pread(descriptor, _SIZE, 0)
    return data[_LENGTH.size : _LENGTH.size + _LENGTH.unpack_from(data)[0]]


def limit_part(cpu_seconds: float, wall_seconds: float) -> None:
    """Let the kernel kill this worker unless the next part calls this again in time. 0 ends both limits.

    The kernel does so even inside C code, which no signal handler of Python can interrupt. The limits of the whole call
    apply as well. Does nothing outside of a worker.
    """
    if _shared is not None and hasattr(signal, "setitimer"):
        with suppress(OSError):
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
            signal.setitimer(signal.ITIMER_REAL, wall_seconds)
