"""End a call of a package that does not return, so that its test fails and does not wait for ever."""

import contextlib
import ctypes
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

CALL_SECONDS = 30.0
"""Longest time of a call. The server allows 2 seconds, but the kit looks at each call, which makes it slower."""
REPEAT_SECONDS = 1.0
"""Time after which a call is interrupted again, if it has caught the exception."""
Expired = Callable[[FrameType | None], None]
"""Gets the frame in which the call is when its time is over."""


class NoAnswerError(BaseException):
    """Raised inside a call that takes too long. It is not an Exception, so that fewer handlers catch it."""


@contextlib.contextmanager
def time_limit(expired: Expired) -> Iterator[Callable[[], None]]:
    """Call ``expired`` if the block takes too long, and raise NoAnswerError in it. Gives a function that starts again.

    In the main thread a signal interrupts the block, also a call that waits. In other threads, and on Windows, it is
    interrupted at its next line of Python. C code that does not return cannot be interrupted at all.
    """
    is_main = threading.current_thread() is threading.main_thread()
    limit = _Alarm(expired) if is_main and hasattr(signal, "setitimer") else _Watcher(expired)
    limit.start()
    try:
        yield limit.restart
    finally:
        limit.stop()


class _Alarm:
    """A limit by the signal SIGALRM. A timer that other code has started continues afterwards."""

    def __init__(self, expired: Expired) -> None:
        self._expired = expired
        self._handler: Any = None
        self._other_seconds = 0.0
        self._started = 0.0

    def start(self) -> None:
        self._handler = signal.signal(signal.SIGALRM, self._ring)
        self._started = time.monotonic()
        self._other_seconds, _ = signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS, REPEAT_SECONDS)

    def restart(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS, REPEAT_SECONDS)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if self._handler is None else self._handler)
        if self._other_seconds:
            left = self._other_seconds - (time.monotonic() - self._started)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001))

    def _ring(self, _: int, frame: FrameType | None) -> None:
        self._expired(frame)
        raise NoAnswerError


class _Watcher:
    """A limit by a thread of its own."""

    def __init__(self, expired: Expired) -> None:
        self._expired = expired
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._is_over = False

    def start(self, seconds: float | None = None) -> None:
        self._timer = threading.Timer(CALL_SECONDS if seconds is None else seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def restart(self) -> None:
        self._cancel()
        self.start()

    def stop(self) -> None:
        while not self._is_over:
            with contextlib.suppress(NoAnswerError), self._lock:  # it can ring at this moment
                self._is_over = True
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        with self._lock:
            if not self._is_over:
                self._expired(sys._current_frames().get(self._thread))
                thread, error = ctypes.c_ulong(self._thread), ctypes.py_object(NoAnswerError)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, error)
                self.start(REPEAT_SECONDS)
