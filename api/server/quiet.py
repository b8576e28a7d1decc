"""Limits log lines that clients can cause to a few per minute, so that they cannot fill the log."""

import logging
import time

LINES_PER_MINUTE = 5
OUT_OF_FILES = "socket.accept() out of system resource"
CLIENT_CAUSED_LINES = (
    "Invalid HTTP request received.",
    "Unsupported upgrade request.",
    "No supported WebSocket library detected.",
    "Invalid UTF-8 sequence received from client.",
    "closed a ",
    "X-Forwarded-For of ",
    OUT_OF_FILES,
)
"""Beginnings of log lines that a client can cause at will."""
ACCESS_LINE = '%s - "WebSocket '
"""uvicorn's access log line for websockets, which is dropped."""


class RepeatFilter(logging.Filter):
    """Passes LINES_PER_MINUTE lines of each kind, and adds the number of dropped ones to the next."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is logged."""
        text = str(record.msg)
        if text.startswith(ACCESS_LINE):
            return False
        kind = next((known for known in CLIENT_CAUSED_LINES if text.startswith(known)), None)
        if kind is None:
            return True
        now = time.monotonic()
        since, number = self._seen.get(kind, (now, 0))
        if now - since >= 60:
            if number > LINES_PER_MINUTE:
                record.msg = f"{text} ({number - LINES_PER_MINUTE} more like it before)"
            since, number = now, 0
        self._seen[kind] = (since, number + 1)
        if kind == OUT_OF_FILES:
            # asyncio retries after a second; its traceback is of no use.
            record.msg, record.args, record.exc_info = "out of file descriptors for new connections (EMFILE)", (), None
            return number == 0
        return number < LINES_PER_MINUTE


def limit_client_logs() -> None:
    """Limit what clients can write into the log of this process. Each start of a server counts from zero."""
    limit = RepeatFilter()
    for name in ("uvicorn.error", "asyncio", "touchline.server"):
        logger = logging.getLogger(name)
        for earlier in [one for one in logger.filters if isinstance(one, RepeatFilter)]:
            logger.removeFilter(earlier)
        logger.addFilter(limit)
