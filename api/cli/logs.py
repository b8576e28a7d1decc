"""What a process logs, and how: to standard error, as text for people or JSON for programs."""

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from api.printable import printable
from api.settings import Settings


def _utc(record: logging.LogRecord, datefmt: str | None = None) -> str:
    """Return when a line was logged, as ISO 8601 with its offset."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class _LineFormatter(logging.Formatter):
    """Text logs in which nobody else can begin a line: what strangers wrote is escaped, tracebacks are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(f"  {printable(line)}" for line in super().formatException(ei).split("\n"))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return "\n".join(f"  {printable(line)}" for line in stack_info.split("\n"))


def _worth_telling(record: logging.LogRecord) -> bool:
    """Say no to the traceback that asyncpg's pool logs again and again while PostgreSQL is away: our own lines tell."""
    return not (record.name == "asyncpg.pool" and record.msg.startswith("Failed to restore the pool connection floor"))


def set_up_logs(settings: Settings) -> None:
    """Write logs to standard error: text for people, or JSON for programs.

    The level is that of our own loggers. Those of libraries tell statements and their values below WARNING.
    """
    style = "%(asctime)s %(levelname)s %(name)s %(message)s"
    formatter: logging.Formatter = _LineFormatter(style)
    if settings.log == "json":
        names = {"asctime": "time", "levelname": "level"}
        # Uvicorn tells each of its lines a second time, in colours.
        formatter = JsonFormatter(style, rename_fields=names, reserved_attrs=[*RESERVED_ATTRS, "color_message"])
    formatter.formatTime = _utc  # type: ignore[method-assign]
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    if settings.log_level != "DEBUG":
        handler.addFilter(_worth_telling)
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    logging.getLogger("touchline").setLevel(level)
    logging.getLogger("uvicorn").setLevel(max(level, logging.INFO))
