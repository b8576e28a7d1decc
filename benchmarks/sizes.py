"""How the cost of a request about one person depends on the number of people who are enrolled in the campaign."""

import math
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from api.store.engine.database import is_postgres
from benchmarks.lists import client_of
from benchmarks.one_person import Journey, crowded
from benchmarks.populated import refresh_statistics
from benchmarks.world import row

TURNS = 15
MAX_EXPONENT = 0.1
Times = dict[str, list[float]]


async def measure(sizes: Sequence[int]) -> None:
    """Print for each request its time at each size, and the exponent from the smallest size to the largest.

    The sizes take turns, so that a slow moment meets all of them.
    """
    times: list[Times] = []
    async with AsyncExitStack() as clients:
        journeys = []
        for mark, people in zip("abcdefgh", sizes, strict=False):
            workspace, campaign = await crowded(people, mark)
            journeys.append(Journey(await clients.enter_async_context(client_of(workspace)), campaign))
            times.append({})
        await refresh_statistics()
        for number in range(TURNS + 1):
            for journey, found in zip(journeys, times, strict=True):
                await _measure(journey, found if number else {})  # the first turn fills caches
    kind = "PostgreSQL" if is_postgres() else "SQLite"
    for what in times[0]:
        medians = [statistics.median(found[what]) for found in times]
        exponent = math.log(medians[-1] / medians[0]) / math.log(sizes[-1] / sizes[0])
        others = zip(medians[:-1], sizes[:-1], strict=True)
        row(f"{kind}: {what}, {sizes[-1]:,} enrolled", f"{medians[-1]:.1f} ms",
            ", ".join(f"{each:.1f} ms at {people:,}" for each, people in others), exponent,
            f"exponent ≤ {MAX_EXPONENT}")  # fmt: skip


async def _measure(journey: Journey, found: Times) -> None:
    """Add the milliseconds of each request."""
    async for request in journey.requests():
        began = time.perf_counter()
        await journey.ask(request.document)
        found.setdefault(request.what, []).append((time.perf_counter() - began) * 1000)
