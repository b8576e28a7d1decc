"""The server's side of one process of a channel: starts it, calls it and kills it."""

import asyncio
import atexit
import itertools
import logging
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from api.channel_processes.child_session import MEMORY_EXIT_CODE
from api.channel_processes.frames import FrameProtocol, Message
from api.channel_processes.limits import MEGABYTE, ChannelFaultError, ChannelStoppedError, ProcessLimits
from api.channel_processes.output import log_output
from api.channel_processes.wire_values import retry_after_from_wire
from api.codes.reasons.channel_faults import ChannelFault
from api.worker_processes.limits import ONE_ARENA
from plugins.contract import AccountUnavailableError

log = logging.getLogger("touchline.channels")

_PROGRAM = (
    "import sys; sys.path[:] = {path!r};"
    " from api.channel_processes.child import main; main({descriptor}, {parent}, {settings!r})"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """The channel that a process runs."""

    distribution: str
    module: str
    key: str
    environment: Mapping[str, str]
    """The environment variables of the process, which the package's hook gets as well."""

    @property
    def names(self) -> Mapping[str, str]:
        """The names of the channel and its package, as messages have them."""
        return {"channel": self.key, "package": self.distribution}


class Call:
    """One call of a process. Its answers arrive in order; the last one has no ``begin``."""

    def __init__(self, process: "ChannelProcess", number: int, name: str) -> None:
        self._process = process
        self._number = number
        self.name = name
        self.answers: asyncio.Queue[Message | None] = asyncio.Queue()

    async def next(self, seconds: float) -> Message:
        """Return the next answer. Raises TimeoutError, ChannelStoppedError, and what the channel raised."""
        async with asyncio.timeout(seconds):
            answer = await self.answers.get()
        if answer is None:
            self.answers.put_nowait(None)
            raise self._process.stopped_error(self.name)
        if "unavailable" in answer:
            found = answer["unavailable"]
            wait = retry_after_from_wire(found)
            raise AccountUnavailableError(found["code"], found["detail"], here=found["here"], retry_after=wait)
        if "fault" in answer:
            values = {**self._process.source.names, "error": answer["error"], "call": f"{self.name}()"}
            raise ChannelFaultError(ChannelFault.CHANNEL_FAILED.message(**values), answer["fault"])
        return answer

    def end(self) -> None:
        """Ignore later answers."""
        self._process.calls.pop(self._number, None)


class ChannelProcess:
    """A process that runs one channel. It belongs to the event loop in which it was started.

    - ``calls``: the calls that wait for an answer, by number. ``call`` adds them, and ``Call.end`` removes them.
    - ``has_ended``: whether the process has ended or was killed. It answers no call any more.
    - ``_stopped_for``: the error of its calls, once it was killed or the first call has found its end.
    """

    def __init__(self, source: Source, limits: ProcessLimits) -> None:
        self.source = source
        self.limits = limits
        self.calls: dict[int, Call] = {}
        self.has_ended = False
        self.loop = asyncio.get_running_loop()
        self._numbers = itertools.count()
        self._stopped_for: ChannelStoppedError | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._socket, child = socket.socketpair()
        self._socket.setblocking(False)
        self._protocol = FrameProtocol(self._received, self._ended)
        self._output, output = os.pipe()
        try:
            self._process = self._start(child, output)
        except BaseException:
            self._socket.close()
            os.close(self._output)
            raise
        finally:
            child.close()
            os.close(output)
        _running.add(self)

    def _start(self, child: socket.socket, output: int) -> "subprocess.Popen[bytes]":
        settings = {
            "distribution": self.source.distribution,
            "module": self.source.module,
            "key": self.source.key,
            "memory_bytes": self.limits.memory_bytes,
            "log_level": logging.getLogger().getEffectiveLevel(),
        }
        path = [os.path.abspath(entry) for entry in sys.path]
        program = _PROGRAM.format(path=path, descriptor=child.fileno(), parent=os.getpid(), settings=settings)
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**self.source.environment, **ONE_ARENA},
            pass_fds=(child.fileno(),),  # no other descriptor, such as the database connection
            start_new_session=True,  # Ctrl+C in a terminal does not interrupt it
        )

    async def load(self) -> None:
        """Wait until the package is loaded. Raises ChannelStoppedError."""
        self._run(log_output(self._output, self.source.key))
        loading = self._call("loading")
        await self.loop.connect_accepted_socket(lambda: self._protocol, self._socket)
        try:
            await loading.next(self.limits.load_seconds)
        except ChannelFaultError as error:
            log.error("cannot load the channel %s of %s: %s", self.source.key, self.source.distribution, error)
            reason = "see the server's log."
        except TimeoutError:
            reason = f"it takes more than {self.limits.load_seconds:g} s."
        else:
            return
        finally:
            loading.end()
        message = ChannelFault.CHANNEL_NOT_LOADED.message(**self.source.names, reason=reason)
        raise self.kill(ChannelStoppedError(message))

    def call(self, name: str, message: Message, payload: bytes = b"") -> Call:
        """Send a call. Its answers come from ``Call.next``."""
        call = self._call(name)
        self._protocol.send({**message, "id": call._number}, payload)
        if self.has_ended:
            call.answers.put_nowait(None)
        return call

    def send(self, message: Message) -> None:
        """Send a message without an answer."""
        self._protocol.send(message)

    async def ask(self, name: str, message: Message) -> Message:
        """Make a call with one answer. A call that takes too long kills the process."""
        call = self.call(name, message)
        try:
            return await call.next(self.limits.of(name))
        except TimeoutError:
            raise self.kill(self.too_slow(name)) from None
        finally:
            call.end()

    def too_slow(self, name: str) -> ChannelStoppedError:
        """Return the error of a call that takes too long."""
        seconds = self.limits.of(name)
        message = ChannelFault.CHANNEL_TOO_SLOW.message(**self.source.names, seconds=seconds, call=f"{name}()")
        return ChannelStoppedError(message)

    def kill(self, reason: ChannelStoppedError) -> ChannelStoppedError:
        """Kill the process. Its calls fail with ``reason``. Returns the reason."""
        if not self.has_ended:
            self._stopped_for = reason
            self._ended()
        return reason

    def stopped_error(self, name: str) -> ChannelStoppedError:
        """Return the error of a call of a process that has ended."""
        if self._stopped_for is not None:
            return self._stopped_for
        values = {**self.source.names, "call": f"{name}()"}
        if self._process.poll() == MEMORY_EXIT_CODE:
            megabytes = self.limits.memory_bytes // MEGABYTE
            message = ChannelFault.CHANNEL_TOO_MUCH_MEMORY.message(**values, megabytes=megabytes)
        else:
            message = ChannelFault.CHANNEL_CRASHED.message(**values)
        self._stopped_for = ChannelStoppedError(message)
        return self._stopped_for

    def close(self) -> None:
        """Kill the process because the server stops."""
        self._ended()

    def _call(self, name: str) -> Call:
        number = next(self._numbers)
        self.calls[number] = call = Call(self, number, name)
        return call

    def _received(self, message: Message, payload: bytes) -> None:
        call = self.calls.get(message.get("id", -1))
        if call is not None:
            call.answers.put_nowait(message)

    def _ended(self) -> None:
        """Kill the process, and let its open calls fail."""
        if self.has_ended:
            return
        self.has_ended = True
        _running.discard(self)
        self._run(self._reap())

    async def _reap(self) -> None:
        # A process that has closed its socket is about to exit. Its exit code says why.
        if self._stopped_for is None:
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._process.wait, 1.0)
        self._protocol.close()
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        for call in self.calls.values():
            call.answers.put_nowait(None)

    def _run(self, work: Any) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def kill_now(self) -> None:
        """Kill the process when the interpreter ends."""
        self._process.kill()


_running: "weakref.WeakSet[ChannelProcess]" = weakref.WeakSet()


@atexit.register
def _kill_all() -> None:
    for process in list(_running):
        process.kill_now()
