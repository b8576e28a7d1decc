"""A process keeps the lease of its job while it works, and another process soon takes it over after a kill."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from api.models import IncomingEvent, Job
from api.services.jobs.job_kind import Chunks, JobRuntime
from api.services.jobs.job_lease import INTERVAL, kept_lease
from api.services.jobs.runner import MAX_FAILURES
from api.services.people.imports import start_import
from api.services.replies.answers_job import ANSWERS
from api.services.replies.incoming import receive_mails
from api.states import JobState
from api.store import jobs
from api.tick import ANSWERS_SECONDS
from plugins import IncomingMail
from tests.databases import on_sqlite
from tests.services.jobs.claims import claim_import, job_of
from tests.services.jobs.runners import file, runner_of
from tests.services.world import NOW, Killed, World


async def lease_until(job: Job, until: datetime) -> None:
    """Wait until the job's lease ends at a time."""
    async with asyncio.timeout(30):
        while (row := await job_of(job.subject_id)).lease_until != until:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert row.failures == 1, "the lease says nothing about progress"


async def test_the_lease_is_kept_while_a_chunk_takes_long(world: World) -> None:
    started = await start_import(world.context, file(1))
    await claim_import(NOW)
    job, now = await job_of(started.id), [NOW]
    assert (job.lease_until, 2 * INTERVAL < jobs.LEASE) == (NOW + jobs.LEASE, True)
    async with kept_lease(job, lambda: now[-1], timedelta(milliseconds=1)):
        for _ in range(3):
            now.append(now[-1] + jobs.LEASE)
            await lease_until(job, now[-1] + jobs.LEASE)
            assert await claim_import(now[-1] + jobs.LEASE - INTERVAL) is None
    assert await claim_import(now[-1] + jobs.LEASE) is not None


@pytest.mark.parametrize("values", [{"turns": 7}, {"finished_at": NOW}, {"state": JobState.WAITING}], ids=str)
async def test_the_lease_of_a_job_that_another_process_owns_is_left_alone(world: World, values: dict[str, str]) -> None:
    started = await start_import(world.context, file(1))
    await claim_import(NOW)
    job = await job_of(started.id)
    await Job.filter(id=job.id).update(**values)
    assert not await jobs.keep(job, NOW + timedelta(hours=1))
    assert (await job_of(started.id)).lease_until == NOW + jobs.LEASE


async def receive(key: str) -> None:
    mail = IncomingMail(key, b"From: ada@example.com\r\nSubject: Hi\r\n\r\nHi", NOW)
    await receive_mails("imap:TEST", [mail], NOW, ("g@example.com",))


async def test_a_process_that_starts_after_a_kill_applies_the_answers_before_it_sends(world: World) -> None:
    await receive("1")

    async def dies(job: Job, runtime: JobRuntime) -> Chunks:
        raise Killed
        yield 1

    with pytest.raises(Killed):
        await runner_of(world, kinds=[replace(ANSWERS, work=dies)]).run_next()
    sends_at = NOW + timedelta(seconds=ANSWERS_SECONDS)
    assert await runner_of(world, sends_at, [ANSWERS]).run_next(), "the lease of the killed process has ended before"
    assert await IncomingEvent.filter(done_at__isnull=False).count() == 1


@on_sqlite
async def test_the_job_for_answers_is_tried_until_it_succeeds(world: World) -> None:
    await receive("1")
    now, waits = NOW, []

    async def broken(job: Job, runtime: JobRuntime) -> Chunks:
        raise RuntimeError
        yield 1

    for _ in range(MAX_FAILURES + 3):
        assert await runner_of(world, now, [replace(ANSWERS, work=broken)]).run_next()
        job = await Job.get(kind=ANSWERS.name)
        assert (job.state, job.finished_at) == (JobState.RETRYING, None)
        assert job.lease_until is not None
        waits.append((job.lease_until - now).seconds)
        assert not await runner_of(world, job.lease_until - timedelta(seconds=1), [ANSWERS]).run_next()
        now = job.lease_until
    assert waits == [10, 20, 40, 80, 160, 160, 160, 160]
    assert await runner_of(world, now, [ANSWERS]).run_next()
    job = await Job.get(kind=ANSWERS.name)
    assert (job.state, job.problem) == (JobState.DONE, None)
    assert await IncomingEvent.filter(done_at__isnull=False).count() == 1
