"""Wake readers of the Live Feed: in this process by a call, in other processes by a notification."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.store.engine.notifications import EVENTS, Notifier
from api.store.engine.transactions import after_transaction

MIN_GAP_SECONDS = 0.05
"""Shortest time between two notifications of a process."""

_announced: list[Callable[[], None]] = []
"""Called after a transaction that has written events, to notify other processes. Only ``announcing`` changes it."""
_here: list[Callable[[], None]] = []
"""The calls that wake readers of this process. A new reader can begin before the old one has ended."""


@contextmanager
def announcing() -> Iterator[None]:
    """Notify the other processes of events that this one writes in the block: a server or a tick loop."""
    notifier = Notifier(EVENTS, MIN_GAP_SECONDS)
    announce = notifier.announce
    _announced.append(announce)
    try:
        yield
    finally:
        _announced.remove(announce)


@contextmanager
def woken(wake: Callable[[], None]) -> Iterator[None]:
    """Call ``wake`` in the block after each transaction of this process that has written events."""
    _here.append(wake)
    try:
        yield
    finally:
        _here.remove(wake)


def event_written() -> None:
    """Note that the current transaction writes events."""
    if _announced or _here:
        after_transaction(_wake)


def _wake() -> None:
    for call in (*_here, *_announced[-1:]):
        call()
