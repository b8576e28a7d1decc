"""Launch a campaign for people. ``launch_preview`` shows what a launch would schedule."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tortoise.exceptions import IntegrityError

from api.codes.event_kinds import EventKind
from api.codes.inputs import InputCode
from api.codes.launches import LaunchCode
from api.codes.people import PersonCode
from api.ids import new_id
from api.models import Campaign, Enrollment, Person, Send, Sender, Step, Task
from api.services.campaigns.campaign_rules import check_subjects
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.campaign_checks import refuse_edited, refuse_paused_or_ending
from api.services.enrollments.progress import task_created
from api.services.enrollments.timeline_rows import launch_choices, resolve, send_row, task_row, timeline_steps, zone_for
from api.services.people.reachability import why_not_launch
from api.services.replies.bounces import refuse_bounced
from api.store.engine.rows import by_ids, get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments import earlier_endings, lock_open_enrollments, people_in_campaign
from api.store.events import Line, enrollment_event, write
from api.store.suppressions import suppressed_keys, suppressed_people
from api.store.transactional import is_transactional
from strategies import Refusal
from strategies.calendar import local
from strategies.codes import StrategyCode
from strategies.records import PlannedSend, ZoneOf
from strategies.step_checks import check_launch
from strategies.timeline import Timeline

MAX_PEOPLE = 1_000
"""Most people in one launch, which enrolls all or none. Nobody else can write to SQLite meanwhile."""
MAX_SCHEDULED = 2_000
"""Most emails and tasks that one launch schedules. `startLaunch` has no such limit."""
TURN_EVERY = 100
"""Number of people after which other tasks get to run."""
Now = Literal["NOW"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Choices of a launch: a send-at (NOW, or a time in UTC), and other local times by step number."""

    send_at: datetime | Now | None = None
    times: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """The enrollments of a launch with their timelines, before anything is written."""

    campaign: Campaign
    steps: list[Step]
    sender: Sender
    enrollments: list[tuple[Enrollment, Person, Timeline]]
    unsubscribed: frozenset[str] = frozenset()
    """The ids of unsubscribed people. Only a transactional campaign can have any."""


@retry_on_deadlock
async def launch(
    context: WorkspaceContext,
    campaign_id: str,
    person_ids: Sequence[str],
    choice: Choice,
    per_person: Mapping[str, Choice],
    *,
    again: bool = False,
) -> list[Enrollment]:
    """Enroll all of these people, and schedule their emails and tasks, in one transaction. Raises Refusal.

    ``again`` also enrolls people for whom the campaign has already ended by a reply, a bounce, an unsubscribe or a
    removal.
    """
    plan = await plan_launch(context, campaign_id, person_ids, choice, per_person)
    if not again:
        await refuse_ended(plan)
    sends: list[Send] = []
    tasks: list[Task] = []
    events: list[Line] = []
    _check_scheduled(plan)
    for number, (enrollment, _, timeline) in enumerate(plan.enrollments):
        if not number % TURN_EVERY:
            await asyncio.sleep(0)
        events.append(enrollment_event(enrollment, EventKind.CAMPAIGN_LAUNCHED, context.now))
        for planned in timeline.planned:
            step = plan.steps[planned.number - 1]
            if isinstance(planned, PlannedSend):
                sends.append(send_row(context, enrollment, step, plan.campaign.sender_id, planned))
            else:
                tasks.append(task_row(context, enrollment, step, plan.campaign, planned))
                events.append(task_created(enrollment, tasks[-1], context.now))
    try:
        async with transaction():
            state = await refuse_paused_or_ending(plan.campaign.id, ("campaignId",))
            for task in tasks:
                task.paused_seconds = state.all_paused_seconds
            await refuse_edited(plan.campaign, ("campaignId",))
            await check_subjects(await steps_of(plan.campaign), ("campaignId",))
            await _refuse_unsubscribed(plan.campaign.id, list(person_ids))
            if plan.campaign.remove_on_bounce:
                await refuse_bounced([person for _, person, _ in plan.enrollments])
            if not again:
                await lock_open_enrollments(plan.campaign.id, list(person_ids))
                await refuse_ended(plan)
            await Enrollment.bulk_create([row for row, _, _ in plan.enrollments], batch_size=500)
            await Send.bulk_create(sends, batch_size=300)
            await Task.bulk_create(tasks, batch_size=300)
            await write(events)
    except IntegrityError:
        raise Refusal.of(LaunchCode.ALREADY_ENROLLED, ("personIds",), case="meanwhile") from None
    context.wake()
    return [row for row, _, _ in plan.enrollments]


def _check_scheduled(plan: LaunchPlan) -> None:
    """Refuse a launch that would block the server for too long. Raises Refusal TOO_MANY_PEOPLE."""
    scheduled = sum(len(timeline.planned) for _, _, timeline in plan.enrollments)
    if scheduled > MAX_SCHEDULED:
        raise Refusal.of(
            LaunchCode.TOO_MANY_PEOPLE, ("personIds",), case="scheduled", limit=MAX_SCHEDULED, scheduled=scheduled
        )


async def _refuse_unsubscribed(campaign_id: str, person_ids: list[str]) -> None:
    """Refuse people whose address was suppressed after the check. It cannot change before the transaction ends."""
    gone = await suppressed_people(person_ids)
    if gone and await is_transactional(campaign_id):
        return
    for index, person_id in enumerate(person_ids):
        if person_id in gone:
            raise Refusal.of(PersonCode.UNSUBSCRIBED, ("personIds", str(index)), case="meanwhile")


async def refuse_ended(plan: LaunchPlan) -> None:
    """Refuse people for whom the campaign has ended by a reply, a bounce and so on. Raises Refusal ENDED_BEFORE."""
    ended = await earlier_endings(plan.campaign.id, [person.id for _, person, _ in plan.enrollments])
    for index, (enrollment, person, _) in enumerate(plan.enrollments):
        if person.id in ended:
            at, reason = ended[person.id]
            on = local(at, enrollment.zone).date()
            raise Refusal.of(
                LaunchCode.ENDED_BEFORE, ("personIds", str(index)), email=person.email, date=on, reason=reason
            )


async def ready(context: WorkspaceContext, campaign_id: str) -> tuple[Campaign, list[Step]]:
    """Return a campaign that can be launched, with its steps. Raises Refusal."""
    campaign = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("campaignId",))
    steps = await steps_of(campaign)
    if not steps:
        raise Refusal.of(StrategyCode.NO_STEPS, ("campaignId",))
    await check_subjects(steps, ("campaignId",))
    return campaign, steps


async def plan_launch(
    context: WorkspaceContext,
    campaign_id: str,
    person_ids: Sequence[str],
    choice: Choice,
    per_person: Mapping[str, Choice],
) -> LaunchPlan:
    """Check a launch, and calculate its timelines. Writes nothing. Raises Refusal."""
    campaign, steps = await ready(context, campaign_id)
    people, unsubscribed = await _people(context, campaign, person_ids)
    for person_id in per_person:
        if person_id not in people:
            raise Refusal.of(
                InputCode.NOT_FOUND, ("perPerson", person_id, "personId"), case="not_chosen", id=person_id[:60]
            )
    sender = await Sender.get(id=campaign.sender_id)
    known: dict[tuple[tuple[str, ZoneOf], str], Timeline] = {}
    enrollments = []
    for number, person_id in enumerate(person_ids):
        if not number % TURN_EVERY:
            await asyncio.sleep(0)
        person, own = people[person_id], per_person.get(person_id, choice)
        path = ("perPerson", person_id) if person_id in per_person else ()
        zone = zone_for(campaign, person.zone, sender.zone)
        enrollment = enrollment_row(context, campaign, steps, person.id, zone, own, path)
        # People of one zone and one choice share one timeline.
        same = (zone, repr(own))
        if same not in known:
            try:
                check_launch(timeline_steps(steps), launch_choices(enrollment, steps), context.installed.send_options)
                known[same] = resolve(context, campaign, steps, enrollment, {}, context.now)
            except Refusal as refusal:
                # A fault of the campaign itself keeps its path, because it concerns everyone.
                raise (refusal if refusal.path == ("campaignId",) else refusal.under(*path)) from None
        enrollments.append((enrollment, person, known[same]))
    return LaunchPlan(campaign, steps, sender, enrollments, unsubscribed)


async def _people(
    context: WorkspaceContext, campaign: Campaign, person_ids: Sequence[str]
) -> tuple[dict[str, Person], frozenset[str]]:
    """Return the people by id, and the ids of those who have unsubscribed. Raises Refusal."""
    if not person_ids:
        raise Refusal.of(LaunchCode.NO_PEOPLE, ("personIds",))
    if len(person_ids) > MAX_PEOPLE:
        raise Refusal.of(LaunchCode.TOO_MANY_PEOPLE, ("personIds",), limit=MAX_PEOPLE)
    people = await by_ids(Person, context.workspace_id, person_ids)
    running = await people_in_campaign(campaign.id, list(people))
    suppressed = await suppressed_keys(context.workspace_id, [person.email_key for person in people.values()])
    transactional = bool(suppressed) and await is_transactional(campaign.id)
    seen: set[str] = set()
    for index, person_id in enumerate(person_ids):
        path = ("personIds", str(index))
        if person_id not in people:
            raise Refusal.of(InputCode.NOT_FOUND, path, kind="person", id=person_id[:60])
        person = people[person_id]
        if person_id in seen:
            raise Refusal.of(LaunchCode.NAMED_TWICE, path, email=person.email)
        if person_id in running:
            raise Refusal.of(LaunchCode.ALREADY_ENROLLED, path, email=person.email)
        unsubscribed, bounced = person.email_key in suppressed, person.bounced_at is not None
        why = why_not_launch(campaign, unsubscribed=unsubscribed, bounced=bounced, transactional=transactional)
        if why is PersonCode.UNSUBSCRIBED:
            raise Refusal.of(PersonCode.UNSUBSCRIBED, path, email=person.email)
        if why is PersonCode.BOUNCED:
            raise Refusal.of(PersonCode.BOUNCED, path, email=person.email)
        seen.add(person_id)
    return people, frozenset(key for key, person in people.items() if person.email_key in suppressed)


def enrollment_row(  # one argument for each column
    context: WorkspaceContext,
    campaign: Campaign,
    steps: Sequence[Step],
    person_id: str,
    zone: tuple[str, ZoneOf],
    choice: Choice,
    path: tuple[str, ...],
) -> Enrollment:
    """Return the row of an enrollment. Does not write it. Raises Refusal if the choice is invalid."""
    send_at = context.now if choice.send_at == "NOW" else choice.send_at
    for number in choice.times:
        if not 1 <= number <= len(steps):
            raise Refusal.of(StrategyCode.STEP_NOT_FOUND, (*path, "times", str(number), "step"), number=number)
    return Enrollment(
        id=new_id("enr"),
        workspace_id=context.workspace_id,
        campaign_id=campaign.id,
        person_id=person_id,
        zone=zone[0],
        zone_of=zone[1],
        launched_at=context.now,
        revision=campaign.revision,
        launched_revision=campaign.revision,
        send_at=inputs.instant(send_at, (*path, "sendAt")) if isinstance(send_at, datetime) else None,
        times={
            steps[number - 1].id: inputs.wall_time(wall, (*path, "times", str(number), "time")).isoformat()
            for number, wall in choice.times.items()
        },
    )
