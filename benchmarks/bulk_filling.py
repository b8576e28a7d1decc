"""Insert many rows quickly: without secondary indexes and foreign keys, which are created again afterwards.

Creating an index sorts its rows once. Keeping it during millions of inserts takes an hour. Triggers stay, because they
keep the counters.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute

TABLES = (
    "person", "enrollment", "send", "task", "event", "engagement", "group_member", "imported_person",
    "report_delta", "report_cell", "report_count",
)  # fmt: skip
"""Tables that grow with the number of emails."""
POSTGRES_SETTINGS = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "synchronous_commit": "off",
    "work_mem": "256MB",
}
SQLITE_SETTINGS = {"cache_size": -1_000_000, "foreign_keys": 0, "synchronous": 0}
"""The cache has a million KiB."""
_NAMED = ", ".join(f"'{table}'" for table in TABLES)


@asynccontextmanager
async def bulk_filling() -> AsyncIterator[None]:
    """Fill the tables quickly meanwhile. Nothing else may use the database server, whose settings it changes."""
    if is_postgres():
        async with _postgres_settings():
            indexes, constraints = await _postgres_definitions()
            await _all([drop for drop, _ in (*constraints, *indexes)])
            yield
            await _all([create for _, create in (*indexes, *constraints)])
        return
    async with _sqlite_settings():
        created = await execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ({_NAMED})"
            " AND sql LIKE 'CREATE INDEX %'"
        )
        await _all([f'DROP INDEX "{row["name"]}"' for row in created])
        yield
        await _all([row["sql"] for row in created])


async def _postgres_definitions() -> tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]]:
    """Return the statements that drop and create each index and constraint. Primary keys stay."""
    indexes = await execute(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS created FROM pg_index"
        f" WHERE indrelid::regclass::text IN ({_NAMED}) AND NOT EXISTS"
        " (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')) ORDER BY 1"
    )
    constraints = await execute(
        "SELECT conrelid::regclass::text AS of_table, quote_ident(conname) AS name,"
        f" pg_get_constraintdef(oid) AS created FROM pg_constraint WHERE conrelid::regclass::text IN ({_NAMED})"
        " AND contype IN ('f', 'u') ORDER BY contype DESC, 1, 2"
    )
    return (
        [(f"DROP INDEX {row['name']}", row["created"]) for row in indexes],
        [
            (f"{table} DROP CONSTRAINT {row['name']}", f"{table} ADD CONSTRAINT {row['name']} {row['created']}")
            for row in constraints
            for table in [f"ALTER TABLE {row['of_table']}"]
        ],
    )


async def _all(statements: Sequence[str]) -> None:
    for statement in statements:
        await execute(statement)


@asynccontextmanager
async def _postgres_settings() -> AsyncIterator[None]:
    await _all([f"ALTER SYSTEM SET {name} = '{value}'" for name, value in POSTGRES_SETTINGS.items()])
    await execute("SELECT pg_reload_conf()")
    yield
    await _all([f"ALTER SYSTEM RESET {name}" for name in POSTGRES_SETTINGS])
    await execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def _sqlite_settings() -> AsyncIterator[None]:
    before = {name: (await execute(f"PRAGMA {name}"))[0][name] for name in SQLITE_SETTINGS}
    await _all([f"PRAGMA {name} = {value}" for name, value in SQLITE_SETTINGS.items()])
    yield
    await _all([f"PRAGMA {name} = {value}" for name, value in before.items()])
