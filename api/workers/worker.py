"""One worker process, seen from its parent: start it, call it, kill it."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from api.workers.child import LENGTH_PREFIX, Answer, Call
from api.workers.limits import Limit, LimitExceededError, Limits, WorkerFaultError

_INHERITED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONTZPATH", "SYSTEMROOT")
"""Variables of the environment that workers see. They see none of the server's secrets."""
_PROGRAM = (
    "import sys; sys.path[:] = {path!r};"
    " from api.workers.child import main; main({descriptor}, {parent})"
)  # fmt: skip
_EXIT_TIMEOUT_SECONDS = 10.0
_LIMIT_BY_SIGNAL = {
    "SIGPROF": Limit.CPU,
    "SIGXCPU": Limit.CPU,
    "SIGABRT": Limit.MEMORY,  # what nh3, which is written in Rust, does without memory
}


class WorkerDiedError(Exception):
    """The process ended in the middle of a call, for a reason that may lie outside of the call."""


class Worker:
    """A process that does one call after the other. Not for several threads at once.

    The thread that makes it must live as long as it does: on Linux the kernel kills the process with that thread.
    """

    def __init__(self) -> None:
        self._socket, child = socket.socketpair()
        program = _PROGRAM.format(path=[os.path.abspath(each) for each in sys.path], descriptor=child.fileno(),
                                  parent=os.getpid())  # fmt: skip
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ},
                pass_fds=(child.fileno(),),  # and no other: no database socket
                start_new_session=True,  # the Ctrl+C of a terminal does not reach it
            )
        except BaseException:
            self._socket.close()
            raise
        finally:
            child.close()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def call(self, module: str, function: str, arguments: bytes, limits: Limits) -> tuple[Any, bool]:
        """Do a call. Returns its value, and whether the worker is spent.

        Raises what the function raised, LimitExceededError, WorkerFaultError, or WorkerDiedError. After a limit or a
        death the process has ended.
        """
        call = Call(module, function, arguments, limits.cpu_seconds, limits.memory_bytes, limits.output_bytes)
        until = time.monotonic() + limits.wall_seconds
        try:
            message = pickle.dumps(tuple(call), pickle.HIGHEST_PROTOCOL)
            self._socket.settimeout(limits.wall_seconds)
            self._socket.sendall(LENGTH_PREFIX.pack(len(message)))
            self._socket.sendall(message)
            size = LENGTH_PREFIX.unpack(self._receive(LENGTH_PREFIX.size, until))[0]
            if size > limits.output_bytes:
                raise LimitExceededError(Limit.OUTPUT, limits)
            answer = Answer(*pickle.loads(self._receive(size, until)))  # noqa: S301 - from our own worker
        except TimeoutError:
            self.kill()
            raise LimitExceededError(Limit.TIME, limits) from None
        except (ConnectionError, EOFError):
            raise self._death(limits) from None
        except LimitExceededError:
            self.kill()
            raise
        return self._told(answer, limits), answer.spent

    def _told(self, answer: Answer, limits: Limits) -> Any:
        match answer.kind:
            case "value":
                return answer.content
            case "raised":
                raise answer.content
            case "fault":
                raise WorkerFaultError(answer.content)
            case limit:
                self.kill()
                raise LimitExceededError(Limit(limit), limits)

    def _receive(self, size: int, until: float) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            read = self._socket.recv_into(view)
            if not read:
                raise EOFError
            view = view[read:]
        return bytes(data)

    def _death(self, limits: Limits) -> Exception:
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_TIMEOUT_SECONDS)
        self.kill()
        code = self._process.returncode
        name = signal.Signals(-code).name if code < 0 else ""
        if name in _LIMIT_BY_SIGNAL:
            return LimitExceededError(_LIMIT_BY_SIGNAL[name], limits)
        return WorkerDiedError(f"A worker process ended: {name or code}.")

    def kill(self) -> None:
        """End the process, whatever it is doing, and wait until it has ended."""
        self._socket.close()
        self._process.kill()
        self._process.wait()
