"""The short form: processes are killed while tasks are synced with a Salesforce that has no field for the marker."""

import pytest

from tests.cases import how_many
from tests.faults.crm import synced


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_nothing_is_lost_or_twice_although_processes_are_killed(database_url: str) -> None:
    kills = how_many(2, 4)  # the first is in the middle of a write
    result = await synced(database_url, kills, external_id=False)
    assert result.good, result
    assert result.times == kills
