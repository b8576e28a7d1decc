"""The short form: answers arrive while a campaign is sent, and processes are killed meanwhile."""

import pytest

from tests.dovecot import needs_dovecot
from tests.faults.answers import answered


@needs_dovecot
@pytest.mark.filterwarnings("ignore")
async def test_the_right_people_end_although_processes_are_killed(database_url: str) -> None:
    result = await answered(database_url, kills=5, people=84)
    assert result.good, result
    assert result.times == 5
