"""Check whose tables the database has: ours, those of a newer release, another program's, or none."""

import pkgutil

from tortoise import Tortoise
from tortoise.connection import get_connection

import api.migrations

APP = "touchline"
MIGRATIONS_TABLE = "tortoise_migrations"
"""The table in which tortoise notes the migrations that were applied."""
NEWER_RELEASE_ADVICE = (
    "Install that release again, or restore the backup from before the upgrade,"
    " as docs/operations.md shows under Upgrade."
)
OWN_DATABASE_ADVICE = "Give Touchline a database, or a schema (?schema=…), of its own"
MAX_NAMES_SHOWN = 5
APPLIED_SQL = f"SELECT name FROM {MIGRATIONS_TABLE} WHERE app = '{APP}'"

TABLES_SQL = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    # Tables that belong to an extension, such as those of PostGIS, are not another program's.
    "postgres": "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f') AND NOT EXISTS (SELECT FROM pg_depend d"
    " WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')",
}


async def check_schema() -> None:
    """Check the open database before a migration. Raises ConnectionError with a sentence that says what to do."""
    connection = get_connection("default")
    dialect = connection.capabilities.dialect
    if dialect == "postgres":
        (row,) = await connection.execute_query_dict("SELECT current_schema() AS name")
        if row["name"] is None:
            raise ConnectionError(
                "its schema does not exist, or may not be used: create the one that TOUCHLINE_DATABASE_URL names."
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


def check_owner(tables: set[str], applied: set[str]) -> None:
    """Refuse a database that has tables, and none of ours. Raises ConnectionError."""
    strangers = tables - {MIGRATIONS_TABLE}
    if strangers and not applied:
        raise ConnectionError(
            f"it holds tables that Touchline did not make ({_listed(strangers)}). {OWN_DATABASE_ADVICE}."
        )


def check_release(tables: set[str], applied: set[str]) -> None:
    """Refuse the tables of a newer release, and a database from which tables were removed. Raises ConnectionError."""
    known = known_migrations()
    if unknown := applied - known:
        raise ConnectionError(
            f"its tables were made by a newer release of Touchline: this one does not know {_listed(unknown)}."
            f" {NEWER_RELEASE_ADVICE}"
        )
    ours = {model._meta.db_table for model in Tortoise.apps[APP].values()}
    if applied == known and (missing := ours - tables):
        raise ConnectionError(
            f"it lacks tables of Touchline ({_listed(missing)}). Restore a backup, as docs/operations.md shows."
        )


def known_migrations() -> set[str]:
    """Return the names of the migrations of this release."""
    return {module.name for module in pkgutil.iter_modules(api.migrations.__path__) if module.name[0].isdigit()}


def _listed(names: set[str]) -> str:
    rest = len(names) - MAX_NAMES_SHOWN
    return ", ".join(sorted(names)[:MAX_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
