"""What is logged: our own lines at the level that is set, none of the libraries' that tell what they handle."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from api.cli.serving.logs import set_up_logs
from api.cli.serving.serve import limits
from api.settings import Settings

NAMES = ("", "touchline", "uvicorn")


@contextmanager
def process(**environment: str) -> Iterator[None]:
    """The loggers of a process that has just begun, and has set up its logs."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in NAMES}
    root.handlers.clear()
    try:
        set_up_logs(Settings.read(environment))
        yield
    finally:
        root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def test_the_level_is_that_of_our_own_loggers(capsys: pytest.CaptureFixture[str]) -> None:
    with process(TOUCHLINE_LOG_LEVEL="DEBUG"):
        for name in ("tortoise", "tortoise.db_client", "aiosqlite", "asyncpg", "asyncio", "liquid"):
            logging.getLogger(name).debug("ada@example.com")
            logging.getLogger(name).info("ada@example.com")
        logging.getLogger("tortoise").warning("of a library")
        logging.getLogger("touchline.dispatch").debug("ours")
    told = capsys.readouterr().err
    assert "ada@example.com" not in told
    assert "WARNING tortoise of a library" in told
    assert "DEBUG touchline.dispatch ours" in told


def test_a_high_level_holds_for_all(capsys: pytest.CaptureFixture[str]) -> None:
    with process(TOUCHLINE_LOG_LEVEL="ERROR"):
        for name in ("touchline.dispatch", "uvicorn.error", "tortoise"):
            logging.getLogger(name).warning("quiet")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("level", "told"), [("INFO", False), ("DEBUG", True)])
def test_the_pool_s_tracebacks_are_for_debugging(capsys: pytest.CaptureFixture[str], level: str, told: bool) -> None:
    with process(TOUCHLINE_LOG_LEVEL=level):
        logging.getLogger("asyncpg.pool").warning("Failed to restore the pool connection floor; retrying")
        logging.getLogger("asyncpg.pool").warning("something else")
    err = capsys.readouterr().err
    assert ("Failed to restore" in err) is told
    assert "WARNING asyncpg.pool something else" in err


@pytest.mark.parametrize("log", ["json", "text"])
def test_the_time_has_its_offset(capsys: pytest.CaptureFixture[str], log: str) -> None:
    with process(TOUCHLINE_LOG=log):
        logging.getLogger("uvicorn.error").info("running", extra={"color_message": "in colours", "pid": 5})
    line = capsys.readouterr().err
    time = line.split()[0]
    if log == "json":
        told = json.loads(line)
        time = told.pop("time")
        assert told == {"level": "INFO", "name": "uvicorn.error", "message": "running", "pid": 5}
    assert datetime.fromisoformat(time).utcoffset() == timedelta(0)


def test_requests_are_not_logged() -> None:
    assert limits(Settings.read({}))["access_log"] is False
