"""The program of a worker process. It reads calls from a socket, runs each within its limits, and sends the result.

It imports only what the called functions need. It ends with its parent: Linux kills it, and on every system its socket
is closed.
"""

import math
import os
import pickle
import signal
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple

from api.worker_processes import marks

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

LENGTH_PREFIX = struct.Struct("!Q")
"""Precedes each message: its length in bytes."""
NICENESS = 10
"""The nice value of workers: the event loop has priority on the CPU."""
MAX_RETAINED_MEMORY_SHARE = 0.5
"""A worker is replaced when it retains more than this share of a call's memory limit after the call."""
PR_SET_PDEATHSIG = 1


class Call(NamedTuple):
    """A call, as it is sent to a worker."""

    module: str
    function: str
    """Qualified name of the function in its module."""
    arguments: bytes
    """The pickled tuple of positional arguments."""
    cpu_seconds: float
    memory_bytes: int
    output_bytes: int


class Reply(NamedTuple):
    """A worker's reply to a call."""

    kind: str
    """``value``, ``raised`` (an exception), ``fault`` (a traceback) or a name of ``Limit``."""
    content: Any
    must_be_replaced: bool = False
    """Whether the worker exits after this reply."""


def main(descriptor: int, marks_descriptor: int, parent_pid: int) -> None:
    """Run calls from a socket until its other end is closed."""
    set_up_process(parent_pid)
    marks.begin(marks_descriptor)
    global _initial_bytes  # noqa: PLW0603 - one for each process
    _initial_bytes = _address_space_bytes()
    while (message := _receive(descriptor)) is not None:
        reply, must_be_replaced = _run(Call(*pickle.loads(message)))  # noqa: S301 - from our own parent
        _send(descriptor, reply)
        if must_be_replaced:
            return


def set_up_process(parent_pid: int) -> None:
    """Let only the parent end this process, let it end with the parent, and give the server priority."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # only the parent ends a worker
    for number in (signal.SIGPROF, signal.SIGXCPU, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("900")  # the OOM killer chooses a worker before the server
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:
            os._exit(0)  # the parent ended before prctl


def _run(call: Call) -> tuple[bytes, bool]:
    """Run a call. Returns the pickled reply, and whether this worker must be replaced."""
    function = _function(call)  # imports do not count against the limits
    try:
        arguments = pickle.loads(call.arguments)  # noqa: S301 - from our own parent
        _prepare(function, arguments)
        threads = threading.active_count()
        _set_limits(call)
        marks.leave(b"")
        value = function(*arguments)
        must_be_replaced = _retains_too_much(call) or threading.active_count() > threads or has_children()
        pickled = pickle.dumps(Reply("value", value, must_be_replaced), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        _remove_limits()
        return pickle.dumps(Reply("MEMORY", None, True)), True
    except Exception as error:
        _remove_limits()
        return _pickle_exception(error), False
    _remove_limits()
    if len(pickled) > call.output_bytes:
        return pickle.dumps(Reply("OUTPUT", None, True)), True
    return pickled, must_be_replaced or _retains_too_much(call)


_initial_bytes = 0
"""The address space of this process before its first call, and what preparations have added."""


def _prepare(function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Call the attribute ``prepare`` of a function, if it has one. What it loads does not count against the limits."""
    global _initial_bytes  # noqa: PLW0603 - one for each process
    if (prepare := getattr(function, "prepare", None)) is not None:
        before = _address_space_bytes()
        prepare(*arguments)
        _initial_bytes += _address_space_bytes() - before


def _retains_too_much(call: Call) -> bool:
    return _address_space_bytes() - _initial_bytes > MAX_RETAINED_MEMORY_SHARE * call.memory_bytes


def has_children() -> bool:
    """Return whether a call has started processes that still run. Unknown, so False, on systems without /proc."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
            return bool(file.read().strip())
    except OSError:
        return False


def _function(call: Call) -> Callable[..., Any]:
    function: Any = import_module(call.module)
    for part in call.function.split("."):
        function = getattr(function, part)
    return function  # type: ignore[no-any-return]


def _pickle_exception(error: Exception) -> bytes:
    try:
        pickled = pickle.dumps(Reply("raised", error))
        pickle.loads(pickled)  # noqa: S301 - many exceptions can be pickled but not unpickled
    except Exception:
        return pickle.dumps(Reply("fault", "".join(traceback.format_exception(error))[-20_000:]))
    return pickled


def _set_limits(call: Call) -> None:
    """Set the limits of a call. The timer's signal ends the process even inside C code."""
    if resource is not None:
        cpu_seconds = math.ceil(time.process_time() + call.cpu_seconds) + 1
        _set_soft_limit(resource.RLIMIT_CPU, cpu_seconds)
        if memory := _address_space_bytes():
            _set_soft_limit(resource.RLIMIT_AS, memory + call.memory_bytes)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, call.cpu_seconds)


def limit_address_space(more_bytes: int) -> None:
    """Limit the memory of this process to what it has now and ``more_bytes``."""
    if resource is not None and (memory := _address_space_bytes()):
        _set_soft_limit(resource.RLIMIT_AS, memory + more_bytes)


def _remove_limits() -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    if resource is not None:
        _set_soft_limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        _set_soft_limit(resource.RLIMIT_CPU, resource.RLIM_INFINITY)


def _set_soft_limit(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    with suppress(OSError, ValueError):  # not every system supports every limit
        resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _address_space_bytes() -> int:
    """Return the size of this process's address space, in bytes; 0 on systems without /proc."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _receive(descriptor: int) -> bytes | None:
    prefix = _read(descriptor, LENGTH_PREFIX.size)
    return None if prefix is None else _read(descriptor, LENGTH_PREFIX.unpack(prefix)[0])


def _read(descriptor: int, size: int) -> bytes | None:
    """Read ``size`` bytes. Returns None if the socket is closed."""
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
        os._exit(0)  # the parent has closed the socket
