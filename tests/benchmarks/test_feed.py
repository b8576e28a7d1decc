"""The Live Feed through two server processes, of which one is killed, in a small form of the benchmark ``feed``."""

from benchmarks.feed import follow
from tests.databases import Databases, drop


async def test_no_event_is_missed_or_comes_twice(postgres_server: str, databases: Databases) -> None:
    url = await databases.postgres(postgres_server)
    found = await follow(url, 2, 20, 60, 40.0)
    assert (found.gaps, found.doubles) == (0, 0)
    assert found.reconnects > 0
    assert found.deliveries == 2 * 60 + sum(len(range(n % 50, 30, 50)) * 2 for n in range(20) if n % 10)
    await drop(postgres_server, url)
