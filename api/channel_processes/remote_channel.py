"""A channel of a package, run in processes of its own. For dispatch it is a channel like any other."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from api.channel_processes.limits import ChannelFaultError, ChannelStoppedError, ProcessLimits
from api.channel_processes.process import ChannelProcess, Source
from api.channel_processes.remote_session import RemoteSession
from api.codes.reasons.channel_faults import ChannelFault
from plugins.contract import AccountUnavailableError, Channel, Session
from plugins.loading.wrappers import ChannelWrapper
from strategies.codes import Message

log = logging.getLogger("touchline.channels")

MAX_PROCESSES = 4
"""The most processes of one channel for sessions. Each account has one of its own, until there are more accounts."""
QUESTIONS = -1
"""The number of the process for calls outside of sessions, so that a blocking session does not delay them."""
NAMELESS_SECONDS = 60.0
"""The wait before ``account`` is called again after it raised an exception."""
TROUBLE_PATIENCE_SECONDS = 1.0
"""How long ``trouble`` waits. A later call shares a call of the channel that still runs."""

Report = Callable[[str, str, Message | None], Awaitable[float]]
"""Takes the channel's key, its package, and a fault, or None for a success after a fault.

Returns for how many seconds the channel must not be called.
"""


class ConfigResults(NamedTuple):
    """The results of a channel for one configuration."""

    account: str | None
    """None if the channel cannot name the account."""
    sessions: int
    ask_again_at: float = float("inf")
    """When to ask again for the name (monotonic clock, seconds)."""


async def _no_report(key: str, package: str, fault: Message | None) -> float:
    return 0.0


class RemoteChannel(Channel):
    """Calls a package's channel in its processes, and caches results that do not change.

    The channel's declarations are those that the server has read when it loaded the package.

    - ``report``: records faults. The server sets it, because it has the database.
    - ``_learning``: the tasks that call ``account`` and ``sessions``. ``_asking``: the task that calls ``trouble``.
    - ``_results``: the channel's results for each configuration. ``learn`` adds them.
    - ``_processes``: the processes, by number. ``_numbers``: which process has which account.
    - ``_starting``: lets one task at a time start each process.
    - ``_blocked_until``: until when (monotonic clock, seconds) the channel is not called, because it failed too often.
    - ``_may_have_failed``: whether the last report was a fault. True at the start, because an earlier process of the
      server may have reported one.
    """

    def __init__(self, local: ChannelWrapper, source: Source, limits: ProcessLimits | None = None) -> None:
        vars(self).update({name: value for name, value in vars(local).items() if name != "own"})
        self.source = source
        self.report: Report = _no_report
        self._limits = limits or ProcessLimits()
        self._results: dict[str, ConfigResults] = {}
        self._asking: asyncio.Task[str | None] | None = None
        self._learning: dict[str, asyncio.Task[None]] = {}
        self._processes: dict[int, ChannelProcess] = {}
        self._numbers: dict[str, int] = {}
        self._starting: dict[int, asyncio.Lock] = {}
        self._blocked_until = float("-inf")
        self._may_have_failed = True

    # -- calls of dispatch that do not wait

    def account(self, config: Mapping[str, Any]) -> str:
        """Return the account that the channel has named. Call ``learn`` first. Raises LookupError.

        If the channel could not name it, it is called again in the background from time to time.
        """
        results = self._results[_name(config)]
        if results.account is None:
            if time.monotonic() >= results.ask_again_at and not self.blocked_seconds():
                self._learning_task(config)
            raise LookupError(f"the channel {self.key} did not name the account")
        return results.account

    def sessions(self, config: Mapping[str, Any]) -> int:
        """Return how many sessions the channel allows; 1 if it is not known yet."""
        results = self._results.get(_name(config))
        return 1 if results is None else results.sessions

    def knows(self, config: Mapping[str, Any]) -> bool:
        """Say whether the channel's results for a configuration are known."""
        return _name(config) in self._results

    def learn_soon(self, config: Mapping[str, Any], then: Callable[[], None]) -> float:
        """Start ``learn`` in the background, then call ``then``. Returns after how many seconds to check again."""
        if not self.blocked_seconds():
            self._learning_task(config).add_done_callback(lambda _: then())
        return max(self.blocked_seconds(), 1.0)

    async def learn_within(self, config: Mapping[str, Any], seconds: float) -> bool:
        """Run ``learn`` for at most this time. Returns whether the channel has answered."""
        if not self.knows(config) and not self.blocked_seconds():
            await asyncio.wait({self._learning_task(config)}, timeout=seconds)
        return self.knows(config)

    def blocked_seconds(self) -> float:
        """Return for how many more seconds the channel is not called, because it failed too often."""
        return max(self._blocked_until - time.monotonic(), 0.0)

    # -- calls that wait for the channel

    async def learn(self, config: Mapping[str, Any]) -> None:
        """Call ``account`` and ``sessions`` for a configuration. Raises ChannelStoppedError without an answer."""
        name = _name(config)
        results = self._results.get(name)
        if results is not None and time.monotonic() < results.ask_again_at:
            return
        try:
            process = await self._process(QUESTIONS)
            answer = await process.ask("account", {"do": "ask", "what": "account", "config": dict(config)})
        except ChannelFaultError as error:
            await self.failed(error, "account")
            self._results[name] = ConfigResults(None, 1, time.monotonic() + NAMELESS_SECONDS)
        except ChannelStoppedError as error:
            await self.stopped(error)
            raise
        else:
            self._results[name] = ConfigResults(answer["value"]["account"], answer["value"]["sessions"])

    async def trouble(self) -> str | None:
        """Call the channel. Return None if it fails or is slow, so that it does not make the whole server unready."""
        if self.blocked_seconds():
            return None
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_trouble())
        await asyncio.wait({self._asking}, timeout=TROUBLE_PATIENCE_SECONDS)
        return self._asking.result() if self._asking.done() and not self._asking.cancelled() else None

    async def _ask_trouble(self) -> str | None:
        try:
            process = await self._process(QUESTIONS)
            answer = await process.ask("trouble", {"do": "ask", "what": "trouble", "config": {}})
        except ChannelFaultError as error:
            await self.failed(error, "trouble")
            return None
        except ChannelStoppedError as error:
            await self.stopped(error)
            return None
        sentence = answer["value"]
        return None if sentence is None else str(sentence)

    def accounts(self) -> Sequence[str] | None:
        """Return None: only the command line lists accounts, and asks the package itself."""
        return None

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Open a session in the account's process. Raises AccountUnavailableError, and ChannelFaultError."""
        try:
            if not self.knows(config):
                await self.learn(config)
            process = await self._process(self._number(self._results[_name(config)].account or _name(config)))
            session = RemoteSession(self, process)
            await session.open(config)
        except ChannelStoppedError as error:
            await self.stopped(error)
            raise AccountUnavailableError(*error.message) from None
        except ChannelFaultError as error:
            await self.failed(error, "connect")
            raise
        try:
            yield session
        finally:
            await session.close()

    # -- processes

    def _number(self, account: str) -> int:
        """Return the number of an account's process. Further accounts share the processes in turn."""
        return self._numbers.setdefault(account, len(self._numbers) % MAX_PROCESSES)

    async def _process(self, number: int) -> ChannelProcess:
        """Return a running process. Starts it if there is none. Raises ChannelStoppedError."""
        async with self._starting.setdefault(number, asyncio.Lock()):
            process = self._processes.get(number)
            if process is not None and not process.has_ended and process.loop is asyncio.get_running_loop():
                return process
            if seconds := self.blocked_seconds():
                until = f"{seconds:.0f} s from now"
                raise ChannelStoppedError(ChannelFault.CHANNEL_PAUSED.message(**self.source.names, until=until))
            process = self._processes[number] = ChannelProcess(self.source, self._limits)
            await process.load()
            return process

    def close(self) -> None:
        """End all processes."""
        for task in (*self._learning.values(), *((self._asking,) if self._asking else ())):
            task.cancel()
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    # -- health

    async def failed(self, error: ChannelFaultError, call: str) -> None:
        """Log and record a failure in a call."""
        log.error("the channel %s (%s) failed in %s() %s", self.key, self.source.distribution, call, error)
        await self._report(error.message)

    async def stopped(self, error: ChannelStoppedError) -> None:
        """Log and record that a process ended."""
        if error.message.code == ChannelFault.CHANNEL_PAUSED or error.is_reported:
            return
        error.is_reported = True  # the calls of a process share the error
        log.error("the channel %s (%s) stopped: %s", self.key, self.source.distribution, error)
        await self._report(error.message)

    async def works(self) -> None:
        """Record a success after a failure."""
        if self._may_have_failed:
            await self._report(None)

    async def _report(self, fault: Message | None) -> None:
        self._may_have_failed = fault is not None
        with suppress(Exception):  # the channel is more important than the record of its health
            seconds = await self.report(self.key, self.source.distribution, fault)
            self._blocked_until = time.monotonic() + seconds

    def _learning_task(self, config: Mapping[str, Any]) -> "asyncio.Task[None]":
        """Return the task that calls ``account`` and ``sessions`` for a configuration. All callers share it."""
        name = _name(config)
        if name not in self._learning:
            self._learning[name] = task = asyncio.create_task(self._learn(config))
            task.add_done_callback(lambda _: self._learning.pop(name, None))
        return self._learning[name]

    async def _learn(self, config: Mapping[str, Any]) -> None:
        with suppress(ChannelStoppedError):  # it is logged
            await self.learn(config)


def _name(config: Mapping[str, Any]) -> str:
    return json.dumps(config, sort_keys=True)
