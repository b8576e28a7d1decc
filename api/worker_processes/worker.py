"""The parent's side of one worker process: starts it, calls it and kills it."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from api.worker_processes import marks
from api.worker_processes.child import LENGTH_PREFIX, Call, Reply
from api.worker_processes.limits import ONE_ARENA, Limit, LimitExceededError, Limits, WorkerFaultError

_INHERITED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONTZPATH", "SYSTEMROOT")
"""Environment variables that workers inherit. The server's secrets are not among them."""
_PROGRAM = (
    "import sys; sys.path[:] = {path!r};"
    " from api.worker_processes.child import main; main({descriptor}, {marks}, {parent})"
)  # fmt: skip
_EXIT_TIMEOUT_SECONDS = 10.0
_LIMIT_BY_SIGNAL = {
    "SIGPROF": Limit.CPU,
    "SIGXCPU": Limit.CPU,
    "SIGALRM": Limit.TIME,
    "SIGABRT": Limit.MEMORY,  # Rust code, such as nh3, aborts when memory runs out
}


class WorkerDiedError(Exception):
    """The process ended during a call. The cause may be outside of the call."""

    def __init__(self, sentence: str, mark: bytes) -> None:
        super().__init__(sentence)
        self.mark = mark


class Worker:
    """A process that runs one call at a time. Not thread-safe.

    The thread that creates it must outlive it: on Linux the kernel kills the process with that thread.
    """

    def __init__(self, *, whole_environment: bool = False) -> None:
        """Start the process. With ``whole_environment`` it inherits all environment variables."""
        names = os.environ if whole_environment else _INHERITED_VARIABLES
        self._socket, child = socket.socketpair()
        self._marks = marks.new_file()
        program = _PROGRAM.format(path=[os.path.abspath(entry) for entry in sys.path], descriptor=child.fileno(),
                                  marks=self._marks, parent=os.getpid())  # fmt: skip
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in names if name in os.environ} | ONE_ARENA,
                pass_fds=(child.fileno(), self._marks),  # no other descriptor, such as the database connection
                start_new_session=True,  # Ctrl+C in a terminal does not interrupt it
            )
        except BaseException:
            self._socket.close()
            os.close(self._marks)
            raise
        finally:
            child.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def call(self, module: str, function: str, arguments: bytes, limits: Limits) -> tuple[Any, bool]:
        """Run a function of a module. Returns its value, and whether the worker exits and must be replaced.

        ``arguments`` are pickled. Raises what the function raises, LimitExceededError, WorkerFaultError and
        WorkerDiedError. After LimitExceededError and WorkerDiedError the process has ended.
        """
        call = Call(module, function, arguments, limits.cpu_seconds, limits.memory_bytes, limits.output_bytes)
        deadline = time.monotonic() + limits.wall_seconds
        try:
            message = pickle.dumps(tuple(call), pickle.HIGHEST_PROTOCOL)
            self._socket.settimeout(limits.wall_seconds)
            self._socket.sendall(LENGTH_PREFIX.pack(len(message)))
            self._socket.sendall(message)
            size = LENGTH_PREFIX.unpack(self._receive(LENGTH_PREFIX.size, deadline))[0]
            if size > limits.output_bytes:
                raise LimitExceededError(Limit.OUTPUT, limits, self._mark())
            reply = Reply(*pickle.loads(self._receive(size, deadline)))  # noqa: S301 - from our own worker
        except TimeoutError:
            mark = self._mark()
            self.kill()
            raise LimitExceededError(Limit.TIME, limits, mark) from None
        except (ConnectionError, EOFError):
            raise self._exit_error(limits) from None
        except LimitExceededError:
            self.kill()
            raise
        return self._value_of(reply, limits), reply.must_be_replaced

    def _value_of(self, reply: Reply, limits: Limits) -> Any:
        match reply.kind:
            case "value":
                return reply.content
            case "raised":
                raise reply.content
            case "fault":
                raise WorkerFaultError(reply.content)
            case limit:
                mark = self._mark()
                self.kill()
                raise LimitExceededError(Limit(limit), limits, mark)

    def _receive(self, size: int, deadline: float) -> bytes:
        """Read ``size`` bytes. ``deadline`` is a monotonic time. Raises TimeoutError and EOFError."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            remaining_seconds = deadline - time.monotonic()
            if remaining_seconds <= 0:
                raise TimeoutError
            self._socket.settimeout(remaining_seconds)
            received = self._socket.recv_into(view)
            if not received:
                raise EOFError
            view = view[received:]
        return bytes(data)

    def _exit_error(self, limits: Limits) -> Exception:
        """Return the error for a process that ended during a call."""
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_TIMEOUT_SECONDS)
        mark = self._mark()
        self.kill()
        code = self._process.returncode
        name = signal.Signals(-code).name if code < 0 else ""
        if name in _LIMIT_BY_SIGNAL:
            return LimitExceededError(_LIMIT_BY_SIGNAL[name], limits, mark)
        return WorkerDiedError(f"A worker process ended: {name or code}.", mark)

    def _mark(self) -> bytes:
        return marks.read(self._marks)

    def kill(self) -> None:
        """Kill the process and the processes that it has started, and wait until it has ended."""
        self._socket.close()
        with suppress(ProcessLookupError, PermissionError):  # it has ended, or is not yet the leader of its group
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        if self._marks >= 0:
            os.close(self._marks)
            self._marks = -1
