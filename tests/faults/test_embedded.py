"""A database that cannot be written to for a while: nothing leaves twice, and nothing is forgotten."""

from collections.abc import Awaitable, Callable

import pytest

from tests.faults import embedded
from tests.faults.machines import Count


@pytest.fixture
def database_kind() -> str:
    """The embedded one; PostgreSQL that is away is a fault of processes."""
    return "sqlite"


@pytest.mark.parametrize("fault", [embedded.full_disk, embedded.busy])
async def test_it_comes_back(database_url: str, fault: Callable[[str, int], Awaitable[Count]]) -> None:
    result = await fault(database_url, 1)
    assert result.good, result
    assert result.sent == 2 * embedded.PEOPLE
