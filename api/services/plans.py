"""From rows to the pure timeline, and back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time

from api.ids import new_id
from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.scope import Scope
from api.states import SendStatus, TaskStatus
from strategies import Calendar, Note, StepType
from strategies import timeline as core

DONE_STATUSES = (TaskStatus.COMPLETED, TaskStatus.SKIPPED, TaskStatus.EXPIRED)


def core_steps(rows: Iterable[Step]) -> list[core.Step]:
    """Return the steps as the timeline sees them, in order."""
    return [
        core.Step(row.day, StepType(row.type), row.send_option, row.config, row.follow_up)
        for row in sorted(rows, key=lambda row: row.number)
    ]


def core_launch(enrollment: Enrollment) -> core.Launch:
    """Return what launching chose for this person."""
    times = {int(number): time.fromisoformat(wall) for number, wall in enrollment.times.items()}
    return core.Launch(enrollment.launched_at, enrollment.send_at, times)


def resumes(enrollment: Enrollment) -> dict[int, date]:
    """Return from which date on days count since a resume, by the number of the step that it begins with."""
    return {int(number): date.fromisoformat(on) for number, on in (enrollment.resumed or {}).items()}


def resolve(  # every argument is a fact of its own
    scope: Scope,
    campaign: Campaign,
    steps: Sequence[Step],
    enrollment: Enrollment,
    happened: dict[int, core.Emailed | core.Done],
    now: datetime,
    resumed: Mapping[int, date] | None = None,
) -> core.Timeline:
    """Fold one enrollment's way through the campaign; ``resumed`` where it is not what the enrollment has."""
    calendar = Calendar(enrollment.zone, campaign.skip_weekends)
    resumed = resumes(enrollment) if resumed is None else resumed
    return core.Timeline(
        core_steps(steps), calendar, core_launch(enrollment), scope.installed.send_options, happened, now, resumed
    )


def untouched(send: Send) -> bool:
    """Say whether an email still follows the plan: neither tried, nor retried by a person, nor put off."""
    return send.status is SendStatus.SCHEDULED and not send.attempts and send.due_at == send.planned_at


def records(steps: Sequence[Step], sends: Iterable[Send], tasks: Iterable[Task]) -> dict[int, core.Emailed | core.Done]:
    """Return what already happened, by step number: scheduled or sent emails, and tasks that are done."""
    numbers = {step.id: step.number for step in steps}
    happened: dict[int, core.Emailed | core.Done] = {
        numbers[send.step_id]: core.Emailed(send.planned_date, time.fromisoformat(send.planned_time), send.planned_at)
        for send in sends
        if not send.by_hand
    }
    for task in tasks:
        if task.status in DONE_STATUSES and task.done_at is not None:
            happened[numbers[task.step_id]] = core.Done(task.due_date, task.done_at)
    return happened


def stored(notes: Iterable[Note]) -> list[list[object]]:
    """Return an explanation as it is stored: code and values."""
    return [[note.code, dict(note.values)] for note in notes]


def spoken(explanation: Iterable[tuple[str, dict[str, str | int]]]) -> list[Note]:
    """Return a stored explanation as notes."""
    return [Note(code, values) for code, values in explanation]


def send_row(scope: Scope, enrollment: Enrollment, step: Step, sender_id: str, planned: core.PlannedSend) -> Send:
    """Make the row of an automatic email, not yet written."""
    return Send(
        id=new_id("snd"),
        workspace_id=enrollment.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step.id,
        person_id=enrollment.person_id,
        sender_id=sender_id,
        sandbox=scope.workspace.sandbox,
        due_at=planned.instant,
        planned_at=planned.instant,
        planned_date=planned.date,
        planned_time=planned.time.isoformat(),
        zone=planned.zone,
        explanation=stored(planned.notes),
    )


def expiry(enrollment: Enrollment, campaign: Campaign, due: date) -> datetime | None:
    """Return when a task expires that is due on a date: at the end of the last day that the campaign gives it."""
    if campaign.task_expiry_days is None:
        return None
    calendar = Calendar(enrollment.zone, campaign.skip_weekends)
    return calendar.instant(calendar.forward(due, campaign.task_expiry_days + 1), time(0))


def task_row(  # the campaign gives assignee and expiry
    scope: Scope, enrollment: Enrollment, step: Step, campaign: Campaign, planned: core.PlannedTask
) -> Task:
    """Make the row of a task, not yet written."""
    return Task(
        id=new_id("tsk"),
        workspace_id=enrollment.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step.id,
        person_id=enrollment.person_id,
        assignee_id=campaign.sender_id,
        sandbox=scope.workspace.sandbox,
        type=StepType(step.type),
        name=step.name or f"{StepType(step.type).value.capitalize()}, day {step.day}",
        details=step.notes,
        priority=step.priority,
        due_date=planned.due,
        expires_at=expiry(enrollment, campaign, planned.due),
        explanation=stored(planned.notes),
    )
