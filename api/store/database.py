"""Open the database that the settings name, and bring its tables up to date."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asyncpg import PostgresError
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException
from tortoise.migrations.executor import MigrationExecutor

from api.store.transactions import forget_dialect

MIGRATION_LOCK = 7_280_114_001
"""PostgreSQL's advisory lock that lets one ``migrate`` run at a time."""

MODELS = {"models": ["api.models"], "migrations": "api.migrations", "default_connection": "default"}


def tortoise_url(url: str) -> str:
    """Turn a public database URL into tortoise's. Raises ValueError for what is neither SQLite nor PostgreSQL."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        path = Path(url.removeprefix("sqlite://").split("?")[0])
        if str(path) != ":memory:":
            path.parent.mkdir(parents=True, exist_ok=True)
        return url if "?" in url else f"{url}?synchronous=NORMAL&busy_timeout=10000"
    if scheme in {"postgres", "postgresql"}:
        return "asyncpg" + url[len(scheme) :]
    raise ValueError(f"TOUCHLINE_DATABASE_URL must begin with sqlite:// or postgresql://, not {scheme}://")


async def open_database(url: str) -> None:
    """Connect. Call close_database before opening another. Raises ConnectionError when it does not answer."""
    forget_dialect()
    config: dict[str, Any] = {
        "connections": {"default": tortoise_url(url)},
        "apps": {"touchline": MODELS},
        "use_tz": True,
        "timezone": "UTC",
    }
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        await get_connection("default").execute_query("SELECT 1")  # connects now, so that a wrong URL is heard at once
    except (OSError, BaseORMException, PostgresError) as problem:
        raise ConnectionError(f"the database cannot be opened: {problem}") from problem


async def close_database() -> None:
    """Close every connection."""
    await Tortoise.close_connections()


def is_postgres() -> bool:
    """Say whether the open database is PostgreSQL."""
    return bool(get_connection("default").capabilities.dialect == "postgres")


async def migrate() -> list[str]:
    """Bring the tables up to date, one process at a time. Returns the names of the migrations that were applied."""
    connection = get_connection("default")
    applied: list[str] = []

    def report(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            applied.append(name)

    if not is_postgres():
        await MigrationExecutor(connection, {"touchline": MODELS}).migrate(progress=report)
        return applied
    async with connection.acquire_connection() as holder:
        await holder.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        try:
            await MigrationExecutor(connection, {"touchline": MODELS}).migrate(progress=report)
        finally:
            await holder.execute(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})")
    return applied
