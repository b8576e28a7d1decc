"""A background launch reads each person by the id, also before PostgreSQL knows how many people the workspace has."""

import logging
from datetime import UTC, datetime

import pytest

from api.ids import new_id
from api.models import Person
from api.services.workspaces.workspaces import create_workspace
from api.store.engine.sql import execute
from api.store.launches import launches
from benchmarks.populated import refresh_statistics
from tests.store.row_costs import recorded_costs

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
PEOPLE, CHUNK = 1_000, 100


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_a_chunk_of_a_launch_after_an_import(database: str, caplog: pytest.LogCaptureFixture) -> None:
    workspaces = [await create_workspace(name, NOW) for name in ("Acme", "Later")]
    for workspace in workspaces:
        addresses = [f"p{number}@{workspace.name.lower()}.example" for number in range(PEOPLE)]
        await Person.bulk_create(
            Person(id=new_id("per"), workspace_id=workspace.id, email=each, email_key=each, created_at=NOW)
            for each in addresses
        )
        await launches.store_next_people(f"lau_{workspace.name}", workspace.id, 0, PEOPLE)
        if workspace is workspaces[0]:
            await refresh_statistics()
    assert (await execute("SELECT count(*) AS people FROM launch_audience"))[0]["people"] == 2 * PEOPLE
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        caplog.clear()
        found = await launches.next_people("lau_Later", workspaces[1].id, 0, CHUNK)
    assert (len(found), {row["id"] is None for row in found}) == (CHUNK, {False})
    costs = await recorded_costs(database, caplog)
    assert [cost for cost in costs.values() if cost > 3 * CHUNK] == [], costs
    assert len(costs) == 1
