"""Limits the log lines that clients can cause, so that clients cannot fill the log."""

import logging
import time

LINES_PER_MINUTE = 5
"""Lines of each kind that are logged in a minute."""
OUT_OF_FILES = "socket.accept() out of system resource"
OWN_LINES = {
    "touchline.server": ("closed a connection of ", "closed a websocket of ", "X-Forwarded-For of "),
    "touchline.crm": ("a login at a CRM was refused: ", "cannot use the CRM connection "),
    "touchline.watching": ("not ready: ",),
    "touchline.graphql": ("%s at %s: %s",),
    "touchline.workers": ("%s It was running ", "the worker call "),
}
"""How our own lines begin that a client can cause at any time, by logger. Each is one kind."""
CLIENT_CAUSED_LINES = (
    "Invalid HTTP request received.",
    "Unsupported upgrade request.",
    "No supported WebSocket library detected.",
    "Invalid UTF-8 sequence received from client.",
    OUT_OF_FILES,
    *(line for lines in OWN_LINES.values() for line in lines),
)
"""The same with those of libraries."""
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
    for name in ("uvicorn.error", "asyncio", *OWN_LINES):
        logger = logging.getLogger(name)
        for old_filter in [each for each in logger.filters if isinstance(each, RepeatFilter)]:
            logger.removeFilter(old_filter)
        logger.addFilter(new_filter)
