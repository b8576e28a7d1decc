"""Claiming what is due, beside millions of emails that lie ahead."""

import statistics
import time
from datetime import timedelta

from api.clock import system_clock
from api.models import Campaign, Step
from api.store.dispatch import claims
from api.store.engine.sql import execute
from benchmarks.world import launched, row

DUE = 20_000
CLAIMS = 500
CHUNK = 1_000_000


async def claim_times(sender_id: str, count: int) -> tuple[float, float]:
    """Return median and 99th percentile, in milliseconds, of claiming ten due emails."""
    times = []
    for _ in range(count):
        now = system_clock()
        began = time.perf_counter()
        sends = await claims.claim(sender_id, now, now + timedelta(minutes=1), 10)
        times.append((time.perf_counter() - began) * 1000)
        assert len(sends) == 10
    return statistics.median(times), statistics.quantiles(times, n=100, method="inclusive")[98]


async def future(campaign: Campaign, first: int, count: int) -> None:
    """Add so many copies of an email that are due in the next months and years."""
    step = await Step.filter(campaign_id=campaign.id).first()
    assert step is not None
    await execute("ALTER TABLE send DISABLE TRIGGER ALL")
    for start in range(first, first + count, CHUNK):
        await execute(
            "INSERT INTO send (id, workspace_id, enrollment_id, step_id, person_id, sender_id, sandbox, by_hand,"
            " status, due_at, planned_at, planned_date, planned_time, zone, explanation, attempts, detail, archived)"
            " SELECT 'f' || n, workspace_id, 'f' || n, step_id, person_id, sender_id, false, false, 'SCHEDULED',"
            " now() + n * interval '5 seconds' + interval '1 day', now(), current_date, '08:00:00', 'UTC', '[]', 0,"
            " '', false FROM (SELECT * FROM send WHERE step_id = $1 LIMIT 1) AS one,"
            " generate_series($2::int, $3::int) AS n",
            step.id,
            start,
            min(start + CHUNK, first + count) - 1,
        )
    await execute("VACUUM ANALYZE send")


async def measure(sizes: list[int]) -> None:
    """Print the latency for each number of future emails, against none."""
    _, campaign = await launched("record", DUE)
    await execute("VACUUM ANALYZE send")
    await claim_times(campaign.sender_id, 100)  # warms up
    none, there = await claim_times(campaign.sender_id, CLAIMS), 0
    for size in sizes:
        await future(campaign, there, size - there)
        there = size
        await claim_times(campaign.sender_id, 100)
        many = await claim_times(campaign.sender_id, CLAIMS)
        what = f"claim of 10 beside {size:,} future emails"
        row(f"{what}, p50", f"{many[0]:.2f} ms", f"beside none: {none[0]:.2f} ms", many[0] / none[0], "≤ 1.3")
        row(f"{what}, p99", f"{many[1]:.2f} ms", f"beside none: {none[1]:.2f} ms", many[1] / none[1], "≤ 2")
