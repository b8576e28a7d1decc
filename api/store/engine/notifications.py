"""Wake other processes when an email may be due, or an event was written.

They are notified by LISTEN and NOTIFY, or by sockets beside a SQLite file. If a notification is lost, the other
processes find the change when they poll.
"""

import asyncio
import contextvars
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tortoise.backends.sqlite.client import SqliteClient
from tortoise.connection import get_connection

from api.store.engine.database import is_postgres
from api.store.engine.faults.availability import log_database_outage, one_line
from api.store.engine.sql import execute
from api.store.engine.sqlite import wake_sockets
from api.store.engine.sqlite.sqlite_file import MEMORY

log = logging.getLogger("touchline.tick")


class Topic(NamedTuple):
    """What a notification is about."""

    channel: str
    """The channel of PostgreSQL."""
    middle: str
    """The part of a socket's name between the name of the SQLite file and random characters."""


DUE = Topic("touchline_due", "-wake-")
"""An email may be due."""
EVENTS = Topic("touchline_event", "-event-")
"""An event of the Live Feed was written."""
MIN_GAP_SECONDS = 0.01
"""Shortest time between two notifications of a process. Changes in this time share one notification."""
KEEPALIVE_SECONDS = 10.0
RECONNECT_SECONDS = 2.0


class Notifier:
    """Notifies the other processes: of the first change immediately, then once for all changes in the gap after it."""

    def __init__(self, topic: Topic = DUE, gap: float = MIN_GAP_SECONDS) -> None:
        self._topic, self._gap = topic, gap
        self._notifying: asyncio.Task[None] | None = None
        self._again = False
        """Whether something has changed since the last notification."""

    def announce(self) -> None:
        """Notify the other processes of a committed change."""
        self._again = True
        if self._notifying is None or self._notifying.done():
            with_nothing = contextvars.Context()  # outside of the caller's transaction
            self._notifying = asyncio.get_running_loop().create_task(self._notify(), context=with_nothing)

    async def _notify(self) -> None:
        while self._again:
            self._again = False
            await _notify(self._topic)
            await asyncio.sleep(self._gap)


async def _notify(topic: Topic) -> None:
    try:
        if is_postgres():
            await execute(f"SELECT pg_notify('{topic.channel}', '')")
        elif (path := _sqlite_file()) is not None:
            wake_sockets.notify(path, topic.middle)
    except Exception as problem:
        if not log_database_outage(problem):
            log.info("cannot notify other processes, which poll instead: %s", one_line(problem))


async def listen(on_notification: Callable[[], None], topic: Topic = DUE) -> None:
    """Call ``on_notification`` for each notification until cancelled. Reconnects after an error."""
    if is_postgres():
        await _listen_on_connection(on_notification, topic.channel)
    elif (path := _sqlite_file()) is not None:
        try:
            await wake_sockets.listen(path, on_notification, topic.middle)
        except OSError as problem:  # the file system has no sockets, or the path is too long for one
            log.info("cannot listen for notifications; polling instead: %s", one_line(problem))


async def _listen_on_connection(on_notification: Callable[[], None], channel: str) -> None:
    def callback(*_: object) -> None:
        on_notification()

    while True:
        try:
            async with get_connection("default").acquire_connection() as connection:
                await connection.add_listener(channel, callback)
                try:
                    on_notification()  # notifications before LISTEN are lost
                    while True:
                        await asyncio.sleep(KEEPALIVE_SECONDS)
                        await connection.execute("SELECT 1")
                finally:
                    with suppress(Exception):  # the connection may be closed
                        await connection.remove_listener(channel, callback)
        except Exception as problem:
            if not log_database_outage(problem):
                log.info("cannot listen for notifications; polling instead: %s", one_line(problem))
        await asyncio.sleep(RECONNECT_SECONDS)


def _sqlite_file() -> str | None:
    """Return the path of the open SQLite file; None if the database is in memory."""
    connection = get_connection("default")
    if not isinstance(connection, SqliteClient) or connection.filename == MEMORY:
        return None
    return os.path.abspath(connection.filename)
