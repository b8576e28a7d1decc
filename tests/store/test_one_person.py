"""A request about one person reads as many rows among 2,000 people in the campaign as among 100.

PostgreSQL counts the rows of each statement, SQLite the instructions of its virtual machine.
"""

import pytest

from api.store.engine.database import is_postgres
from benchmarks.lists import client_of
from benchmarks.one_person import Journey, crowded
from benchmarks.populated import refresh_statistics
from tests.store.row_costs import Costs, costs_of

SMALL, LARGE = 100, 2_000
MORE_ROWS = 10
"""Rows that a statement may read more in the large campaign: a plan differs a little with the statistics."""
MORE_STEPS = 300
"""Instructions of SQLite that a statement may need more. A scan of 400 people needs 1,900."""


async def test_requests_about_one_person_cost_the_same_in_a_large_campaign(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    crowds = [await crowded(people, mark) for mark, people in (("a", SMALL), ("b", LARGE))]
    await refresh_statistics()
    small, large = Costs(), Costs()
    for (workspace, campaign), costs in zip(crowds, (small, large), strict=True):
        async with client_of(workspace) as client:
            journey = Journey(client, campaign)
            async for request in journey.requests():
                for statement, cost in (await costs_of(database, journey, request.document, caplog)).items():
                    costs[request.what, statement] = max(costs.get((request.what, statement), 0), cost)
    assert len(large) > 100
    more = MORE_ROWS if is_postgres() else MORE_STEPS
    assert {key: (small.get(key), cost) for key, cost in large.items() if cost > small.get(key, 0) + more} == {}
