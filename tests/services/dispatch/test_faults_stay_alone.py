"""An email, a task or a send option that fails delays no other one."""

import asyncio
import contextvars
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.cli.serving.serve import show
from api.models import Campaign, Enrollment, Event, Job, Person, Send, Step, Task
from api.services.campaigns.campaigns import add_step, change_step, create_campaign
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.dispatch_runtime import TerminalLine
from api.services.dispatch.dispatcher import run_once
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.send_task_email import send_task
from api.services.tasks.task_expiry import expire_tasks
from api.services.tasks.tasks import complete_task, skip_task
from api.states import EnrollmentStatus, SendStatus, TaskStatus
from plugins.contract import Outcome, Outgoing, Receipt
from strategies import Refusal, StepType
from strategies.contract import SendAt, StepContext
from strategies.options.at_time import AtTime
from strategies.options.same_time_as_previous import SameTimeAsPrevious
from tests.databases import on_sqlite
from tests.services.jobs.runners import runner_of, until_idle
from tests.services.world import NOW, World, make_world

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: str) -> World:
    """Thirty people who are due now, on both databases."""
    return await make_world(30)


def beside(work: Awaitable[Any]) -> asyncio.Task[Any]:
    """Run it as another process would: in no transaction of ours."""

    async def alone() -> Any:
        return await work

    return asyncio.get_running_loop().create_task(alone(), context=contextvars.Context())


async def due(status: SendStatus) -> int:
    return await Send.filter(due_at__lte=NOW, status=status).count()


@on_sqlite
@pytest.mark.parametrize("mishap", [ValueError("markup"), SystemExit(1)])
async def test_what_cannot_be_shown_is_sent_all_the_same(world: World, mishap: BaseException) -> None:
    def broken(_: TerminalLine) -> None:
        raise mishap

    await run_once(replace(world.runtime, show=broken), NOW)
    assert await due(SendStatus.SENT) == len(world.channel.left) == 30


@on_sqlite
async def test_brackets_in_what_people_write_are_no_markup(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await Person.filter(email="ada@example.com").update(own_fields={"city": "[/b] [red]x"})
    await run_once(replace(world.runtime, show=show), NOW)
    assert await due(SendStatus.SENT) == 30
    assert "[/b] [red]x" in capsys.readouterr().out


async def test_a_code_that_is_too_long_is_cut(world: World) -> None:
    async def deliver(outgoing: Outgoing, _: object) -> Receipt:
        return Receipt(Outcome.FAILED, "X\x00" * 70, "A partner's words.")

    world.channel.deliver = deliver  # type: ignore[assignment, method-assign]
    await run_once(world.runtime, NOW)
    assert await due(SendStatus.FAILED) == 30
    assert len((await world.send()).reason or "") == 64


async def test_an_email_whose_campaign_cannot_go_on_holds_up_no_other(world: World) -> None:
    context, campaign = world.context, await Campaign.get(id=world.enrollments[0].campaign_id)
    step = await Step.filter(campaign_id=campaign.id).first()
    assert step is not None
    by_hand = await create_campaign(context, name="By hand", sender_id=campaign.sender_id)
    email = {"step_type": StepType.EMAIL, "template_id": step.template_id}
    await add_step(context, by_hand.id, day=1, send_option="task", **email)
    await add_step(context, by_hand.id, day=2, send_option="same_time_as_previous", **email)
    person = await create_person(context, "x@example.com")
    await launch(context, by_hand.id, [person.id], Choice("NOW"), {})
    task = await Task.get()
    await send_task(context, task.id, at=NOW + MINUTE)
    await Step.filter(campaign_id=by_hand.id, day=2).update(send_option="gone")
    await run_once(world.runtime, NOW + MINUTE)
    assert await Send.filter(status=SendStatus.SENT).count() == 31
    assert (await Task.get()).status is TaskStatus.COMPLETED, "the email is sent"
    assert await Enrollment.filter(person_id=person.id).values_list("status", "waits_from", "waits_for") == [
        (EnrollmentStatus.ACTIVE, 2, "SEND_OPTION_UNKNOWN")
    ]
    told = await Event.get(kind="STEPS_NOT_PLANNED")
    assert (told.person_id, told.data["step"], told.data["option"]) == (person.id, 2, "gone")

    # The option is installed again.
    await Step.filter(campaign_id=by_hand.id, day=2).update(send_option="same_time_as_previous")
    await until_idle(runner_of(world, NOW + 2 * MINUTE))
    added = await Send.filter(enrollment__campaign_id=by_hand.id, by_hand=False).values_list("due_at", flat=True)
    assert added == [NOW + timedelta(days=1) + MINUTE]
    assert await Enrollment.filter(waits_from__isnull=False).count() == 0
    assert await Job.filter(kind="waiting_people", finished_at=None).count() == 0


@on_sqlite
async def test_a_task_expires_once_and_never_after_it_was_done(world: World) -> None:
    campaign = await create_campaign(
        world.context,
        name="T",
        sender_id=(await Campaign.all().first()).sender_id,
        task_expiry_days=1,  # type: ignore[union-attr]
    )
    await add_step(world.context, campaign.id, day=1, step_type=StepType.CALL)
    people = [await create_person(world.context, f"x{number}@example.com") for number in range(5)]
    await launch(world.context, campaign.id, [person.id for person in people], Choice("NOW"), {})
    later = (await Task.all().first()).expires_at + MINUTE  # type: ignore[union-attr]
    counts = await asyncio.gather(*(beside(expire_tasks(world.context, later)) for _ in range(3)))
    assert sum(counts) == 5
    assert await Event.filter(kind="TASK_EXPIRED").count() == 5


async def test_a_task_whose_campaign_cannot_go_on_expires_and_waits_and_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, first = world.context, await Campaign.get(id=world.enrollments[0].campaign_id)
    campaign = await create_campaign(
        context, name="T", sender_id=first.sender_id, task_expiry_days=1, on_task_expiry="SKIP", use_recipient_zone=True
    )
    await add_step(context, campaign.id, day=1, step_type=StepType.CALL)
    template = (await Step.filter(campaign_id=first.id).first()).template_id  # type: ignore[union-attr]
    email = {"step_type": StepType.EMAIL, "template_id": template}
    await add_step(context, campaign.id, day=5, send_option="at_time", config={"at": "09:00"}, **email)
    zones = ("UTC", "Europe/Berlin", "UTC")
    people = [await create_person(context, f"x{at}@example.com", zone=zone) for at, zone in enumerate(zones)]
    await launch(context, campaign.id, [person.id for person in people], Choice("NOW"), {})
    later = max(await Task.all().values_list("expires_at", flat=True)) + MINUTE
    right = AtTime.resolve

    def breaks(self: AtTime, step: StepContext) -> SendAt:
        if step.calendar.zone == "Europe/Berlin":
            raise ValueError("a partner's bug")
        return right(self, step)

    after = replace(world.runtime, clock=lambda: later).context(context.workspace)
    with monkeypatch.context() as patch:
        patch.setattr(AtTime, "resolve", breaks)
        assert await expire_tasks(after, later) == 3
        assert await Send.filter(enrollment__campaign_id=campaign.id).count() == 2
        assert await expire_tasks(after, later) == 0, "nothing is tried again and again"
        task = await Task.get(person_id=people[1].id)
        assert (task.status, task.done_at) == (TaskStatus.EXPIRED, None)
        for work in (complete_task, skip_task):
            with pytest.raises(Refusal) as refused:
                await work(after, task.id)
            assert refused.value.code == "SEND_OPTION_FAILED"
        assert (await Task.get(id=task.id)).done_at is None, "nothing was written"
    await complete_task(after, task.id)
    assert await Send.filter(enrollment__campaign_id=campaign.id).count() == 3


@on_sqlite
async def test_an_option_that_breaks_holds_nobody_after_a_resume(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: object, step: StepContext) -> SendAt:
        raise ValueError("a partner's bug")

    await pause_campaign(world.context, world.enrollments[0].campaign_id)
    later = replace(world.runtime, clock=lambda: NOW + timedelta(days=3)).context(world.context.workspace)
    monkeypatch.setattr(SameTimeAsPrevious, "resolve", breaks)
    await resume_campaign(later, world.enrollments[0].campaign_id)
    assert await Send.filter(held=True).count() == 0


async def test_an_option_that_breaks_lets_the_emails_of_its_step_wait_when_a_campaign_is_edited(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(self: object, step: StepContext) -> str:
        return "at lunch"

    before = await Send.all().order_by("id").values()
    monkeypatch.setattr(AtTime, "resolve", breaks)
    second = await Step.get(number=2)
    await change_step(world.context, second.id, send_option="at_time", config={"at": "09:00"})
    assert await Send.all().order_by("id").values() == before
    told = await Event.filter(kind="STEPS_NOT_PLANNED")
    data = {"reason": "SEND_OPTION_FAILED", "step": 1, "option": "choose_at_launch"}
    assert [event.data for event in told] == [data] * 30
    assert not (await Campaign.get()).editing
