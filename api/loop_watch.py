"""Measures the delay of the event loop, and logs the code that blocks it."""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from api.services.common.metrics import Metrics

log = logging.getLogger("touchline.loop")

STALL_THRESHOLD_SECONDS = 0.1
"""A longer delay is a stall: every client of the process waits that long."""
INTERVAL_SECONDS = 0.05
"""How often the loop is checked, and the precision of a measured stall."""
LOG_INTERVAL_SECONDS = 10.0
"""Stalls are logged at most once in this time. The next line counts those in between."""
IDLE = ("selectors.select:", "asyncio.runners.run:")
"""The innermost call of a loop that waits for work: of asyncio's own, and of uvloop's, which is not Python."""
MAX_FRAMES = 12
"""How many of the innermost calls a log line contains."""


def stack_of(thread: int) -> str:
    """Return the innermost calls of a thread, the innermost first: function, file and line, without any values."""
    found: list[str] = []
    frame: FrameType | None = sys._current_frames().get(thread)
    while frame is not None and len(found) < MAX_FRAMES:
        module = frame.f_globals.get("__name__", "?")
        found.append(f"{module}.{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(found)


@dataclass(frozen=True, slots=True)
class Stall:
    """One stall of the event loop."""

    seconds: float
    stack: str
    """The calls that blocked it; empty if it continued before they could be read."""


@dataclass
class LoopWatch:
    """A thread that schedules a callback in the event loop at a fixed interval, and measures how late it runs.

    It costs one wake-up of the thread and one of the loop per interval. The delay counts from the instant at which
    the loop should have been asked, so that C code that holds the interpreter's lock, and with it this thread, is
    measured as well: the thread then reads the stack as soon as that code returns.
    """

    metrics: Metrics
    """Its counters are written by the thread."""
    interval: float = INTERVAL_SECONDS
    on_stall: Callable[[Stall], None] = lambda stall: None
    """Called by the thread with each stall."""
    held_by: str = ""
    """The calls that hold the loop at this moment. Written by the thread; empty while the loop is in time."""
    _end: threading.Event = field(default_factory=threading.Event)
    _beat: threading.Event = field(default_factory=threading.Event)
    _logged_at: float = float("-inf")
    _unlogged: int = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the running loop of this thread."""
        loop, thread = asyncio.get_running_loop(), threading.get_ident()
        watcher = threading.Thread(target=self._run, args=(loop, thread), name="touchline-loop-watch", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._end.set()
            self._beat.set()
            watcher.join()

    def _run(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        while True:
            planned = time.perf_counter() + self.interval
            if self._end.wait(max(0.0, planned - time.perf_counter())):
                return
            # Woken late: the interpreter's lock was held. Read at once who held it.
            self.held_by = stack_of(thread) if time.perf_counter() - planned > STALL_THRESHOLD_SECONDS else ""
            self._beat.clear()
            if self._end.is_set():  # its sign may be the one that was just cleared
                return
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._beat.set)
            if not self._beat.wait(max(0.0, planned + STALL_THRESHOLD_SECONDS - time.perf_counter())):
                self.held_by = self.held_by or stack_of(thread)
                self._beat.wait()
            if self._end.is_set():
                return
            self._record(time.perf_counter() - planned)

    def _record(self, seconds: float) -> None:
        stack, self.held_by = self.held_by, ""
        self.metrics.loop_delay.observe(seconds)
        if seconds > STALL_THRESHOLD_SECONDS:
            self.metrics.loop_stalls.inc()
            stall = Stall(seconds, stack)
            self._log(stall)
            self.on_stall(stall)

    def _log(self, stall: Stall) -> None:
        if stall.stack.startswith(IDLE):  # no code blocks the loop
            milliseconds = stall.seconds * 1000
            log.debug("the event loop was %.0f ms late while it waited: the machine has too little CPU", milliseconds)
            return
        now = time.perf_counter()
        if now - self._logged_at < LOG_INTERVAL_SECONDS:
            self._unlogged += 1
            return
        text = f"the event loop was blocked for {stall.seconds * 1000:.0f} ms by {stall.stack or 'unknown code'}"
        if self._unlogged:
            text += f"; {self._unlogged} more stalls since the last line"
        log.warning("%s", text, extra={"seconds": round(stall.seconds, 3), "stack": stall.stack})
        self._logged_at, self._unlogged = now, 0
