"""What a service logs of itself: that it starts, on which database, in which version, and that it stops."""

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

STOP_SECONDS = 29.0
"""Seconds after which a process that was asked to stop ends in any case."""


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
        if problem is None or _asked(problem):
            log.info("%s stopped after %.0f s", what, seconds)
        else:
            log.error("%s ended after %.0f s: %s", what, seconds, str(problem) or type(problem).__name__)


def _asked(problem: BaseException) -> bool:
    """Say whether a service was asked to stop: by Ctrl+C, or by SIGTERM."""
    return isinstance(problem, KeyboardInterrupt) or (isinstance(problem, SystemExit) and not problem.code)


def end_on_sigterm() -> None:
    """Let SIGTERM end the process with exit code 0, as uvicorn raises it again once everything is closed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def end_in_time() -> None:
    """Let the process end after STOP_SECONDS in any case: the code of a package may not heed that it is to stop."""
    timer = threading.Timer(STOP_SECONDS, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    log.error(
        "something does not stop after %.0f s: the process ends. Emails that are being handed over will be in doubt",
        STOP_SECONDS,
    )
    logging.shutdown()
    os._exit(1)


class Server(server.Server):
    """The server, which calls ``asked`` as soon as a signal asks it to stop, and ends in time."""

    def __init__(self, config: uvicorn.Config, asked: Callable[[], None]) -> None:
        super().__init__(config)
        self._asked = asked

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop. Requests that run get their time; nothing more is sent meanwhile."""
        end_in_time()
        self._asked()
        super().handle_exit(sig, frame)
