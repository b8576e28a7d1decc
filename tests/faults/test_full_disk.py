"""A database that cannot be written to for a while: nothing leaves twice, and nothing is forgotten."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from api.models import Event, Send
from plugins.contract import Outgoing
from tests.store.world import World, make_world


@pytest.fixture
def database_kind() -> str:
    """The embedded one; PostgreSQL that is away is a fault of processes."""
    return "sqlite"


@pytest.fixture
async def world(database: str) -> World:
    """Ten people who are due now."""
    return await make_world(10)


async def counts_match(world: World) -> None:
    due = await Send.filter(due_at__lte=world.post.clock())
    assert {send.status for send in due} == {"SENT"}
    assert len(world.channel.left) == len(set(world.channel.left)) == 10
    assert await Event.filter(kind="EMAIL_SENT").count() == 10


async def test_a_disk_that_is_full_while_emails_leave(world: World) -> None:
    connection = get_connection("default")

    async def full(outgoing: Outgoing) -> None:
        if len(world.channel.left) == 3:
            pages = (await connection.execute_query_dict("PRAGMA page_count"))[0]["page_count"]
            free = (await connection.execute_query_dict("PRAGMA freelist_count"))[0]["freelist_count"]
            await connection.execute_query(f"PRAGMA max_page_count = {pages - free}")
            await Event.all().limit(1)  # still readable
            asyncio.get_running_loop().call_later(1.0, lambda: asyncio.ensure_future(space()))

    async def space() -> None:
        await connection.execute_query("PRAGMA max_page_count = 1000000")

    world.channel.during = full
    async with asyncio.timeout(30):
        for _ in range(20):
            await world.tick()
    await counts_match(world)


async def test_a_database_that_is_locked_while_emails_leave(world: World, database_url: str, tmp_path: Path) -> None:
    await get_connection("default").execute_query("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(database_url.removeprefix("sqlite://"), isolation_level=None, check_same_thread=False)

    async def locked(outgoing: Outgoing) -> None:
        if len(world.channel.left) == 3:
            other.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(1.0, other.execute, "ROLLBACK")

    world.channel.during = locked
    try:
        async with asyncio.timeout(30):
            for _ in range(20):
                await world.tick()
    finally:
        other.close()
    await counts_match(world)
