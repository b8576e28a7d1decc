"""Wakes other processes when an email may be due, with PostgreSQL's LISTEN and NOTIFY. Without them, processes poll."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from contextlib import suppress

from tortoise.connection import get_connection

from api.store.engine.availability import log_database_outage, one_line
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute

log = logging.getLogger("touchline.tick")

CHANNEL = "touchline_due"
NOTIFY_DELAY_SECONDS = 0.1
"""How long a notification is delayed, so that the transaction that causes it is committed first."""
KEEPALIVE_SECONDS = 10.0
"""How often the listening connection is tested."""
RECONNECT_SECONDS = 2.0
"""How long the listener waits before it connects again after an error."""


class Notifier:
    """Notifies the other processes. Changes within NOTIFY_DELAY_SECONDS share one notification."""

    def __init__(self) -> None:
        self._pending: asyncio.Task[None] | None = None

    def announce(self) -> None:
        """Notify the other processes soon. Does nothing on SQLite."""
        if self._pending is not None and not self._pending.done():
            return
        empty_context = contextvars.Context()  # outside of the caller's transaction
        self._pending = asyncio.get_running_loop().create_task(_notify(), context=empty_context)


async def _notify() -> None:
    await asyncio.sleep(NOTIFY_DELAY_SECONDS)
    try:
        if is_postgres():
            await execute(f"SELECT pg_notify('{CHANNEL}', '')")
    except Exception as problem:
        if not log_database_outage(problem):
            log.info("cannot notify other processes, which will poll instead: %s", one_line(problem))


async def listen(on_notification: Callable[[], None]) -> None:
    """Call ``on_notification`` for each notification until cancelled. Reconnects after an error."""

    def callback(*_: object) -> None:
        on_notification()

    while is_postgres():
        try:
            async with get_connection("default").acquire_connection() as connection:
                await connection.add_listener(CHANNEL, callback)
                try:
                    on_notification()  # notifications before LISTEN are lost
                    while True:
                        await asyncio.sleep(KEEPALIVE_SECONDS)
                        await connection.execute("SELECT 1")
                finally:
                    with suppress(Exception):  # the connection may be closed
                        await connection.remove_listener(CHANNEL, callback)
        except Exception as problem:
            if not log_database_outage(problem):
                log.info("cannot listen for notifications, polling continues: %s", one_line(problem))
        await asyncio.sleep(RECONNECT_SECONDS)
