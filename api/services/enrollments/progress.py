"""Continue an enrollment: schedule its next steps, or finish it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import NO_OWN_FACTS, FactSource
from api.services.enrollments.senders import sender_of
from api.services.enrollments.timelines.partial_timelines import resolve_possible
from api.services.enrollments.timelines.planned_columns import planned_columns
from api.services.enrollments.timelines.timeline_rows import (
    resolve,
    scheduled_steps,
    send_row,
    slot,
    step_records,
    task_row,
)
from api.services.enrollments.waiting_people import let_wait
from api.states import EnrollmentStatus, SendStatus
from api.store.campaigns.campaign_state import lock_campaign_state, seconds_paused_until
from api.store.campaigns.campaign_status import finish_if_last
from api.store.campaigns.holds import lock_enrollments
from api.store.dispatch import allowed_time_rows
from api.store.dispatch.allowed_time_rows import allowed_times_id
from api.store.emails.written_texts import restore_texts
from api.store.enrollments.enrollments import finish
from api.store.events.events import Line, enrollment_event, task_event, write
from strategies.timeline.edit_plan import moves
from strategies.timeline.records import PlannedSend
from strategies.timeline.timeline import Timeline


async def schedule_next_steps(
    context: WorkspaceContext, enrollment: Enrollment, now: datetime, *, may_wait: bool = False
) -> None:
    """Schedule a person's steps up to the next task, and move their untried emails. Call inside a transaction.

    Raises Refusal if a send option fails. With ``may_wait`` the person waits for it instead: the steps before that
    option's are scheduled now, and a job schedules the others when the option works again.
    """
    state = await lock_campaign_state(enrollment.campaign_id)
    if state.ending_at is not None:  # the job that ends the campaign has not reached this person yet
        return
    await lock_enrollments([enrollment.id])
    enrollment = await Enrollment.get(id=enrollment.id)
    if enrollment.status is not EnrollmentStatus.ACTIVE:
        return
    campaign = await Campaign.get(id=enrollment.campaign_id)
    steps = await steps_of(campaign)
    sends = {send.step_id: send for send in await Send.filter(enrollment_id=enrollment.id)}
    tasks = {task.step_id: task for task in await Task.filter(enrollment_id=enrollment.id)}
    # New emails go on hold if other emails of the person are on hold: a resume moves them together.
    held = state.paused_at is not None or any(send.held for send in sends.values())
    source = await FactSource.load(context, campaign, steps, enrollment.launched_at)
    own = (await source.people([enrollment.person_id])).get(enrollment.person_id, NO_OWN_FACTS)
    happened = step_records(steps, sends.values(), tasks.values())
    scheduled = scheduled_steps(steps, sends.values(), tasks.values())
    facts = source.facts(own, enrollment.launched_at)

    def resolve_steps(those: Sequence[Step]) -> Timeline:
        return resolve(context, campaign, those, enrollment, happened, now, facts, scheduled=scheduled)

    if may_wait:
        timeline, unresolved = resolve_possible(context, steps, happened, resolve_steps)
    else:
        timeline, unresolved = resolve_steps(steps), None
    events: list[Line] = []
    await allowed_time_rows.keep(
        (each.allowed for each in timeline.planned if isinstance(each, PlannedSend)), now.date()
    )
    for planned in timeline.planned:
        step = steps[planned.number - 1]
        if isinstance(planned, PlannedSend):
            if step.id in sends:
                await _move(sends[step.id], planned, now)
            else:
                new = send_row(context, enrollment, step, sender_of(enrollment, campaign), planned)
                new.held = held
                await restore_texts([new])
                await new.save(force_create=True)
        elif step.id not in tasks:
            task = task_row(context, enrollment, step, campaign, planned)
            task.held, task.paused_seconds = state.paused_at is not None, seconds_paused_until(state, now)
            await task.save(force_create=True)
            events.append(task_created(enrollment, task, now))
    if unresolved is not None:
        await let_wait(context, steps, [(enrollment, unresolved)])
    await write(events)
    await finish_done([enrollment.id], now)
    context.wake()


async def _move(send: Send, planned: PlannedSend, now: datetime) -> None:
    """Write the new time of an email that has never been sent or tried."""
    if not moves(slot(send), planned, now) and send.allowed_times_id == allowed_times_id(planned.allowed):
        return
    await Send.filter(id=send.id, status=SendStatus.SCHEDULED).update(**planned_columns(planned))


def task_created(enrollment: Enrollment, task: Task, now: datetime) -> Line:
    """Return the event of a new task."""
    data = {"type": str(task.type), "due": task.due_date.isoformat()}
    return task_event(task, EventKind.TASK_CREATED, now, data=data, campaign_id=enrollment.campaign_id)


async def finish_done(enrollment_ids: Iterable[str | None], now: datetime) -> None:
    """Finish the enrollments whose steps are all done. Call inside a transaction.

    None means emails outside campaigns.
    """
    await write(await finished(enrollment_ids, now))


async def finished(enrollment_ids: Iterable[str | None], now: datetime) -> list[Line]:
    """Finish enrollments as ``finish_done`` does, and return the events. Write them in the same transaction."""
    ids = [enrollment_id for enrollment_id in enrollment_ids if enrollment_id is not None]
    rows = await finish(ids, now) if ids else ()
    await finish_if_last({row["campaign_id"] for row in rows}, now)
    return [enrollment_event(row, EventKind.CAMPAIGN_FINISHED, now) for row in rows]
