"""Limits the log lines that clients can cause, so that clients cannot fill the log."""

import logging
import time

LINES_PER_MINUTE = 5
"""Lines of each kind that are logged in a minute."""
OUT_OF_FILES = "socket.accept() out of system resource"
CLIENT_CAUSED_LINES = (
    "Invalid HTTP request received.",
    "Unsupported upgrade request.",
    "No supported WebSocket library detected.",
    "Invalid UTF-8 sequence received from client.",
    "closed a ",
    "X-Forwarded-For of ",
    OUT_OF_FILES,
    "a login at a CRM was not accepted",
    "not ready: ",
)
"""How log lines begin that a client can cause at any time. Each is one kind."""
ACCESS_LINE = '%s - "WebSocket '
"""How uvicorn's access log lines for websockets begin. They are dropped."""


class RepeatFilter(logging.Filter):
    """Drops lines above LINES_PER_MINUTE of each kind, and adds the number of dropped lines to the next one."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[float, int]] = {}
        """By kind: when its minute started, and the number of lines since then."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is logged."""
        text = str(record.msg)
        if text.startswith(ACCESS_LINE):
            return False
        kind = next((prefix for prefix in CLIENT_CAUSED_LINES if text.startswith(prefix)), None)
        if kind is None:
            return True
        now = time.monotonic()
        start, count = self._counts.get(kind, (now, 0))
        if now - start >= 60:
            if count > LINES_PER_MINUTE:
                record.msg = f"{text} ({count - LINES_PER_MINUTE} similar lines were dropped)"
            start, count = now, 0
        self._counts[kind] = (start, count + 1)
        if kind == OUT_OF_FILES:
            # asyncio retries after a second. Its traceback does not help.
            record.msg, record.args, record.exc_info = "out of file descriptors for new connections (EMFILE)", (), None
            return count == 0
        return count < LINES_PER_MINUTE


def limit_client_logs() -> None:
    """Limit the log lines of this process that clients can cause. Each start of a server counts from zero."""
    new_filter = RepeatFilter()
    for name in ("uvicorn.error", "asyncio", "touchline.server", "touchline.crm", "touchline.watching"):
        logger = logging.getLogger(name)
        for old_filter in [each for each in logger.filters if isinstance(each, RepeatFilter)]:
            logger.removeFilter(old_filter)
        logger.addFilter(new_filter)
