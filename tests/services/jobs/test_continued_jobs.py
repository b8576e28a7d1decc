"""A slice that continues an interrupted job ends it only when no work is left, as its first slice does."""

from datetime import datetime, timedelta

import pytest

from api.models import IncomingEvent, Job, Send
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.replies import answers_job
from api.services.replies.answers_job import ANSWERS
from api.services.replies.incoming import receive_mails
from api.states import IncomingResult, JobState, SendStatus
from api.store import jobs
from api.store.replies import incoming
from plugins import IncomingMail
from tests.services.jobs.claims import job_of
from tests.services.replies.incoming_mails import OWN, reply, sent_email
from tests.services.world import NOW, World


class Process:
    """A job runner whose clock the test moves."""

    def __init__(self, world: World, *kinds: JobKind) -> None:
        self.now = NOW
        self._runner = JobRunner(kinds, JobRuntime(world.runtime.context, self._clock), world.runtime.metrics)

    def _clock(self) -> datetime:
        return self.now

    async def run(self, seconds: float = 0) -> bool:
        """Run one slice of a job after some seconds. Returns False if none is waiting."""
        self.now += timedelta(seconds=seconds)
        return await self._runner.run_next()


async def receive(key: str, mail: bytes) -> None:
    await receive_mails("imap:TEST", [IncomingMail(key, mail, NOW)], NOW, OWN)


async def results() -> list[IncomingResult | None]:
    return [row.result for row in await IncomingEvent.all().order_by("key")]


async def test_a_job_with_work_left_is_not_finished_by_its_second_slice(world: World) -> None:
    left = [1, 2, 3]

    async def has_work() -> bool:
        return bool(left)

    async def work(job: Job, runtime: JobRuntime) -> Chunks:
        while not await jobs.finish_when_done(job, runtime.clock(), has_work):
            yield timedelta(seconds=5)

    await jobs.keep_open("standing", None, "server", NOW)
    process = Process(world, JobKind("standing", JobPriority.URGENT, work, None))
    while left:
        assert await process.run(6)
        assert (await job_of("server")).state is JobState.WAITING
        left.pop()
    assert await process.run(6)
    assert (await job_of("server")).state is JobState.DONE


async def test_an_answer_waits_for_a_transmission_of_several_slices(world: World) -> None:
    await world.tick()
    email = await sent_email(world)
    await Send.filter(id=email.id).update(status=SendStatus.TRANSMITTING)
    await receive("1", reply(email.message_id))
    process = Process(world, ANSWERS)
    for _ in range(3):
        assert await process.run(6)
        assert await results() == [None]
    await Send.filter(id=email.id).update(status=SendStatus.SENT)
    assert await process.run(6)
    assert await results() == [IncomingResult.APPLIED]


async def test_an_answer_that_comes_while_a_second_slice_ends_is_applied(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.tick()
    first, second = await sent_email(world, 0), await sent_email(world, 1)
    await Send.filter(id=first.id).update(status=SendStatus.TRANSMITTING)
    await receive("1", reply(first.message_id))
    process = Process(world, ANSWERS)
    assert await process.run()
    await Send.filter(id=first.id).update(status=SendStatus.SENT)
    real = incoming.delete_old

    async def receives(before: datetime, max_rows: int) -> int:
        await receive("2", reply(second.message_id))
        return await real(before, max_rows)

    monkeypatch.setattr(answers_job.incoming, "delete_old", receives)
    while await process.run(6):
        pass
    assert await results() == [IncomingResult.APPLIED] * 2
    assert not await Job.filter(kind="answers", finished_at=None).exists()
