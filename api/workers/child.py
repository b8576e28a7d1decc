"""The program of a worker process: it reads calls from a socket, does each within its limits, and answers.

It imports only what its functions need. It ends when its parent does: the kernel kills it (Linux), and the socket ends.
"""

import math
import os
import pickle
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

LENGTH_PREFIX = struct.Struct("!Q")
"""The length of a message, before the message."""
NICENESS = 10
"""Workers give way to the event loop where both want the processor."""
SPENT_MEMORY_SHARE = 0.5
"""A worker is replaced once it holds on to this share of a call's memory."""
PR_SET_PDEATHSIG = 1


class Call(NamedTuple):
    """One call, as it is sent to a worker."""

    module: str
    function: str
    arguments: bytes
    cpu_seconds: float
    memory_bytes: int
    output_bytes: int


class Answer(NamedTuple):
    """What a worker answers. ``kind`` is value, raised, fault (a traceback), or a limit."""

    kind: str
    content: Any
    spent: bool = False
    """Whether the worker ends now and has to be replaced."""


def main(descriptor: int, parent: int) -> None:
    """Answer calls until the other end of the socket is closed."""
    _become_worker(parent)
    base = _memory()
    while (message := _receive(descriptor)) is not None:
        answer, spent = _answer(Call(*pickle.loads(message)), base)  # noqa: S301 - from our own parent
        _send(descriptor, answer)
        if spent:
            return


def _become_worker(parent: int) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # the parent decides when a worker ends
    for each in (signal.SIGPROF, signal.SIGXCPU):
        signal.signal(each, signal.SIG_DFL)
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("900")  # when memory ends, a worker is killed before the server is
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)  # it was killed before we asked


def _answer(call: Call, base: int) -> tuple[bytes, bool]:
    """Return the pickled answer, and whether this worker has to be replaced."""
    function = _function(call)  # importing is not part of what is limited
    ceiling = call.memory_bytes
    try:
        _arm(call)
        value = function(*pickle.loads(call.arguments))  # noqa: S301 - from our own parent
        pickled = pickle.dumps(
            Answer("value", value, _memory() - base > SPENT_MEMORY_SHARE * ceiling), pickle.HIGHEST_PROTOCOL
        )
    except MemoryError:
        _disarm()
        return pickle.dumps(Answer("MEMORY", None, True)), True
    except Exception as error:
        _disarm()
        return _raised(error), False
    _disarm()
    if len(pickled) > call.output_bytes:
        return pickle.dumps(Answer("OUTPUT", None, True)), True
    return pickled, _memory() - base > SPENT_MEMORY_SHARE * ceiling


def _function(call: Call) -> Callable[..., Any]:
    function: Any = import_module(call.module)
    for part in call.function.split("."):
        function = getattr(function, part)
    return function  # type: ignore[no-any-return]


def _raised(error: Exception) -> bytes:
    try:
        pickled = pickle.dumps(Answer("raised", error))
        pickle.loads(pickled)  # noqa: S301 - many exceptions can be written and not be read
    except Exception:
        return pickle.dumps(Answer("fault", "".join(traceback.format_exception(error))[-20_000:]))
    return pickled


def _arm(call: Call) -> None:
    """Set the limits of a call. The timer's signal ends the process, also in the middle of C code."""
    if resource is not None:
        used = math.ceil(time.process_time() + call.cpu_seconds) + 1
        _soft(resource.RLIMIT_CPU, used)
        if memory := _memory():
            _soft(resource.RLIMIT_AS, memory + call.memory_bytes)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, call.cpu_seconds)


def _disarm() -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, 0)
    if resource is not None:
        _soft(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        _soft(resource.RLIMIT_CPU, resource.RLIM_INFINITY)


def _soft(what: int, value: int) -> None:
    hard = resource.getrlimit(what)[1]
    with suppress(OSError, ValueError):  # a system that does not have it
        resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _memory() -> int:
    """Return the address space in bytes; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _receive(descriptor: int) -> bytes | None:
    head = _read(descriptor, LENGTH_PREFIX.size)
    return None if head is None else _read(descriptor, LENGTH_PREFIX.unpack(head)[0])


def _read(descriptor: int, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        try:
            part = os.read(descriptor, min(size, 1 << 20))
        except OSError:
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _send(descriptor: int, message: bytes) -> None:
    data = memoryview(LENGTH_PREFIX.pack(len(message)) + message)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError:
        os._exit(0)  # nobody reads it any more
