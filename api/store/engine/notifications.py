"""PostgreSQL's LISTEN and NOTIFY: processes tell each other that something may be due. Polling covers for them."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from contextlib import suppress

from tortoise.connection import get_connection

from api.store.engine.availability import log_database_outage, one_line
from api.store.engine.database import is_postgres
from api.store.engine.sql import run

log = logging.getLogger("touchline.tick")

CHANNEL = "touchline_due"
NOTIFY_DELAY_SECONDS = 0.1
"""Seconds between a change and its announcement: the transaction that makes it is to be committed by then."""
KEEPALIVE_SECONDS = 10.0
RECONNECT_SECONDS = 2.0


class Notifier:
    """Tells the other processes; many changes of one moment are told once."""

    def __init__(self) -> None:
        self._telling: asyncio.Task[None] | None = None

    def announce(self) -> None:
        """Tell it soon. Does nothing where there is nobody else to tell."""
        if self._telling is not None and not self._telling.done():
            return
        with_nothing = contextvars.Context()  # not the transaction that the caller may be in
        self._telling = asyncio.get_running_loop().create_task(_notify(), context=with_nothing)


async def _notify() -> None:
    await asyncio.sleep(NOTIFY_DELAY_SECONDS)
    try:
        if is_postgres():
            await run(f"SELECT pg_notify('{CHANNEL}', '')")
    except Exception as problem:
        if not log_database_outage(problem):
            log.info("nobody could be told of the change, they will see it by polling: %s", one_line(problem))


async def listen(heard: Callable[[], None]) -> None:
    """Call ``heard`` for each announcement until cancelled; a lost connection is made again."""

    def tell(*_: object) -> None:
        heard()

    while is_postgres():
        try:
            async with get_connection("default").acquire_connection() as connection:
                await connection.add_listener(CHANNEL, tell)
                try:
                    heard()  # what was told while nobody listened
                    while True:
                        await asyncio.sleep(KEEPALIVE_SECONDS)
                        await connection.execute("SELECT 1")
                finally:
                    with suppress(Exception):  # the connection may be gone, and its listener with it
                        await connection.remove_listener(CHANNEL, tell)
        except Exception as problem:
            if not log_database_outage(problem):
                log.info("announcements are not heard at the moment, polling goes on: %s", one_line(problem))
        await asyncio.sleep(RECONNECT_SECONDS)
