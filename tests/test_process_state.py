"""The fixture of all tests that keeps a test from changing the next one."""

import logging
import os
import signal
import sys
from collections.abc import Callable

import pytest

from tests.process_state import unchanged_process


@pytest.mark.parametrize(
    "change",
    [
        lambda: os.environ.update(TOUCHLINE_LEFT="1"),
        lambda: os.chdir("/"),
        lambda: sys.path.append("/left"),
        lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    ],
    ids=["environment", "folder", "path", "signal"],
)
def test_what_is_left_fails_the_test(change: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_LEFT", "0")
    monkeypatch.syspath_prepend("/own")
    folder, path, handler = os.getcwd(), list(sys.path), signal.getsignal(signal.SIGTERM)
    with pytest.raises(AssertionError, match="leaves its process changed"), unchanged_process():
        change()
    os.chdir(folder)
    sys.path[:] = path
    signal.signal(signal.SIGTERM, handler)


def test_loggers_are_as_before() -> None:
    known, name = logging.getLogger("uvicorn.error"), "touchline.made_by_a_test"
    level, filters = known.level, list(known.filters)
    with unchanged_process():
        for logger in (known, logging.getLogger(name)):
            logger.setLevel(logging.CRITICAL)
            logger.addFilter(lambda _: False)
            logger.addHandler(logging.NullHandler())
            logger.disabled = True
    assert (known.level, known.filters, known.disabled) == (level, filters, False)
    made = logging.getLogger(name)
    assert (made.level, made.filters, made.handlers, made.disabled) == (logging.NOTSET, [], [], False)
