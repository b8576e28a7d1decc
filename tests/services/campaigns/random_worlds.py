"""Campaigns with random steps, launches, answers of the channel, tasks, rescheduled emails, pauses and edits."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaigns import add_step, create_campaign
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing import apply_edit
from api.services.campaigns.ending.ending import end_enrollment
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.dispatch.dispatcher import run_once
from api.services.emails.scheduled_emails import reschedule_email
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.services.tasks.send_task_email import send_task
from api.services.tasks.tasks import complete_task, skip_task
from api.states import SendStatus, TaskStatus
from plugins.contract import Outcome
from strategies import Refusal, StepType
from tests.services.campaigns.edited import later
from tests.services.world import NOW, World, make_world

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", None)
TIMES = ("09:30", "10:00", "23:45", "00:15")


async def random_world(random: Random) -> tuple[World, str]:
    """Return a world in the middle of a random campaign, and the campaign's id. It is not paused."""
    world = await make_world(1)
    sender, template = (await Campaign.get()).sender_id, (await Step.filter().first()).template_id  # type: ignore[union-attr]
    campaign = await create_campaign(
        world.context, name="R", sender_id=sender, skip_weekends=random.random() < 0.5, use_recipient_zone=True
    )
    await _author(random, world, campaign.id, template or "")
    now = NOW
    for number in range(random.randint(3, 4)):
        await _launch(random, world, campaign.id, number)
        now += timedelta(hours=random.choice([0, 7, 26, 50]), seconds=random.randint(0, 3))
        world = later(world, now)
        for _ in range(random.randint(1, 4)):
            await _event(random, world, campaign.id)
        world = replace(world, runtime=world.runtime)
    return world, campaign.id


async def _author(random: Random, world: World, campaign: str, template: str) -> None:
    first = random.choice(["choose_at_launch", "at_time"])
    email: dict[str, Any] = {"template_id": template, "step_type": StepType.EMAIL}
    config = {"config": {"at": "09:00"}} if first == "at_time" else {}
    await add_step(world.context, campaign, day=1, send_option=first, **config, **email)
    day = 1
    for _ in range(random.randint(2, 5)):
        day += random.randint(0, 3)
        await add_step(world.context, campaign, **_step(random, max(day, 2), template))


def _step(random: Random, day: int, template: str) -> dict[str, Any]:
    kind = random.choice(["at_time", "at_time", "same", "task", "call"])
    if kind == "call":
        return {"day": day, "step_type": StepType.CALL}
    email = {"day": day, "step_type": StepType.EMAIL, "template_id": template}
    if kind == "at_time":
        return email | {"send_option": "at_time", "config": {"at": random.choice(TIMES)}}
    return email | {"send_option": "task" if kind == "task" else "same_time_as_previous"}


async def _launch(random: Random, world: World, campaign: str, number: int) -> None:
    people = [
        (await create_person(world.context, f"l{number}x{each}@example.com", zone=random.choice(ZONES))).id
        for each in range(random.randint(2, 6))
    ]
    emails = await Step.filter(campaign_id=campaign, number__gt=1, send_option="at_time", removed_at=None)
    times = {step.number: random.choice(TIMES) for step in emails if random.random() < 0.3}
    soon = world.context.now + timedelta(hours=random.randint(1, 60))
    await launch(world.context, campaign, people, Choice(random.choice(["NOW", soon]), times), {})


async def _event(random: Random, world: World, campaign: str) -> None:
    """Let something happen in the campaign. What is not allowed at the moment does not happen."""
    world.channel.outcome = random.choice([Outcome.SENT, Outcome.SENT, Outcome.FAILED, Outcome.IN_DOUBT])
    try:
        await random.choice([_dispatch, _dispatch, _work, _work, _reschedule, _end, _pause, _edit, _crash])(
            random, world, campaign
        )
    except Refusal:
        return


async def _dispatch(random: Random, world: World, campaign: str) -> None:
    await run_once(world.runtime, world.context.now)


async def _work(random: Random, world: World, campaign: str) -> None:
    tasks = await Task.filter(enrollment__campaign_id=campaign, status=TaskStatus.OPEN).order_by("id")
    for task in random.sample(tasks, min(len(tasks), 3)):
        if task.type is StepType.EMAIL and random.random() < 0.6:
            at = world.context.now + timedelta(hours=5) if random.random() < 0.5 else None
            await send_task(world.context, task.id, at=at)
        else:
            await random.choice([complete_task, skip_task])(world.context, task.id)


async def _reschedule(random: Random, world: World, campaign: str) -> None:
    sends = await Send.filter(enrollment__campaign_id=campaign, status=SendStatus.SCHEDULED).order_by("id")
    for send in random.sample(sends, min(len(sends), 2)):
        await reschedule_email(world.context, send.id, world.context.now + timedelta(hours=random.randint(1, 40)))


async def _end(random: Random, world: World, campaign: str) -> None:
    people = await Enrollment.filter(campaign_id=campaign, ended_at=None).order_by("id")
    if people:
        await end_enrollment(world.context, random.choice(people).id)


async def _pause(random: Random, world: World, campaign: str) -> None:
    await pause_campaign(world.context, campaign)
    await resume_campaign(later(world, world.context.now + timedelta(hours=random.choice([1, 30]))).context, campaign)


async def _edit(random: Random, world: World, campaign: str) -> None:
    await apply_edit.apply(world.context, await random_edit(random, world, campaign))


async def _crash(random: Random, world: World, campaign: str) -> None:
    """Leave emails as processes leave them in the middle of their work."""
    sends = await Send.filter(enrollment__campaign_id=campaign, status=SendStatus.SCHEDULED).order_by("id")
    for send in random.sample(sends, min(len(sends), 2)):
        status, attempts = random.choice([(SendStatus.DEFERRED, 1), (SendStatus.DEFERRED, 2), (SendStatus.CLAIMED, 0)])
        lease = world.context.now + timedelta(minutes=5) if status is SendStatus.CLAIMED else None
        await Send.filter(id=send.id).update(
            status=status, attempts=attempts, lease_until=lease, due_at=send.due_at + timedelta(minutes=attempts)
        )


async def random_edit(random: Random, world: World, campaign: str) -> Draft:
    """Return an edit that is allowed. Raises Refusal if none is found."""
    context = world.context
    template = (await Step.filter(type=StepType.EMAIL).order_by("id").first()).template_id or ""  # type: ignore[union-attr]
    steps = await Step.filter(campaign_id=campaign, removed_at=None, number__gt=1).order_by("number")
    step = random.choice(steps)
    match random.randint(0, 5):
        case 0:
            return await edit_drafts.add_step(context, campaign, **_step(random, random.randint(2, 9), template))
        case 1:
            return await edit_drafts.move_step(context, step.id, day=random.randint(2, 12))
        case 2:
            return await edit_drafts.remove_step(context, step.id)
        case 3:
            return await edit_drafts.settings(context, campaign, skip_weekends=random.random() < 0.5)
        case 4:
            return await edit_drafts.move_day(context, campaign, day=step.day, to=random.randint(2, 15))
        case _:
            emails = [each for each in steps if each.type is StepType.EMAIL]
            config = {"send_option": "at_time", "config": {"at": random.choice(TIMES)}}
            changed = random.choice([config, {"send_option": "task", "config": {}}])
            return await edit_drafts.change_step(context, random.choice(emails or steps).id, **changed)
