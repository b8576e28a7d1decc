"""Run no-op jobs of pgqueuer and print how many a second: ``python -m benchmarks.peers.pgqueuer_worker URL COUNT``.

The settings are those of its guide to performance: large batches for short jobs, a direct asyncpg connection for each
manager, its settings of autovacuum, and uvloop, as its own command. Five managers share the work in one process, as in
its own benchmark. All tables are logged, which is its default, so that commits are durable as ours.
"""

import asyncio
import sys
import time

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

MANAGERS, BATCH = 5, 500


async def drain(url: str, count: int) -> float:
    """Return jobs a second."""
    connections = [await asyncpg.connect(url) for _ in range(MANAGERS)]
    queries = Queries(AsyncpgDriver(connections[0]))
    if not await queries.schema_is_installed():
        await queries.install()
        await queries.optimize_autovacuum()
    await queries.enqueue(["noop"] * count, [None] * count, [0] * count)
    await connections[0].execute("VACUUM ANALYZE")
    done = 0

    async def noop(job: Job) -> None:
        nonlocal done
        done += 1

    managers = [PgQueuer(AsyncpgDriver(connection)).qm for connection in connections]
    for manager in managers:
        manager.entrypoint("noop")(noop)
    began = time.perf_counter()
    await asyncio.gather(*(manager.run(batch_size=BATCH, mode=QueueExecutionMode.drain) for manager in managers))
    seconds = time.perf_counter() - began
    left = await connections[0].fetchval("SELECT count(*) FROM pgqueuer")
    assert (done, left) == (count, 0), f"{done} of {count} jobs ran, and {left} are left"
    for connection in connections:
        await connection.close()
    return count / seconds


if __name__ == "__main__":
    print(uvloop.run(drain(sys.argv[1], int(sys.argv[2]))))
