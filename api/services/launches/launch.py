"""Launch a campaign for people. ``launch_preview`` shows what a launch would schedule."""

from collections.abc import Mapping, Sequence

from tortoise.exceptions import IntegrityError

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.launches import LaunchCode
from api.models import Enrollment, Send, Task
from api.services.campaigns.step_content import check_subjects
from api.services.common.inputs.request_keys import RequestKey, remember
from api.services.common.live_steps import steps_of
from api.services.common.loop_slices import LoopSlices
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_edited, refuse_paused_or_ending
from api.services.enrollments.facts.fact_changes import follow_newcomers
from api.services.enrollments.progress import task_created
from api.services.enrollments.timelines.timeline_rows import send_row, task_row
from api.services.launches.launch_people import MAX_PEOPLE, ended_before, refuse_gone_meanwhile
from api.services.launches.launch_plan import NO_TEXTS, LaunchPlan, plan_launch
from api.services.launches.launch_planner import Choice
from api.services.replies.bounces import refuse_bounced
from api.services.templates.template_inputs import WrittenText
from api.store.campaigns.campaign_status import mark_launched
from api.store.dispatch import allowed_time_rows
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments.enrollments import earlier_endings, lock_open_enrollments
from api.store.events.events import Line, enrollment_event, write
from strategies import Refusal
from strategies.errors import RefusalCollector
from strategies.timeline.allowed_times import Ranges
from strategies.timeline.records import PlannedSend

__all__ = ["MAX_PEOPLE", "Choice", "launch"]


@retry_on_deadlock
async def launch(
    context: WorkspaceContext,
    campaign_id: str,
    person_ids: Sequence[str],
    choice: Choice,
    per_person: Mapping[str, Choice],
    *,
    again: bool = False,
    mistakes: Sequence[Refusal] = (),
    key: RequestKey | None = None,
    texts: Mapping[str, WrittenText] = NO_TEXTS,
) -> list[Enrollment]:
    """Enroll all of these people, and schedule their emails and tasks, in one transaction. Raises Refusal.

    ``again`` also enrolls people for whom the campaign has already ended by a reply, a bounce, an unsubscribe or a
    removal. ``mistakes`` are refusals that the caller has found in the input: they are raised with all others.
    ``texts`` are the first emails that a rep has written, by person.
    """
    plan = await plan_launch(
        context, campaign_id, person_ids, choice, per_person, again=again, mistakes=mistakes, texts=texts
    )
    plan.raise_refusals()
    sends: list[Send] = []
    tasks: list[Task] = []
    allowed: list[Ranges | None] = []
    events: list[Line] = []
    slices = LoopSlices()
    for enrollment, person, sender, timeline in plan.enrollments:
        await slices.turn()
        events.append(enrollment_event(enrollment, EventKind.CAMPAIGN_LAUNCHED, context.now))
        for planned in timeline.planned:
            step = plan.steps[planned.number - 1]
            if isinstance(planned, PlannedSend):
                sends.append(send_row(context, enrollment, step, sender.id, planned))
                allowed.append(planned.allowed)
                if planned.number == 1 and person.id in plan.texts:
                    sends[-1].update_from_dict(plan.texts[person.id]._asdict())
            else:
                tasks.append(task_row(context, enrollment, step, plan.campaign, planned))
                events.append(task_created(enrollment, tasks[-1], context.now))
    rows = [each.enrollment for each in plan.enrollments]
    try:
        async with transaction():
            await remember(context, key, [row.id for row in rows])
            # First, because two launches that share the lock of the state would wait for each other.
            await mark_launched(plan.campaign.id, context.now)
            state = await refuse_paused_or_ending(plan.campaign.id, ("campaignId",))
            await mark_launched(plan.campaign.id, context.now)  # if the last person ended between both statements
            for task in tasks:
                task.paused_seconds = state.all_paused_seconds
            await refuse_edited(plan.campaign, ("campaignId",))
            await check_subjects(await steps_of(plan.campaign), ("campaignId",))
            await refuse_gone_meanwhile(plan.campaign.id, person_ids)
            if plan.campaign.remove_on_bounce:
                await refuse_bounced([each.person for each in plan.enrollments])
            if not again:
                await lock_open_enrollments(plan.campaign.id, list(person_ids))
                await _refuse_ended(plan)
            await allowed_time_rows.keep(allowed, context.now.date())
            await Enrollment.bulk_create(rows, batch_size=500)
            await Send.bulk_create(sends, batch_size=300)
            await Task.bulk_create(tasks, batch_size=300)
            facts = {each.person.id: plan.source.own(each.person) for each in plan.enrollments}
            await follow_newcomers(plan.source, plan.campaign, facts, context.clock)
            await write(events)
    except IntegrityError:
        raise Refusal.of(LaunchCode.ALREADY_ENROLLED, ("personIds",), case="meanwhile") from None
    context.wake()
    return rows


async def _refuse_ended(plan: LaunchPlan) -> None:
    """Refuse people for whom the campaign has ended since the check, by a reply, a bounce and so on. Raises Refusal."""
    ended = await earlier_endings(plan.campaign.id, [each.person.id for each in plan.enrollments])
    refusals = RefusalCollector()
    for index, each in enumerate(plan.enrollments):
        if each.person.id in ended:
            refusals.add(ended_before(each.person, ended[each.person.id], each.enrollment.zone, index))
    refusals.raise_any()
