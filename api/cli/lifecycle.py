"""The start and the stop of a service: what it logs, and how it ends within a time limit."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from api import version
from api.server import server
from api.settings import Settings
from api.store.engine.database_url import redacted_url

log = logging.getLogger("touchline.service")

FORCED_STOP_SECONDS = 29.0
"""Seconds after which a process that was asked to stop is killed."""


@contextmanager
def logged(what: str, settings: Settings) -> Iterator[None]:
    """Log the start and the stop of a service, such as ``the tick loop``. The database is named without a password."""
    about = {"version": version(), "database": redacted_url(settings.database_url)}
    log.info("Touchline %s starts %s on %s", about["version"], what, about["database"], extra=about)
    began = time.monotonic()
    problem: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        problem = raised
        raise
    finally:
        seconds = time.monotonic() - began
        if problem is None or _was_asked(problem):
            log.info("%s stopped after %.0f s", what, seconds)
        else:
            log.error("%s ended after %.0f s: %s", what, seconds, str(problem) or type(problem).__name__)


def _was_asked(problem: BaseException) -> bool:
    """Say whether a service was asked to stop: by Ctrl+C, or by SIGTERM."""
    return isinstance(problem, KeyboardInterrupt) or (isinstance(problem, SystemExit) and not problem.code)


def exit_on_sigterm() -> None:
    """Exit with code 0 on SIGTERM, which uvicorn raises again after it has closed everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def kill_after_timeout() -> None:
    """Kill the process after FORCED_STOP_SECONDS, because the code of a package may ignore the request to stop."""
    timer = threading.Timer(FORCED_STOP_SECONDS, _kill)
    timer.daemon = True
    timer.start()


def _kill() -> None:
    log.error(
        "still running %.0f s after the request to stop: killing the process. Emails in transmission will be in doubt",
        FORCED_STOP_SECONDS,
    )
    logging.shutdown()
    os._exit(1)


class Server(server.Server):
    """The server. It calls ``on_stop`` when a signal asks it to stop, and ends within FORCED_STOP_SECONDS."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: finish running requests and send no more emails."""
        kill_after_timeout()
        self._on_stop()
        super().handle_exit(sig, frame)
