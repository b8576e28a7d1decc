"""Reads outside of transactions: several at once, each on a connection of its own."""

import asyncio
import sqlite3
from contextlib import AsyncExitStack

import pytest
from tortoise.connection import get_connection

from api.store.engine.database import close_database, open_database
from api.store.engine.sql import execute
from api.store.engine.sqlite import sqlite_readers
from api.store.engine.transactions import transaction
from tests.databases import on_sqlite


@on_sqlite
async def test_several_read_at_once_and_none_of_them_writes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_readers, "MAX_READERS", 3)  # as in the server; most tests make do with one
    await open_database(database_url)
    try:
        readers = get_connection("default")._readers  # type: ignore[attr-defined]
        async with transaction(), AsyncExitStack() as busy:
            held = [await busy.enter_async_context(readers.one()) for _ in range(3)]
            assert len({id(each) for each in held}) == 3
            for each in held:
                assert [tuple(row) for row in await each.execute_fetchall("SELECT count(*) FROM person")] == [(0,)]
                with pytest.raises(sqlite3.OperationalError, match="readonly"):
                    await each.execute("DELETE FROM person")
            waiting = asyncio.create_task(readers.one().__aenter__())
            await asyncio.sleep(0)
            assert not waiting.done()
            waiting.cancel()
        found = await asyncio.gather(*(execute("SELECT count(*) AS people FROM person") for _ in range(9)))
        assert [row["people"] for (row,) in found] == [0] * 9
    finally:
        await close_database()
