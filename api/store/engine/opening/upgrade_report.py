"""What a migration reports to the operator: in the log, and in the output of ``touchline migrate``."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

log = logging.getLogger("touchline.migrations")

_collected: ContextVar[list[str] | None] = ContextVar("collected", default=None)


def report(sentence: str) -> None:
    """Log a sentence about rows that an operator should look at."""
    log.warning("%s", sentence)
    sentences = _collected.get()
    if sentences is not None:
        sentences.append(sentence)


@contextmanager
def collect_reports() -> Iterator[list[str]]:
    """Collect the sentences that migrations report inside the block."""
    sentences: list[str] = []
    token = _collected.set(sentences)
    try:
        yield sentences
    finally:
        _collected.reset(token)
