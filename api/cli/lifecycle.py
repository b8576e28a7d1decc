"""What a service logs of itself: that it starts, on which database, in which version, and that it stops."""

import logging
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from api import version
from api.settings import Settings
from api.store.database_url import shown

log = logging.getLogger("touchline.service")


@contextmanager
def logged(what: str, settings: Settings) -> Iterator[None]:
    """Log the start and the stop of a service, such as ``the tick loop``. The database is named without a password."""
    about = {"version": version(), "database": shown(settings.database_url)}
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
