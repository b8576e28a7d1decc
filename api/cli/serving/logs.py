"""Logging to standard error, as text for people or as JSON for programs."""

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from api.printable import printable
from api.settings import Settings


def _utc(record: logging.LogRecord, datefmt: str | None = None) -> str:
    """Return the time of a log record, as ISO 8601 with its offset."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _LineFormatter(logging.Formatter):
    """A text format in which untrusted text cannot forge a log line: it is escaped, and tracebacks are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name in the standard library
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(f"  {printable(line)}" for line in super().formatException(ei).split("\n"))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return "\n".join(f"  {printable(line)}" for line in stack_info.split("\n"))


def _drop_pool_tracebacks(record: logging.LogRecord) -> bool:
    """Drop the traceback that asyncpg's pool repeats while PostgreSQL is down. Touchline logs the outage itself."""
    return not (record.name == "asyncpg.pool" and record.msg.startswith("Failed to restore the pool connection floor"))


def set_up_logs(settings: Settings) -> None:
    """Write logs to standard error: text for people, or JSON for programs.

    The level applies to Touchline's loggers. Libraries log from WARNING, because at lower levels they log SQL values.
    """
    style = "%(asctime)s %(levelname)s %(name)s %(message)s"
    formatter: logging.Formatter = _LineFormatter(style)
    if settings.log == "json":
        names = {"asctime": "time", "levelname": "level"}
        # uvicorn adds a second, colored copy of each message.
        formatter = JsonFormatter(style, rename_fields=names, reserved_attrs=[*RESERVED_ATTRS, "color_message"])
    formatter.formatTime = _utc  # type: ignore[method-assign]
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    if settings.log_level != "DEBUG":
        handler.addFilter(_drop_pool_tracebacks)
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    logging.getLogger("touchline").setLevel(level)
    logging.getLogger("uvicorn").setLevel(max(level, logging.INFO))
