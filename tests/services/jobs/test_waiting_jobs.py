"""A job that waits for a send option lets other jobs work until it has its answer."""

import asyncio
from collections.abc import Sequence

import pytest

from api import tick
from api.make_runtime import make_ticker
from api.models import Job, Person
from api.services.jobs.concurrent_jobs import ConcurrentJobs
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.people.import_job import IMPORT
from api.services.people.imports import start_import
from api.services.workspaces.workspaces import create_workspace
from api.settings import Settings
from api.states import JobState
from api.store import jobs
from api.store.engine.transactions import transaction
from plugins.loading.manager import load
from strategies.questions import Answer, Question, ask, with_answers
from tests.services.jobs.runners import runner_of
from tests.services.world import NOW, World

sqlite = pytest.mark.parametrize("database_kind", ["sqlite"])


class SlowOption:
    """Answers when the test says so. ``asked`` and ``answered`` are the jobs that have come so far."""

    def __init__(self) -> None:
        self.waiting, self.answers = asyncio.Semaphore(0), asyncio.Event()
        self.answered: list[str] = []

    async def find(self, questions: Sequence[Question]) -> Sequence[Answer]:
        self.waiting.release()
        await self.answers.wait()
        return [Answer("nine") for _ in questions]

    async def work(self, job: Job, runtime: JobRuntime) -> Chunks:
        async def chunk() -> None:
            async with transaction():
                assert ask(self, Question(len, ["option"], {"job": job.id, "turns": job.turns})) == "nine"
                self.answered.append(job.subject_id)

        await with_answers(chunk)
        yield 1

    @property
    def kind(self) -> JobKind:
        return JobKind("asks", JobPriority.URGENT, self.work, None)


class Works:
    """Jobs of this server: ``asks`` waits for the option, and ``works`` for nothing but the test."""

    def __init__(self, world: World) -> None:
        self.option, self.room = SlowOption(), asyncio.Event()
        self.working, self.may_end = asyncio.Semaphore(0), asyncio.Event()
        works = JobKind("works", JobPriority.URGENT, self._work, None)
        self.jobs = ConcurrentJobs(
            runner_of(world, kinds=[self.option.kind, works]), self.room.set, at_once=1, slow_seconds=float("inf")
        )

    async def _work(self, job: Job, runtime: JobRuntime) -> Chunks:
        self.working.release()
        await self.may_end.wait()
        yield 1

    async def start(self, kind: str, *subjects: str) -> None:
        async with transaction():
            for subject in subjects:
                await jobs.start(kind, None, subject, NOW)
        await self.jobs.start_waiting()

    async def wait_for_option(self) -> None:
        await self.option.waiting.acquire()
        assert self.room.is_set(), "the loop looks for another job"

    async def end(self) -> None:
        self.option.answers.set()
        self.may_end.set()
        async with asyncio.timeout(60):
            while await Job.filter(finished_at=None).exists():
                await self.jobs.start_waiting()
                await self.jobs.drain()


async def states(kind: str) -> list[JobState]:
    return sorted(await Job.filter(kind=kind).values_list("state", flat=True))  # type: ignore[arg-type]


@sqlite
async def test_one_more_job_works_while_one_waits_for_an_option(world: World) -> None:
    found = Works(world)
    await found.start("asks", "one")
    await found.wait_for_option()
    await found.start("works", "two", "three")
    await found.working.acquire()
    await found.jobs.start_waiting()
    assert await states("works") == [JobState.RUNNING, JobState.WAITING]
    assert await states("asks") == [JobState.RUNNING]
    await found.end()
    assert await states("works") == [JobState.DONE] * 2
    assert found.option.answered == ["one"]


@sqlite
async def test_a_job_with_its_answer_works_at_once(world: World) -> None:
    found = Works(world)
    await found.start("asks", "one")
    await found.wait_for_option()
    await found.start("works", "two")
    await found.working.acquire()
    found.room.clear()
    found.option.answers.set()
    await found.room.wait()
    assert (await states("asks"), await states("works")) == ([JobState.DONE], [JobState.RUNNING])
    await found.end()


@sqlite
async def test_a_new_decision_does_not_wait_for_the_answer_to_the_earlier_one(world: World) -> None:
    found = Works(world)
    await found.start("asks", "one")
    await found.wait_for_option()
    await found.start("asks", "one")
    await found.wait_for_option()
    await found.end()
    assert await Job.all().values_list("state", "turns") == [(JobState.DONE, 3)]


@sqlite
async def test_a_stopped_process_leaves_its_jobs_to_others(world: World) -> None:
    found = Works(world)
    await found.start("asks", "one")
    await found.wait_for_option()
    await found.jobs.close()
    (row,) = await Job.all()
    assert (row.state, row.failures) == (JobState.WAITING, 0)
    assert await jobs.take(row.id, row.turns, NOW) is not None


async def test_the_loop_imports_while_a_job_waits(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    option, imported = SlowOption(), asyncio.Event()
    finish = jobs.finish

    async def seen(job: Job, state: JobState, *rest: object) -> bool:
        done = await finish(job, state, *rest)  # type: ignore[arg-type]
        imported.set()
        return done

    monkeypatch.setattr(tick, "JOB_KINDS", [option.kind, IMPORT])
    monkeypatch.setattr(jobs, "finish", seen)
    ticker = make_ticker(Settings.read({"TOUCHLINE_POLL_SECONDS": "3600"}), load({}), lambda: NOW)
    async with transaction():
        await jobs.start("asks", None, "one", NOW)
    context = ticker.runtime.context(await create_workspace("Acme", NOW))
    await start_import(context, "email\nada@example.com\nbob@example.com")
    loop = asyncio.create_task(ticker.run())
    async with asyncio.timeout(60):
        await option.waiting.acquire()
        await imported.wait()
        assert await Person.all().count() == 2
        assert option.answered == []
        ticker.stop()
        option.answers.set()
        await loop
    assert option.answered == ["one"]
