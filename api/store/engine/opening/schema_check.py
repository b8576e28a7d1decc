"""Checks before a migration that the tables are Touchline's, and not of a newer release or of another program."""

import pkgutil
from functools import cache

from tortoise import Tortoise
from tortoise.connection import get_connection

import api.migrations

APP = "touchline"
MIGRATIONS_TABLE = "tortoise_migrations"
"""The table in which tortoise stores the names of applied migrations."""
NEWER_RELEASE_ADVICE = (
    "Install that release again, or restore the backup from before the upgrade,"
    " as docs/operations.md shows under Upgrade."
)
OWN_DATABASE_ADVICE = "Give Touchline a database, or a schema (?schema=…), of its own"
MAX_NAMES_SHOWN = 5
"""Most names of tables or migrations in a message."""
APPLIED_SQL = f"SELECT name FROM {MIGRATIONS_TABLE} WHERE app = '{APP}'"

TABLES_SQL = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    # Tables of an extension, such as PostGIS, do not count.
    "postgres": "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f') AND NOT EXISTS (SELECT FROM pg_depend d"
    " WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')",
}


async def check_schema() -> bool:
    """Check the open database before a migration, and return whether no migration is missing.

    Raises ConnectionError. Its message says what to do.
    """
    connection = get_connection("default")
    dialect = connection.capabilities.dialect
    if dialect == "postgres":
        (row,) = await connection.execute_query_dict("SELECT current_schema() AS name")
        if row["name"] is None:
            raise ConnectionError(
                "its schema does not exist, or the role may not use it: create the schema of TOUCHLINE_DATABASE_URL."
            )
    tables = {row["name"] for row in await connection.execute_query_dict(TABLES_SQL[dialect])}
    applied: set[str] = set()
    if MIGRATIONS_TABLE in tables:
        rows = await connection.execute_query_dict(APPLIED_SQL)
        applied = {row["name"] for row in rows}
    try:
        check_owner(tables, applied)
        check_release(tables, applied)
    except ConnectionError as problem:
        raise ConnectionError(f"the database cannot be used: {problem}") from None
    return applied == migration_names()


def check_owner(tables: set[str], applied: set[str]) -> None:
    """Check that a database without applied migrations has no tables. Raises ConnectionError."""
    foreign_tables = tables - {MIGRATIONS_TABLE}
    if foreign_tables and not applied:
        raise ConnectionError(
            f"it has tables that Touchline did not create ({_name_list(foreign_tables)}). {OWN_DATABASE_ADVICE}."
        )


def check_release(tables: set[str], applied: set[str]) -> None:
    """Check that no newer release has migrated the tables, and that none is missing. Raises ConnectionError."""
    migrations = migration_names()
    if unknown := applied - migrations:
        raise ConnectionError(
            f"a newer release of Touchline has migrated its tables: this release does not have {_name_list(unknown)}."
            f" {NEWER_RELEASE_ADVICE}"
        )
    own_tables = {model._meta.db_table for model in Tortoise.apps[APP].values()}
    if applied == migrations and (missing := own_tables - tables):
        raise ConnectionError(
            f"tables of Touchline are missing ({_name_list(missing)}). Restore a backup, as docs/operations.md shows."
        )


@cache
def migration_names() -> frozenset[str]:
    """Return the names of the migrations of this release."""
    names = (module.name for module in pkgutil.iter_modules(api.migrations.__path__))
    return frozenset(name for name in names if name[0].isdigit())


def _name_list(names: set[str]) -> str:
    remaining = len(names) - MAX_NAMES_SHOWN
    return ", ".join(sorted(names)[:MAX_NAMES_SHOWN]) + (f" and {remaining} more" if remaining > 0 else "")
