"""A restored backup, a moved database and a failover are recognized before anything is sent."""

import os
import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from api.ids import new_id
from api.store.engine import database_home
from api.store.engine.database import close_database, migrate, open_database
from api.store.engine.database_home import accept_home, check_home, renew_home
from api.store.engine.opening import timeline
from api.store.engine.opening.timeline import remember_timeline
from api.store.engine.sql import execute
from tests.databases import drop, on_database


@pytest.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    """Close what a test has opened, and forget its timeline."""
    yield
    remember_timeline(None)
    await close_database()


async def start(url: str) -> None:
    """Do what ``serve`` and ``tick`` do at their start."""
    await close_database()
    await open_database(url)
    await migrate()
    await check_home()


async def test_each_start_of_the_same_database_is_accepted(database: str) -> None:
    for _ in range(3):
        await start(database)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "touchline.db"


def back_up(file: Path, copy: Path) -> None:
    """Do what ``sqlite3 touchline.db ".backup copy.db"`` does."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


async def refuse(url: str) -> None:
    with pytest.raises(ConnectionError, match=r"restored from a backup, or moved.*touchline recover --as-of MOMENT"):
        await start(url)


@pytest.mark.parametrize("removed", [[""], ["", "-home"]])
async def test_a_restored_file_is_refused_until_it_is_accepted(tmp_path: Path, file: Path, removed: list[str]) -> None:
    await start(f"sqlite://{file}")
    back_up(file, tmp_path / "copy.db")
    await start(f"sqlite://{file}")
    await close_database()
    for suffix in removed:
        os.remove(f"{file}{suffix}")
    shutil.copyfile(tmp_path / "copy.db", file)
    for _ in range(2):
        await refuse(f"sqlite://{file}")
    await accept_home()
    await start(f"sqlite://{file}")


async def test_an_older_backup_of_a_process_that_ran_for_hours_is_refused(
    tmp_path: Path, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await start(f"sqlite://{file}")
    back_up(file, tmp_path / "copy.db")
    await renew_home()  # an hour later
    await start(f"sqlite://{file}")
    await renew_home()
    assert caplog.messages == []
    await close_database()
    shutil.copyfile(tmp_path / "copy.db", file)
    await refuse(f"sqlite://{file}")
    await renew_home()
    (told,) = caplog.messages
    assert told.startswith(f"{database_home.RESTORED} without touchline.db-home. Emails that were sent since")


async def test_a_database_that_was_not_checked_gets_no_file(tmp_path: Path, file: Path) -> None:
    await open_database(f"sqlite://{file}")
    await migrate()
    await renew_home()
    assert f"{file.name}-home" not in os.listdir(tmp_path)


async def test_a_file_that_is_moved_with_its_companion_is_accepted(tmp_path: Path, file: Path) -> None:
    await start(f"sqlite://{file}")
    await close_database()
    os.renames(file, tmp_path / "new" / file.name)
    os.renames(f"{file}-home", tmp_path / "new" / f"{file.name}-home")
    await start(f"sqlite://{tmp_path / 'new' / file.name}")


async def test_a_start_that_was_killed_between_its_writes_is_no_restore(file: Path) -> None:
    await start(f"sqlite://{file}")
    home = file.with_name("touchline.db-home")
    old = home.read_text()
    await start(f"sqlite://{file}")
    home.write_text(f"{old.split()[0]} {home.read_text().split()[0]}\n")  # killed before its last write
    await start(f"sqlite://{file}")
    assert len(set(home.read_text().split())) == 1
    assert home.stat().st_mode & 0o077 == 0


async def test_a_full_disk_does_not_make_a_database_a_copy(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    await start(f"sqlite://{file}")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))  # each write fails, but files can be emptied
    try:
        await renew_home()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (told,) = caplog.messages
    assert "touchline.db-home cannot be written" in told
    await start(f"sqlite://{file}")


@pytest.mark.parametrize("mode", [0o600, 0o660])
async def test_the_file_beside_belongs_to_the_owner_of_the_database(file: Path, mode: int) -> None:
    await start(f"sqlite://{file}")
    await close_database()
    owner = 12_345 if os.geteuid() == 0 else os.geteuid()
    os.chown(file, owner, -1)
    os.chmod(file, mode)
    os.remove(f"{file}-home")
    await open_database(f"sqlite://{file}")
    await accept_home()  # root runs ``touchline recover``
    made = os.stat(f"{file}-home")
    assert (made.st_uid, made.st_mode & 0o777) == (owner, mode)


async def test_an_unwritable_file_beside_the_database_is_reported(file: Path) -> None:
    os.makedirs(f"{file}-home")
    with pytest.raises(ConnectionError, match=r"touchline\.db-home cannot be written: .*[Ii]s a directory"):
        await start(f"sqlite://{file}")


async def test_a_database_in_memory_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await start("sqlite://:memory:")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_restored_database_is_refused_until_it_is_accepted(database: str, postgres_server: str) -> None:
    await start(database)
    await close_database()
    copy = new_id("copy")
    server = await asyncpg.connect(postgres_server)
    await server.execute(f"CREATE DATABASE {copy} TEMPLATE {urlsplit(database).path[1:]}")
    await server.close()
    restored = on_database(postgres_server, copy)
    try:
        for _ in range(2):
            await refuse(restored)
        await accept_home()
        await start(restored)
    finally:
        await close_database()
        await drop(postgres_server, restored)


FAILED_OVER = "PostgreSQL failed over and may have lost its last commits"


PLACE = database_home.PLACE_SQL.partition(" AS waits")[0].rpartition(", trim")[0]


def place_sql(*, waits: bool) -> str:
    """Return PLACE_SQL for a server that waits for its standbys, or not. That of the tests has none."""
    return f"{PLACE}, {waits} AS waits FROM pg_database AS d WHERE d.datname = current_database()"


@pytest.mark.parametrize("database_kind", ["postgres"])
@pytest.mark.parametrize("waits", [False, True])
async def test_a_failover_is_refused_if_commits_may_be_lost(
    database: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server of the tests cannot fail over, so the statements find what they would find there.
    there = place_sql(waits=waits)
    monkeypatch.setattr(database_home, "PLACE_SQL", there)
    await start(database)
    monkeypatch.setattr(database_home, "PLACE_SQL", there.replace(timeline.TIMELINE_SQL, "77"))
    monkeypatch.setattr(timeline, "TIMELINE_SQL", "77")
    if waits:
        await start(database)
        return
    with pytest.raises(ConnectionError, match=FAILED_OVER):  # a process that runs
        await start(database)
    remember_timeline(None)
    with pytest.raises(ConnectionError, match=FAILED_OVER):  # a process that starts
        await start(database)
    await accept_home()
    await start(database)


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_failover_is_accepted_if_it_loses_no_commit_by_now(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(database)
    monkeypatch.setattr(database_home, "PLACE_SQL", place_sql(waits=True))
    await renew_home()
    monkeypatch.setattr(database_home, "PLACE_SQL", place_sql(waits=False).replace(timeline.TIMELINE_SQL, "77"))
    monkeypatch.setattr(timeline, "TIMELINE_SQL", "77")
    await close_database()
    await open_database(database)  # a process that runs connects again
    await start(database)


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_start_on_a_standby_is_one_sentence(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_home, "PLACE_SQL", place_sql(waits=True).replace(timeline.TIMELINE_SQL, "NULL::int"))
    with pytest.raises(ConnectionError, match=r"is a standby.*Let TOUCHLINE_DATABASE_URL name its primary"):
        await start(database)


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_no_connection_to_a_standby_stays_open_until_its_promotion(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(database)
    monkeypatch.setattr(timeline, "TIMELINE_SQL", "NULL::int")
    await close_database()
    with pytest.raises(ConnectionError, match="it is a standby"):
        await open_database(database)


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_service_that_does_not_tell_its_place_is_accepted(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_home, "PLACE_SQL", "SELECT pg_unknown_function()")
    await start(database)
    assert await execute(database_home.STORED_SQL) == []
