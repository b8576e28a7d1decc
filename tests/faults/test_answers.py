"""The short form: answers arrive while a campaign is sent, and processes are killed meanwhile."""

import pytest

from tests.cases import how_many
from tests.dovecot import needs_dovecot
from tests.faults.answers import answered


@needs_dovecot
@pytest.mark.filterwarnings("ignore")
async def test_the_right_people_end_although_processes_are_killed(database_url: str) -> None:
    kills = how_many(2, 5)
    # Every second person answers, each in another one of 20 ways.
    result = await answered(database_url, kills=kills, people=how_many(44, 84))
    assert result.good, result
    assert result.times == kills
