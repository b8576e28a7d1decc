"""Jobs that wait for servers of others run at once: one that gets no answer delays no other."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api.background_jobs import JOB_KINDS
from api.models import Job
from api.services.jobs.concurrent_jobs import SLOW_SECONDS, ConcurrentJobs
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.states import JobState
from api.store import jobs
from api.store.engine.transactions import transaction
from tests.services.jobs.runners import runner_of
from tests.services.world import NOW, World

sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


class Calls:
    """Jobs of which some wait for ever. ``answered`` are those that have ended."""

    def __init__(self, world: World, at_once: int) -> None:
        self.waiting: set[str] = set()
        self.answered: set[str] = set()
        self.changed = asyncio.Event()
        self.runner = runner_of(world, kinds=[JobKind("call", JobPriority.BULK, self._work, None, calls_others=True)])
        self.seconds = 0.0
        self.jobs = ConcurrentJobs(self.runner, self.changed.set, at_once, most=5, seconds=lambda: self.seconds)

    async def _work(self, job: Job, runtime: JobRuntime) -> Chunks:
        if job.subject_id.startswith("silent"):
            self.waiting.add(job.subject_id)
            self.changed.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting.discard(job.subject_id)
        if job.subject_id == "broken":
            raise RuntimeError("a fault")
        self.answered.add(job.subject_id)
        yield 1

    async def until(self, answered: set[str], waiting: set[str]) -> None:
        async with asyncio.timeout(60):
            while (self.answered, self.waiting) != (answered, waiting):
                self.changed.clear()
                await self.jobs.start_waiting()
                await self.changed.wait()


@asynccontextmanager
async def calls(world: World, *subjects: str, at_once: int = 3) -> AsyncIterator[Calls]:
    async with transaction():
        for subject in subjects:
            await jobs.start("call", None, subject, NOW)
    found = Calls(world, at_once)
    try:
        yield found
    finally:
        await found.jobs.close()


@sqlite
async def test_jobs_that_get_no_answer_delay_no_other(world: World) -> None:
    async with calls(world, "silent1", "a", "broken", "silent2", "b", "c") as found:
        await found.until({"a", "b", "c"}, {"silent1", "silent2"})
        states = dict(await Job.all().values_list("subject_id", "state"))
        assert states.pop("broken") is JobState.RETRYING
        assert {states.pop("silent1"), states.pop("silent2")} == {JobState.RUNNING}
        assert set(states.values()) == {JobState.DONE}
        await found.jobs.close()
        assert found.waiting == set()
    for name in ("silent1", "silent2"):  # another process continues when the lease has ended
        row = await Job.get(subject_id=name)
        assert await jobs.take(row.id, row.turns, NOW + jobs.LEASE) is not None


@sqlite
async def test_no_more_than_some_run_at_once(world: World) -> None:
    async with calls(world, "silent1", "silent2", "silent3", "a", at_once=2) as found:
        await found.jobs.start_waiting()
        await found.until(set(), {"silent1", "silent2"})
        await found.jobs.start_waiting()
        assert await Job.filter(state=JobState.WAITING).count() == 2


@sqlite
async def test_slow_jobs_take_no_place_of_the_others(world: World) -> None:
    silent = [f"silent{number}" for number in range(1, 7)]
    async with calls(world, *silent, "a", at_once=2) as found:
        await found.until(set(), {"silent1", "silent2"})
        found.seconds = SLOW_SECONDS
        await found.until(set(), set(silent[:4]))
        found.seconds *= 2
        await found.until(set(), set(silent[:5]))  # all that may run at once
        await found.jobs.start_waiting()
        assert await Job.filter(state=JobState.WAITING).count() == 2


@sqlite
async def test_it_waits_for_running_jobs_when_the_process_stops(world: World) -> None:
    async with calls(world, "a", "b") as found:
        await found.jobs.start_waiting()
        await found.jobs.drain()
        assert found.answered == {"a", "b"}


def test_each_job_that_opens_a_connection_runs_beside_the_others() -> None:
    opens = {kind.name: "open_connection(" in inspect.getsource(inspect.getmodule(kind.work)) for kind in JOB_KINDS}  # type: ignore[arg-type]
    assert {kind.name: kind.calls_others for kind in JOB_KINDS} == opens
    assert any(opens.values())
