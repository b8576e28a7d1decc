"""A campaign is ended for everyone while it is launched, paused or edited, and the other way round."""

from collections import Counter
from datetime import timedelta

import pytest

from api.models import Campaign, Enrollment, Event, Launch, LeftOut, Send, Sender, Task, Template
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaigns import add_step, change_step, create_campaign, update_campaign
from api.services.campaigns.editing import apply_edit
from api.services.campaigns.editing.edit_preview import edit_preview
from api.services.campaigns.ending import end_job, ending
from api.services.campaigns.ending.ending import end_campaign, end_enrollment
from api.services.campaigns.pausing import pausing
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.emails.emails import retry_send
from api.services.emails.scheduled_emails import reschedule_email
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.replies.replies import record_reply
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task
from api.states import EnrollmentStatus, JobState, LaunchStatus, SendStatus, TaskStatus
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.ended import campaign, emails, ended, runner_of
from tests.services.jobs.claims import claim_edit, claim_holds, job_of, run_edit, run_holds
from tests.services.world import NOW, World, make_world

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


@pytest.mark.usefixtures("large")
async def test_while_it_is_ended_nothing_is_scheduled(world: World) -> None:
    added = await create_person(world.context, "new@example.com")
    failed = world.enrollments[-1]
    await Send.filter(enrollment_id=failed.id).update(status=SendStatus.FAILED)
    email = await Send.filter(enrollment_id=failed.id).first()
    waiting = await Send.filter(enrollment_id=world.enrollments[-2].id, due_at__gt=NOW).first()
    assert email is not None
    assert waiting is not None
    await end_campaign(world.context, campaign(world))
    for work in (
        lambda: launch(world.context, campaign(world), [added.id], Choice("NOW"), {}),
        lambda: start_launch(world.context, campaign(world), None, Choice("NOW")),
        lambda: retry_send(world.context, email.id),
        lambda: reschedule_email(world.context, waiting.id, None),
        lambda: reschedule_email(world.context, waiting.id, NOW + DAY),
    ):
        with pytest.raises(Refusal) as refused:
            await work()
        assert refused.value.code == "CAMPAIGN_ENDING"
    assert (await Enrollment.all().count(), await Launch.all().count()) == (7, 0)
    assert await runner_of(world, NOW + MINUTE).run_next()
    await launch(world.context, campaign(world), [added.id], Choice("NOW"), {})


@pytest.mark.usefixtures("large")
async def test_the_tasks_of_a_campaign_that_is_ended_are_closed(world: World) -> None:
    made = await create_campaign(world.context, name="D", sender_id=(await Sender.get()).id)
    await add_step(world.context, made.id, day=1, step_type=StepType.EMAIL, send_option="task",
                   template_id=(await Template.get()).id)  # fmt: skip
    await add_step(world.context, made.id, day=2, step_type=StepType.CALL)
    people = [row.person_id for row in world.enrollments]
    await launch(world.context, made.id, people, Choice("NOW"), {})
    await end_campaign(world.context, made.id)
    open_task = await Task.filter(status=TaskStatus.OPEN).first()
    assert open_task is not None
    for work in (complete_task, send_task):
        with pytest.raises(Refusal) as refused:
            await work(world.context, open_task.id)
        assert refused.value.code == "TASK_NOT_OPEN"
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert set(await Task.all().values_list("status", flat=True)) == {TaskStatus.CANCELLED}
    assert await Task.all().count() == 7


@on_sqlite
@pytest.mark.usefixtures("large")
async def test_a_pause_that_is_still_carried_out_gives_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 0)
    await pause_campaign(world.context, campaign(world))
    pausing_row = await Campaign.get()
    assert await end_campaign(world.context, campaign(world)) == 7
    await run_holds(pausing_row, world.runtime.context)
    assert await claim_holds(NOW + DAY) is None
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert await emails() == {("FAILED", "CAMPAIGN_ENDED"): 14}
    row = await Campaign.get()
    assert (row.holds, row.paused_at, await Send.filter(held=True).count()) == (None, NOW, 0)


@on_sqlite
@pytest.mark.usefixtures("large")
async def test_a_pause_and_a_resume_while_it_is_ended_send_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pausing, "CHUNKS_OF_A_CALLER", 0)
    await end_campaign(world.context, campaign(world))
    await pause_campaign(world.context, campaign(world))
    row = await claim_holds(NOW + DAY)
    assert row is not None
    await run_holds(row, world.runtime.context)
    await resume_campaign(world.context, campaign(world))
    await world.tick()
    assert world.channel.left == []
    assert await runner_of(world, NOW + MINUTE).run_next()
    row = await claim_holds(NOW + DAY)
    assert row is not None
    await run_holds(row, world.runtime.context)
    assert (await emails(), await Send.filter(held=True).count()) == ({("FAILED", "CAMPAIGN_ENDED"): 14}, 0)
    assert (await Campaign.get()).holds is None


@pytest.mark.usefixtures("large")
async def test_an_edit_that_is_still_applied_gives_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_edit, "CHUNKS_OF_A_CALLER", 0)
    second = (await Send.filter(due_at__gt=NOW).first().select_related("step")).step  # type: ignore[union-attr]
    await change_step(world.context, second.id, send_option="at_time", config={"at": "12:00"})
    edited = await Campaign.get()
    assert edited.editing
    assert await end_campaign(world.context, campaign(world)) == 7
    await run_edit(edited, world.runtime.context)
    assert (await claim_edit(NOW + DAY), (await Campaign.get()).editing) == (None, False)
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert (await ended(), await emails()) == (7, {("FAILED", "CAMPAIGN_ENDED"): 14})


@pytest.mark.usefixtures("large")
async def test_an_edit_while_it_is_ended_moves_nobody(world: World) -> None:
    await end_campaign(world.context, campaign(world))
    preview = await edit_preview(
        world.context, await edit_drafts.settings(world.context, campaign(world), skip_weekends=True)
    )
    assert (preview.people, preview.moving_people) == (0, 0)
    await update_campaign(world.context, campaign(world), skip_weekends=True, use_recipient_zone=True)
    row = await Campaign.get()
    assert (row.editing, row.use_recipient_zone) == (False, True), "as if nobody were in it"
    assert await Event.filter(kind="CAMPAIGN_EDITED").count() == 0
    assert await runner_of(world, NOW + MINUTE).run_next()
    assert await ended() == 7


@pytest.mark.usefixtures("large")
async def test_a_launch_in_the_background_is_cancelled(world: World) -> None:
    for number in range(3):
        await create_person(world.context, f"new{number}@example.com")
    started = await start_launch(world.context, campaign(world), None, Choice("NOW"))
    assert await end_campaign(world.context, campaign(world)) == 7
    row = await Launch.get(id=started.id)
    assert (row.status, row.enrolled, row.left_out) == (LaunchStatus.CANCELLED, 0, 10)
    assert await LeftOut.filter(code="LAUNCH_CANCELLED").count() == 10
    assert (await job_of(row.id)).state is JobState.CANCELLED


@pytest.mark.usefixtures("large")
async def test_who_leaves_for_another_reason_meanwhile_keeps_it(world: World) -> None:
    await end_campaign(world.context, campaign(world))
    rest = await Enrollment.filter(status=EnrollmentStatus.ACTIVE).order_by("id")
    await record_reply(world.context, rest[0].id)
    await end_enrollment(world.context, rest[1].id)
    assert await runner_of(world, NOW + MINUTE).run_next()
    reasons = Counter(await Enrollment.all().values_list("end_reason", flat=True))
    assert reasons == {"CAMPAIGN_ENDED": 5, "REPLIED": 1, "REMOVED": 1}
