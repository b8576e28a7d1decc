"""Ending a campaign for everyone: at once or by a job, on both databases, also after a crash and beside other work."""

from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Job, Send, Sender
from api.services.campaigns.campaigns import create_campaign
from api.services.campaigns.ending import end_job, ending
from api.services.campaigns.ending.end_job import end_chunks
from api.services.campaigns.ending.ending import end_campaign
from api.services.common.job_chunks.chunk_sizes import INSERTED_ROWS_PER_TRANSACTION, ChunkSize, people_per_transaction
from api.services.jobs.runner import MAX_FAILURES
from api.services.launches.launch import Choice, launch
from api.states import EnrollmentStatus, JobState, SendStatus
from api.store import jobs
from plugins.contract import Outgoing
from tests.databases import on_sqlite
from tests.services.campaigns.ended import campaign, emails, ended, runner_of
from tests.services.jobs.claims import claim_end, job_of, run_end
from tests.services.jobs.test_poison import reject
from tests.services.world import NOW, Killed, World, make_world

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
async def world(database: str) -> World:
    """Seven people who are due now and in eight days."""
    return await make_world(7)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven people are a large campaign: a request ends it for two of them, in one chunk."""
    monkeypatch.setattr(end_job, "PEOPLE_PER_CHUNK", 2)
    monkeypatch.setattr(ending, "CHUNKS_OF_A_CALLER", 1)


@on_sqlite
async def test_a_small_campaign_is_ended_at_once(world: World) -> None:
    assert await end_campaign(world.context, campaign(world)) == 7
    assert await ended() == 7
    assert await emails() == {("FAILED", "CAMPAIGN_ENDED"): 14}
    row = await Campaign.get()
    assert (row.ending_at, row.job_problem) == (None, None)
    assert (await job_of(row.id, "end")).state is JobState.DONE
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 7
    assert await end_campaign(world.context, row.id) == 0, "nobody is left"
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 7


@on_sqlite
async def test_a_thousand_people_are_ended_in_one_request(world: World) -> None:
    """Whatever the number of steps, even in the smallest chunks."""
    for steps in (1, 5, 20, 40):
        most = people_per_transaction(end_job.PEOPLE_PER_CHUNK, steps, INSERTED_ROWS_PER_TRANSACTION)
        assert ending.CHUNKS_OF_A_CALLER * ChunkSize(most).smallest >= ending.PEOPLE_OF_A_CALLER


@on_sqlite
async def test_a_request_ends_no_more_people_than_it_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_job, "PEOPLE_PER_CHUNK", 1)
    monkeypatch.setattr(ending, "PEOPLE_OF_A_CALLER", 3)
    assert await end_campaign(world.context, campaign(world)) == 7
    assert await ended() == 4, "the chunk after which it has exceeded its number is the last one"
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert (await ended(), (await Campaign.get()).ending_at) == (7, None)


@on_sqlite
async def test_a_campaign_without_people_is_ended_at_once(world: World) -> None:
    empty = await create_campaign(world.context, name="E", sender_id=(await Sender.get()).id)
    assert await end_campaign(world.context, empty.id) == 0
    assert (await Campaign.get(id=empty.id)).ending_at is None
    assert await ended() == 0


@pytest.mark.usefixtures("large")
async def test_a_large_campaign_is_ended_by_the_runner(world: World) -> None:
    assert await end_campaign(world.context, campaign(world)) == 7
    row = await Campaign.get()
    assert (row.ending_at, await ended()) == (NOW, 2)
    later = runner_of(world, NOW + MINUTE)
    assert await later.run_next()
    assert (await ended(), (await Campaign.get()).ending_at) == (7, None)
    job = await job_of(row.id, "end")
    assert (job.state, job.progress) == (JobState.DONE, 7)
    assert not await later.run_next()
    assert set(await Enrollment.all().values_list("ended_at", flat=True)) == {NOW}, "when it was decided"
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 7
    assert await Event.filter(kind="EMAIL_FAILED").count() == 14


@on_sqlite
@pytest.mark.usefixtures("large")
async def test_nothing_is_sent_after_the_answer(world: World) -> None:
    await end_campaign(world.context, campaign(world))
    for days in (0, 9):
        for _ in range(3):
            await world.tick(NOW + days * DAY)
    assert world.channel.left == []
    assert await emails() == {("FAILED", "CAMPAIGN_ENDED"): 14}, "dispatch fails what is due"
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert (await ended(), await Enrollment.all().count()) == (7, 7), "nobody has finished the campaign instead"
    assert world.channel.left == []


@on_sqlite
@pytest.mark.usefixtures("large")
async def test_an_email_that_is_ready_to_be_sent_is_not_sent_after_the_answer(world: World) -> None:
    """The batch is loaded and the email written: the campaign is ended before the channel asks."""
    answered = False

    async def once(_: Outgoing) -> None:
        nonlocal answered
        if not answered:
            answered = True
            await end_campaign(world.context, campaign(world))

    world.channel.before = once
    for _ in range(3):
        await world.tick()
    assert (answered, world.channel.left) == (True, [])
    assert await emails() == {("FAILED", "CAMPAIGN_ENDED"): 9, ("SCHEDULED", None): 5}
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert await emails() == {("FAILED", "CAMPAIGN_ENDED"): 14}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("committed", [False, True], ids=["in a chunk", "after a chunk"])
async def test_another_process_continues_after_a_kill(
    world: World, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    await end_campaign(world.context, campaign(world))
    right, chunks = end_job.end_all, 0

    async def killed(*args: Any, **named: Any) -> int:
        nonlocal chunks
        chunks += 1
        done = await right(*args, **named)
        if chunks == 2 and not committed:
            raise Killed
        return done

    with monkeypatch.context() as patch:
        patch.setattr(end_job, "end_all", killed)
        row = await claim_end(NOW + MINUTE)
        assert row is not None
        if committed:
            await run_end(row, world.runtime.context, chunks=2)
        else:
            with pytest.raises(Killed):
                await run_end(row, world.runtime.context)
    assert await ended() == (6 if committed else 4)
    assert await runner_of(world, NOW + MINUTE + jobs.LEASE).run_next()
    assert (await ended(), (await Campaign.get()).ending_at) == (7, None)
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 7
    assert await Event.filter(kind="EMAIL_FAILED").count() == 14


@pytest.mark.usefixtures("large")
async def test_a_process_that_slept_ends_nobody_who_was_launched_since(world: World) -> None:
    await end_campaign(world.context, campaign(world))
    async with aclosing(end_chunks(world.context, await Campaign.get())) as asleep:
        await anext(asleep)
        assert await runner_of(world, NOW + MINUTE).run_next()
        people = [row.person_id for row in world.enrollments]
        await launch(world.context, campaign(world), people, Choice("NOW"), {})
        assert [chunk async for chunk in asleep] == []
    assert await Enrollment.filter(status=EnrollmentStatus.ACTIVE).count() == 7


@on_sqlite
@pytest.mark.usefixtures("large")
async def test_a_second_call_continues_the_first(world: World) -> None:
    assert await end_campaign(world.context, campaign(world)) == 7
    assert await end_campaign(world.context, campaign(world)) == 0
    assert await ended() == 4
    assert await Job.filter(finished_at=None).count() == 1
    for _ in range(3):
        assert await end_campaign(world.context, campaign(world)) == 0
    assert (await ended(), (await Campaign.get()).ending_at) == (7, None)
    assert await Event.filter(kind="CAMPAIGN_ENDED").count() == 7


async def finished_with(status: SendStatus, **columns: Any) -> Send:
    """Return an email of somebody who has finished the campaign."""
    send = await Send.filter(due_at__gt=NOW).order_by("-id").first()
    assert send is not None
    await Send.filter(enrollment_id=send.enrollment_id).update(status=SendStatus.SENT)
    await Enrollment.filter(id=send.enrollment_id).update(status=EnrollmentStatus.FINISHED, ended_at=NOW)
    await Send.filter(id=send.id).update(status=status, **columns)
    return send


@on_sqlite
@pytest.mark.parametrize("status", [SendStatus.SCHEDULED, SendStatus.DEFERRED, SendStatus.CLAIMED])
async def test_an_email_that_was_retried_after_the_campaign_is_not_sent(world: World, status: SendStatus) -> None:
    send = await finished_with(status)
    assert await end_campaign(world.context, campaign(world)) == 6
    send = await Send.get(id=send.id)
    assert (send.status, send.reason) == (SendStatus.FAILED, "CAMPAIGN_ENDED")
    assert (await Enrollment.get(id=send.enrollment_id)).status is EnrollmentStatus.FINISHED


async def test_a_transmission_that_has_begun_is_not_tried_again(world: World) -> None:
    """The ending waits for its outcome: the email would be due again otherwise."""
    send = await finished_with(SendStatus.TRANSMITTING, attempt_id="att_1", lease_until=NOW + MINUTE)
    assert await end_campaign(world.context, campaign(world)) == 6
    assert (await Campaign.get()).ending_at == NOW
    assert not await runner_of(world, NOW + timedelta(seconds=1)).run_next(), "it waits"
    await Send.filter(id=send.id).update(status=SendStatus.DEFERRED, attempts=1, attempt_id=None, lease_until=None)
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert ((await Send.get(id=send.id)).status, (await Campaign.get()).ending_at) == (SendStatus.FAILED, None)


async def test_an_email_in_doubt_is_not_resent_automatically(world: World) -> None:
    await Campaign.all().update(in_doubt_resends=3)
    send = await finished_with(SendStatus.IN_DOUBT, reason="IN_DOUBT", due_at=NOW)
    active = await Send.filter(status=SendStatus.SCHEDULED).first()
    assert active is not None
    await Send.filter(id=active.id).update(status=SendStatus.IN_DOUBT, reason="IN_DOUBT", due_at=NOW)
    assert await end_campaign(world.context, campaign(world)) == 6
    assert (await Campaign.get()).ending_at is None
    for minutes in (0, 20, 40):
        await world.tick(NOW + minutes * MINUTE)
    assert world.channel.left == []
    assert {(await Send.get(id=each.id)).status for each in (send, active)} == {SendStatus.IN_DOUBT}
    assert (await Enrollment.get(id=send.enrollment_id)).end_reason == "CAMPAIGN_ENDED"


async def test_a_row_that_the_database_refuses_keeps_the_campaign_blocked(world: World) -> None:
    """The others are ended. Nothing is sent to the one who could not be ended, however often the job is tried."""
    poison = world.enrollments[3]
    await reject("enrollment", "UPDATE", f"NEW.id = '{poison.id}' AND NEW.status = 'ENDED'")
    assert await end_campaign(world.context, campaign(world)) == 7
    now = NOW
    for _ in range(MAX_FAILURES):
        now = (await job_of(campaign(world), "end")).lease_until or now
        assert await runner_of(world, now).run_next()
    assert not await runner_of(world, now + DAY).run_next()
    row = await Campaign.get()
    assert (await ended(), row.ending_at) == (6, NOW)
    assert "EndingIncompleteError" in str(row.job_problem)
    await world.tick(now + 9 * DAY)
    assert world.channel.left == []
    assert await end_campaign(world.context, campaign(world)) == 0, "it is tried again"
    assert (await job_of(campaign(world), "end")).finished_at is None
