"""What a test must not leave to the next one, whichever that is in random order."""

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tortoise.context import get_current_context

from api.services.templates import rendering

OTHERS = {"PYTEST_CURRENT_TEST", "USE_TZ", "TIMEZONE"}
"""Variables of the environment that pytest and tortoise set."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM)


@contextmanager
def unchanged_process() -> Iterator[None]:
    """Restore the loggers after the block, which servers set up, and fail if the block leaves anything else changed."""
    before, loggers = _state(), {logger: _settings(logger) for logger in _loggers()}
    yield
    for logger in _loggers():
        kept = loggers.get(logger, (logging.NOTSET, [], [], True, False))
        if _settings(logger) != kept:
            logger.level, logger.filters, logger.handlers, logger.propagate, logger.disabled = kept
            logging.root.manager._clear_cache()  # type: ignore[attr-defined]
    after = _state()
    left = {name: (value, after[name]) for name, value in before.items() if after[name] != value}
    assert not left, f"the test leaves its process changed: {left}"


def _state() -> dict[str, Any]:
    return {
        "environment": _environment(),
        "working folder": os.getcwd(),
        "module search path": list(sys.path),
        "signal handlers": [signal.getsignal(number) for number in SIGNALS],
        "garbage collection": gc.isenabled(),
        "open database": get_current_context() is not None,
        "facts that somebody finds": dict(rendering._pending_facts),
    }


def _environment() -> dict[Any, Any]:
    """Return the variables as the system has them: decoding all of them is a tenth of the time of a small test."""
    variables = dict(os.environ._data)  # type: ignore[attr-defined]
    for name in OTHERS:
        variables.pop(os.environ.encodekey(name), None)  # type: ignore[attr-defined]
    return variables


def _loggers() -> list[logging.Logger]:
    return [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]


def _settings(logger: logging.Logger) -> tuple[Any, ...]:
    return (logger.level, list(logger.filters), list(logger.handlers), logger.propagate, logger.disabled)
