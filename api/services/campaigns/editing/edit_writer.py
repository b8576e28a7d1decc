"""Write the changes of an edit, with their events."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign, Send, Step, Task
from api.services.campaigns.editing.edit_planner import EditChanges, explanation_of_move
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.progress import task_created
from api.services.enrollments.senders import sender_of
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.planned_columns import planned_columns
from api.services.enrollments.timelines.task_dates import campaign_date, moved_dates
from api.services.enrollments.timelines.timeline_rows import (
    expiry,
    send_row,
    task_name,
    task_row,
)
from api.store.campaigns import edits
from api.store.dispatch import allowed_time_rows
from api.store.emails.written_texts import restore_texts
from api.store.events.events import Line, email_event, task_event, write
from strategies import Note
from strategies.timeline.records import PlannedSend
from strategies.timeline.timeline_notes import utc


async def rewrite(context: WorkspaceContext, campaign: Campaign, found: EditChanges, *, held: bool) -> set[str | None]:
    """Write the changes. Call in the transaction that calculated them.

    ``held`` puts new emails and tasks on hold, for a pause.

    Returns the enrollments whose emails could not be changed because another process had claimed them.
    """
    lines, missed = await _emails(context, campaign, found, held=held)
    lines += await _tasks(context, campaign, found, held=held)
    await write(lines)
    return missed


async def _emails(
    context: WorkspaceContext, campaign: Campaign, found: EditChanges, *, held: bool
) -> tuple[list[Line], set[str | None]]:
    now, lines = context.now, list[Line]()
    plans = [*(plan for _, plan in (*found.moved, *found.reexplained)), *(plan for _, _, plan in found.emails)]
    await allowed_time_rows.keep((plan.allowed for plan in plans), now.date())
    moved = [
        _email_values(
            send,
            planned,
            explanation_of_move(send, planned, person_changed=send.enrollment_id in found.changed_people),
        )
        for send, planned in found.moved
    ]
    reexplained = [
        _email_values(send, planned, notes_to_json(planned.notes), keeps=True) for send, planned in found.reexplained
    ]
    written = await edits.move_emails([*moved, *reexplained]) if moved or reexplained else set()
    for send, planned in found.moved:
        if send.id in written:
            data = {"before": utc(send.due_at), "after": utc(planned.instant)}
            lines.append(email_event(send, EventKind.EMAIL_MOVED, now, data=data, campaign_id=campaign.id))
    new = [
        send_row(context, enrollment, step, sender_of(enrollment, campaign), planned)
        for enrollment, step, planned in found.emails
    ]
    for send in new:
        send.held = held
        lines.append(
            email_event(send, EventKind.EMAIL_ADDED, now, data={"at": utc(send.due_at)}, campaign_id=campaign.id)
        )
    if new:
        await restore_texts(new)
    await Send.bulk_create(new, batch_size=300)
    gone = await edits.withdraw_emails(_ids(found.withdrawn)) if found.withdrawn else set()
    lines += [
        email_event(send, EventKind.EMAIL_WITHDRAWN, now, campaign_id=campaign.id)
        for send in found.withdrawn
        if send.id in gone
    ]
    removed = CampaignCode.STEP_REMOVED.message("email")
    failed = await edits.fail_emails(_ids(found.removed), now, *removed) if found.removed else set()
    reason = {"reason": removed.code}
    lines += [
        email_event(send, EventKind.EMAIL_FAILED, now, data=reason, campaign_id=campaign.id)
        for send in found.removed
        if send.id in failed
    ]
    touched = [*(send for send, _ in (*found.moved, *found.reexplained)), *found.withdrawn, *found.removed]
    return lines, {send.enrollment_id for send in touched if send.id not in written | gone | failed}


async def _tasks(context: WorkspaceContext, campaign: Campaign, found: EditChanges, *, held: bool) -> list[Line]:
    now, lines = context.now, []
    changed: list[Mapping[str, Any]] = []
    for enrollment, step, task, planned in found.tasks_moved:
        code = "TASK_PERSON_CHANGED" if enrollment.id in found.changed_people else "TASK_EDITED"
        notes = notes_to_json((*planned.notes, Note(code, {"date": campaign_date(task).isoformat()})))
        task.paused_seconds = campaign.paused_seconds
        dates = moved_dates(task, planned.due)
        changed.append(_task_values(task, step, dates, expiry(enrollment, campaign, dates[0]), notes))
    for _, step, task in found.tasks_stay:
        now_says = (task_name(step), step.notes, step.priority, step.type)
        if (task.name, task.details, task.priority, task.type) != now_says:
            changed.append(
                _task_values(task, step, (task.due_date, task.planned_date), task.expires_at, task.explanation)
            )
    written = await edits.change_tasks(changed) if changed else set()
    for _, _, task, planned in found.tasks_moved:
        if task.id in written:
            data = {"before": campaign_date(task).isoformat(), "after": planned.due.isoformat()}
            lines.append(task_event(task, EventKind.TASK_MOVED, now, data=data, campaign_id=campaign.id))
    withdrawn = await edits.withdraw_tasks(_ids(found.tasks_withdrawn)) if found.tasks_withdrawn else set()
    lines += [
        task_event(task, EventKind.TASK_WITHDRAWN, now, campaign_id=campaign.id)
        for task in found.tasks_withdrawn
        if task.id in withdrawn
    ]
    cancelled = await edits.cancel_tasks(_ids(found.tasks_removed), now) if found.tasks_removed else set()
    reason = {"reason": CampaignCode.STEP_REMOVED}
    lines += [
        task_event(task, EventKind.TASK_CANCELLED, now, data=reason, campaign_id=campaign.id)
        for task in found.tasks_removed
        if task.id in cancelled
    ]
    new = []
    for enrollment, step, due in found.tasks:
        new.append(task_row(context, enrollment, step, campaign, due))
        new[-1].held, new[-1].paused_seconds = held, campaign.paused_seconds
        lines.append(task_created(enrollment, new[-1], now))
    await Task.bulk_create(new, batch_size=300)
    return lines


def _email_values(
    send: Send, planned: PlannedSend, notes: list[list[object]], *, keeps: bool = False
) -> dict[str, Any]:
    kept = {"due_at": send.due_at, "planned_at": send.planned_at} if keeps else {}
    return {"id": send.id, **planned_columns(planned), **kept, "explanation": notes}


def _task_values(
    task: Task, step: Step, dates: tuple[date, date | None], expires: datetime | None, notes: list[list[object]]
) -> dict[str, Any]:
    return {
        "id": task.id,
        "due_date": dates[0],
        "planned_date": dates[1],
        "expires_at": expires,
        "paused_seconds": task.paused_seconds,
        "explanation": notes,
        "name": task_name(step),
        "details": step.notes,
        "priority": str(step.priority),
        "type": str(step.type),
    }


def _ids(rows: Iterable[Send | Task]) -> list[str]:
    return [row.id for row in rows]
