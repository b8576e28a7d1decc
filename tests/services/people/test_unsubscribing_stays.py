"""Edits, imports, launches and retries do not undo an unsubscribe or a bounce."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Person, Send, Suppression, Task
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.ending.ending import end_campaign, end_enrollment
from api.services.common.request_context import WorkspaceContext
from api.services.emails.emails import retry_send
from api.services.launches.background import background_launch
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.imports import start_import
from api.services.people.people import create_person, update_person
from api.services.people.suppressions import unsubscribe
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.services.tasks.tasks import complete_task
from api.states import EnrollmentStatus, SendStatus, TaskStatus
from api.store.engine.transactions import transaction
from api.store.launches import launches as audience
from plugins.contract import Outcome
from strategies import Refusal, StepType
from tests.services.campaigns.edited import later
from tests.services.jobs.claims import claim_import, claim_launch, run_import, run_launch
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, make_world

DAY = timedelta(days=1)


on_postgres = pytest.mark.parametrize("database_kind", ["postgres"])


@on_postgres
async def test_whoever_changes_a_person_does_not_undo_their_unsubscribing(database: str, database_kind: str) -> None:
    world = await make_world()
    ada = await Person.get(email="ada@example.com")
    async with transaction():
        await unsubscribe(world.context, ada.id)
        late = beside(update_person(world.context, ada.id, company="New Ltd"))
        assert await waits_for_us(late)
    await late
    person = await Person.get(id=ada.id)
    assert (person.company, (await Suppression.get(email_key=person.email_key)).unsubscribed_at) == ("New Ltd", NOW)


@on_postgres
async def test_whoever_unsubscribes_twice_at_once_does_so_once(database: str, database_kind: str) -> None:
    world = await make_world()
    ada = await Person.get(email="ada@example.com")
    async with transaction():
        await unsubscribe(world.context, ada.id)
        again = beside(unsubscribe(world.context, ada.id))
        assert await waits_for_us(again)
    assert (await again).id == ada.id
    assert (await Suppression.get()).unsubscribed_at == NOW
    assert await Event.filter(kind="UNSUBSCRIBED").count() == 1


@on_postgres
async def test_an_import_does_not_undo_a_bounce(database: str, database_kind: str) -> None:
    world = await make_world()
    await world.tick()
    enrollment = world.enrollments[0]
    person = await Person.get(id=enrollment.person_id)
    await start_import(world.context, f"email,company\n{person.email},New\n")
    row = await claim_import(NOW)
    assert row is not None
    async with transaction():
        await record_bounce(world.context, enrollment.id)
        late = beside(run_import(row, lambda: NOW))
        assert await waits_for_us(late)
    await late
    person = await Person.get(id=person.id)
    assert (person.company, person.bounced_at) == ("New", NOW)


async def test_a_launch_in_the_background_leaves_out_who_unsubscribes_meanwhile(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await make_world(1)
    campaign = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id)
    await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    eve = await create_person(world.context, "eve@example.com")
    await start_launch(world.context, campaign.id, None, Choice())
    row = await claim_launch(NOW)
    assert row is not None
    read = audience.next_people

    async def then_unsubscribes(*given: Any) -> Any:
        found = await read(*given)
        await unsubscribe(world.context, eve.id)
        return found

    monkeypatch.setattr(audience, "next_people", then_unsubscribes)
    await run_launch(row, world.runtime.context, lambda: NOW)
    assert await Enrollment.filter(person_id=eve.id).count() == 0
    assert await Task.filter(person_id=eve.id).count() == 0
    assert await background_launch.left_out_by_code(row.id) == {"UNSUBSCRIBED": 1}


@on_postgres
async def test_who_unsubscribes_while_a_launch_is_written_is_ended_or_refused(
    database: str, database_kind: str
) -> None:
    world = await make_world(1)
    campaign = await create_campaign(world.context, name="D", sender_id=(await world.send()).sender_id)
    await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    eve = await create_person(world.context, "eve@example.com")
    async with transaction():
        await unsubscribe(world.context, eve.id)
        launching = beside(launch(world.context, campaign.id, [eve.id], Choice(), {}))
        assert await waits_for_us(launching)
    with pytest.raises(Refusal) as refused:
        await launching
    assert (refused.value.code, refused.value.path) == ("UNSUBSCRIBED", ("personIds", "0"))
    assert await Enrollment.filter(person_id=eve.id).count() == 0


Ends = Callable[[WorkspaceContext, Enrollment], Awaitable[Any]]


ENDS: dict[str, Ends] = {
    "endEnrollment": lambda context, row: end_enrollment(context, row.id),
    "endCampaign": lambda context, row: end_campaign(context, row.campaign_id),
    "recordReply": lambda context, row: record_reply(context, row.id),
    "unsubscribe": lambda context, row: unsubscribe(context, row.person_id),
}


@pytest.mark.parametrize("ends", ENDS)
async def test_a_retried_email_of_who_had_finished_does_not_outlive_the_end(database: str, ends: str) -> None:
    world = await make_world(1)
    await world.tick()
    world.channel.outcome = Outcome.FAILED
    world = later(world, NOW + 10 * DAY)
    await world.tick(NOW + 10 * DAY)
    failed = await Send.get(status=SendStatus.FAILED)
    await retry_send(world.context, failed.id)
    world.channel.outcome = Outcome.DEFERRED
    await world.tick(NOW + 10 * DAY)
    assert (await Send.get(id=failed.id)).status is SendStatus.DEFERRED
    (enrollment,) = await Enrollment.all()
    await ENDS[ends](world.context, enrollment)
    send = await Send.get(id=failed.id)
    reason = "UNSUBSCRIBED" if ends == "unsubscribe" else "CAMPAIGN_ENDED"
    assert (send.status, send.reason) == (SendStatus.FAILED, reason)
    assert (await Enrollment.get()).status is EnrollmentStatus.FINISHED, "how it ended stays on record"
    (told,) = (await Event.filter(kind="EMAIL_FAILED", send_id=send.id).order_by("-id"))[:1]
    assert told.data == {"reason": reason}
    world.channel.outcome = Outcome.SENT
    world.channel.left.clear()
    await later(world, NOW + 11 * DAY).tick(NOW + 11 * DAY)
    assert world.channel.left == []


@on_postgres
@pytest.mark.parametrize("work", [end_enrollment, record_reply, unsubscribe])
async def test_ending_while_a_task_is_completed_leaves_no_new_task(
    database: str, database_kind: str, work: Any
) -> None:
    world = await make_world(1)
    await world.tick()
    campaign = (await Campaign.get()).id
    await add_step(world.context, campaign, day=2, step_type=StepType.CALL)
    await add_step(world.context, campaign, day=3, step_type=StepType.CALL)
    task = await Task.get()
    async with transaction():
        await complete_task(world.context, task.id)
        late = beside(work(world.context, task.person_id if work is unsubscribe else task.enrollment_id))
        assert await waits_for_us(late)
    await late
    assert (await Enrollment.get()).status is EnrollmentStatus.ENDED
    assert await Task.filter(status=TaskStatus.OPEN).count() == 0
    assert await Event.filter(kind="TASK_CANCELLED").count() == 1


@on_postgres
async def test_so_does_ending_while_an_expired_task_is_completed(database: str, database_kind: str) -> None:
    world = await make_world(1)
    await world.tick()
    campaign = (await Campaign.get()).id
    await add_step(world.context, campaign, day=2, step_type=StepType.CALL)
    await add_step(world.context, campaign, day=9, step_type=StepType.CALL)
    task = await Task.get()
    await Task.all().update(status=TaskStatus.EXPIRED)
    async with transaction():
        await complete_task(world.context, task.id)
        late = beside(end_enrollment(world.context, task.enrollment_id))
        assert await waits_for_us(late)
    await late
    assert await Task.filter(status=TaskStatus.OPEN).count() == 0
    assert await Send.filter(status__in=[SendStatus.SCHEDULED, SendStatus.DEFERRED]).count() == 0
