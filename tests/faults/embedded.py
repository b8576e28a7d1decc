"""Faults of the embedded database, made in the process itself: a disk that is full, and a file that another holds."""

import asyncio
import sqlite3
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from email.parser import BytesHeaderParser

from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError

from api.models import Event, Send
from api.services.dispatch.claim.batch import RECHECK_WAIT
from api.store.engine.database import close_database, open_database
from plugins.contract import Outgoing
from tests.faults.machines import Count
from tests.services.world import NOW, World, make_world

AFTER = 3
"""How many emails have left when the fault begins."""
LASTS = 0.5
"""Seconds."""
PEOPLE = 10
Fault = Callable[[World, str], Awaitable[asyncio.Event]]
"""Arranges the fault, and returns what says that it is over."""


async def full_disk(url: str, times: int) -> Count:
    """Let the disk be full while emails leave."""
    return await _rounds("disk full", url, times, _fill)


async def busy(url: str, times: int) -> Count:
    """Let another program hold the database while emails leave."""
    return await _rounds("SQLITE_BUSY", url, times, _lock)


async def _fill(world: World, _url: str) -> asyncio.Event:
    connection, over = get_connection("default"), asyncio.Event()

    async def full(_: Outgoing) -> None:
        if len(world.channel.left) == AFTER:
            pages = (await connection.execute_query_dict("PRAGMA page_count"))[0]["page_count"]
            free = (await connection.execute_query_dict("PRAGMA freelist_count"))[0]["freelist_count"]
            await connection.execute_query(f"PRAGMA max_page_count = {pages - free}")
            await Event.all().limit(1)  # still readable
            asyncio.get_running_loop().call_later(LASTS, lambda: asyncio.ensure_future(space()))

    async def space() -> None:
        await connection.execute_query("PRAGMA max_page_count = 1000000")
        over.set()

    world.channel.during = full
    return over


async def _lock(world: World, url: str) -> asyncio.Event:
    over = asyncio.Event()
    await get_connection("default").execute_query("PRAGMA busy_timeout = 20")
    path = url.removeprefix("sqlite://").split("?")[0]
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def let_go() -> None:
        other.execute("ROLLBACK")
        other.close()
        over.set()

    async def locked(_: Outgoing) -> None:
        if len(world.channel.left) == AFTER:
            other.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(LASTS, let_go)

    world.channel.during = locked
    return over


async def _rounds(name: str, url: str, times: int, fault: Fault) -> Count:
    """Do the fault so many times, to ten people with an email and its follow-up each time, and count."""
    result = Count(name, "SQLite")
    began = time.monotonic()
    await open_database(url)
    try:
        for _ in range(times):
            world = await make_world(PEOPLE, day=1, follow_up=True)
            over = await fault(world, url)
            transmitted = _watched(world)
            async with asyncio.timeout(60):
                for each in range(10):
                    with suppress(OperationalError):  # as the loop does, which tries again
                        await world.tick(NOW + each * RECHECK_WAIT)
                await over.wait()
                for each in range(10, 13):  # an email that waited for the database, then its follow-up
                    await world.tick(NOW + each * RECHECK_WAIT)
            await _count(world, transmitted, result)
    finally:
        await close_database()
    result.seconds = time.monotonic() - began
    return result


def _watched(world: World) -> dict[str, list[str | None]]:
    """Record the In-Reply-To of each transmission, by send."""
    transmitted: dict[str, list[str | None]] = defaultdict(list)
    during = world.channel.during

    async def record(outgoing: Outgoing) -> None:
        transmitted[outgoing.send_id].append(BytesHeaderParser().parsebytes(outgoing.message)["In-Reply-To"])
        if during is not None:
            await during(outgoing)

    world.channel.during = record
    return transmitted


async def _count(world: World, transmitted: dict[str, list[str | None]], result: Count) -> None:
    """Compare the database with the emails that were transmitted."""
    sends = await Send.filter(workspace_id=world.context.workspace_id).order_by("step__number")
    told = await Event.filter(workspace_id=world.context.workspace_id, kind="EMAIL_SENT").count()
    result.times += 1
    result.sends += len(sends)
    result.sent += sum(send.status == "SENT" for send in sends)
    result.in_doubt += sum(send.status == "IN_DOUBT" for send in sends)
    result.lost += 2 * PEOPLE - len(transmitted) + sum(send.status not in {"SENT", "IN_DOUBT"} for send in sends)
    result.duplicates += sum(len(times) - 1 for times in transmitted.values())
    if told != 2 * PEOPLE:
        result.wrong.append(f"the feed tells {told} of {2 * PEOPLE}")
    firsts: dict[str, str | None] = {}
    for send in sends:
        answered = firsts.setdefault(send.enrollment_id, send.message_id)
        if transmitted[send.id] != [None if answered == send.message_id else answered]:
            result.wrong.append(f"{send.id} replies to {transmitted[send.id]}, not to {answered}")
