"""``touchline tick`` in a process of its own, on a machine whose clock may be wrong.

The processes are forked from one that has loaded the server: a start of Python costs more than sending the emails of a
test does. tests/acceptance starts the command as users do.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

LOADED = ["tests.faults.wrong_clock", "api.cli.parser", "api.cli.serving.serve", "tests.faults.frozen"]
"""What the processes find loaded. The clock comes first, because other modules take it from there."""


class TickProcess:
    """A running ``touchline tick``."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        skew: float = 0.0,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """Start it with this environment and no other. It appends its log to a file.

        The process calls ``prepare``, a function of a module, before it runs the command.
        """
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(LOADED)
        self._process: ForkServerProcess = context.Process(
            target=_tick, args=(dict(environment), str(log), skew, prepare), daemon=True
        )
        self._process.start()

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs, or the negative number of the signal that ended it."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    async def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        assert self.returncode is not None
        return self.returncode


def _tick(environment: dict[str, str], log: str, skew: float, prepare: Callable[[], None] | None) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    from tests.faults import wrong_clock

    wrong_clock.skew_by(skew)
    if prepare is not None:
        prepare()
    from api.cli.parser import main

    raise SystemExit(main(["tick"]))
