"""Logs the start and stop of a service, and ends it within a time limit."""

import logging
import os
import signal
import socket
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
from api.store.engine.opening.database_url import redacted_url

log = logging.getLogger("touchline.service")

FORCED_STOP_SECONDS = 29.0
"""How long a process may take to stop after a signal. Then it kills itself."""


@contextmanager
def log_start_and_stop(service: str, settings: Settings) -> Iterator[None]:
    """Log the start and stop of a service, such as ``the tick loop``. The log contains no password."""
    fields = {"version": version(), "database": redacted_url(settings.database_url)}
    log.info("Touchline %s starts %s on %s", fields["version"], service, fields["database"], extra=fields)
    started = time.monotonic()
    problem: BaseException | None = None
    try:
        yield
    except BaseException as error:
        problem = error
        raise
    finally:
        seconds = time.monotonic() - started
        if problem is None or _is_requested_stop(problem):
            log.info("%s stopped after %.0f s", service, seconds)
        else:
            log.error("%s ended after %.0f s: %s", service, seconds, str(problem) or type(problem).__name__)


def _is_requested_stop(problem: BaseException) -> bool:
    """Say whether Ctrl+C or SIGTERM stopped the service."""
    return isinstance(problem, KeyboardInterrupt) or (isinstance(problem, SystemExit) and not problem.code)


def exit_on_sigterm() -> None:
    """Exit with code 0 on SIGTERM. uvicorn raises the signal again after it has closed everything."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def kill_after_timeout() -> None:
    """Kill the process after FORCED_STOP_SECONDS, because a partner's code may prevent it from stopping."""
    timer = threading.Timer(FORCED_STOP_SECONDS, _kill)
    timer.daemon = True
    timer.start()


def _kill() -> None:
    log.error(
        "still running %.0f s after the request to stop: killing the process. Emails in transmission become IN_DOUBT",
        FORCED_STOP_SECONDS,
    )
    logging.shutdown()
    os._exit(1)


class Server(server.Server):
    """A server that calls ``on_stop`` when it receives a signal, and ends within FORCED_STOP_SECONDS.

    It calls ``on_ready`` with its port when it answers.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None], on_ready: Callable[[int], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and report the port on which the server answers."""
        await super().startup(sockets)
        if self.started:
            self._on_ready(self.servers[0].sockets[0].getsockname()[1])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: finish running requests and send no more emails."""
        kill_after_timeout()
        self._on_stop()
        super().handle_exit(sig, frame)
