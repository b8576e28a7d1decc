"""Convert rows into arguments of the pure timeline, and its results into rows."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time

from api.ids import new_id
from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.senders import sender_of
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.option_failures import logging_failures
from api.services.enrollments.timelines.planned_columns import planned_columns
from api.services.enrollments.timelines.task_dates import campaign_date
from api.states import SendStatus, TaskStatus
from strategies import Calendar, Facts, Note, StepType
from strategies.calendar import local
from strategies.timeline import timeline_notes
from strategies.timeline.edit_plan import Slot
from strategies.timeline.records import (
    EmailRecord,
    LaunchChoices,
    ManualEmailRecord,
    PlannedSend,
    PlannedTask,
    StepRecord,
    TaskRecord,
    TimelineStep,
    ZoneOf,
)
from strategies.timeline.timeline import Stop, Timeline, never, resolve_timeline

DONE_STATUSES = (TaskStatus.COMPLETED, TaskStatus.SKIPPED, TaskStatus.EXPIRED)


def timeline_steps(rows: Iterable[Step], launched_revision: int | None = None) -> list[TimelineStep]:
    """Return the steps in order, as arguments of the timeline, for a person who was launched with a revision."""

    def added(row: Step) -> datetime | None:
        passes = launched_revision is not None and added_after(row, launched_revision)
        return row.added_at if passes else None

    return [
        TimelineStep(row.day, StepType(row.type), row.send_option, row.config, row.follow_up, added(row))
        for row in sorted(rows, key=lambda row: row.number)
    ]


def added_after(step: Step, launched_revision: int) -> bool:
    """Say whether a step was added after a person was launched with a revision of the campaign."""
    return step.added_revision is not None and launched_revision < step.added_revision


def launch_choices(enrollment: Enrollment, steps: Iterable[Step]) -> LaunchChoices:
    """Return the choices of the launch for this person."""
    times = {row.number: time.fromisoformat(enrollment.times[row.id]) for row in steps if row.id in enrollment.times}
    whose = ZoneOf(enrollment.zone_of) if enrollment.zone_of else None
    return LaunchChoices(enrollment.launched_at, enrollment.send_at, times, whose)


def zone_for(campaign: Campaign, recipient: str | None, sender: str) -> tuple[str, ZoneOf]:
    """Return the time zone of a person's days and times, and whose zone it is."""
    if not campaign.use_recipient_zone:
        return sender, ZoneOf.SENDER
    return (recipient, ZoneOf.RECIPIENT) if recipient else (sender, ZoneOf.FALLBACK)


def resumes(enrollment: Enrollment, steps: Iterable[Step], calendar: Calendar) -> dict[int, date]:
    """Return the dates from which days count since resumes, each by the number of the first step that it applies to.

    If an edit has since moved that step to another day, its date moves by the same number of days.
    """
    resumed = enrollment.resumed or {}
    found = {}
    for row in steps:
        if row.id in resumed:
            day, on = resumed[row.id]
            found[row.number] = calendar.forward(date.fromisoformat(on), row.day - day)
    return found


def resolve(  # every argument is a fact of its own
    context: WorkspaceContext,
    campaign: Campaign,
    steps: Sequence[Step],
    enrollment: Enrollment,
    happened: Mapping[int, StepRecord],
    now: datetime,
    facts: Facts,
    resumed: Mapping[int, date] | None = None,
    scheduled: Collection[int] = (),
) -> Timeline:
    """Calculate one enrollment's timeline. ``resumed`` replaces the resumes of the enrollment.

    ``facts`` are the facts that the send options declare, from a ``FactSource``. ``scheduled`` are the numbers of the
    steps for which the person has an email or a task.

    Raises Refusal if a send option refuses. If a send option raises another error, the code is SEND_OPTION_FAILED and
    the log has the traceback.
    """
    if resumed is None:
        resumed = resumes(enrollment, steps, Calendar(enrollment.zone, campaign.skip_weekends))
    return resolver(context, campaign, steps, enrollment, happened, now, facts, scheduled)(resumed, never)


def resolver(
    context: WorkspaceContext,
    campaign: Campaign,
    steps: Sequence[Step],
    enrollment: Enrollment,
    happened: Mapping[int, StepRecord],
    now: datetime,
    facts: Facts,
    scheduled: Collection[int],
) -> Callable[[Mapping[int, date], Stop], Timeline]:
    """Return a function that does what ``resolve`` does, for several resumes of one enrollment."""
    calendar = Calendar(enrollment.zone, campaign.skip_weekends)
    launched, options = launch_choices(enrollment, steps), context.installed.send_options
    in_order = timeline_steps(steps, enrollment.launched_revision)

    def with_resumes(resumed: Mapping[int, date], stop: Stop) -> Timeline:
        with logging_failures(campaign.id):
            return resolve_timeline(
                in_order,
                calendar,
                launched,
                options,
                happened,
                now,
                resumed,
                scheduled_steps=scheduled,
                stop=stop,
                facts=facts,
            )

    return with_resumes


def keeps_planned_time(send: Send) -> bool:
    """Say whether an email still has its planned time: it was not tried, retried or postponed."""
    return send.status is SendStatus.SCHEDULED and not send.attempts and send.due_at == send.planned_at


def uses_planned_time(send: Send) -> bool:
    """Say whether an email's time comes from its send option."""
    return keeps_planned_time(send) and not send.by_hand


def is_postponed(send: Send) -> bool:
    """Say whether an untried email was postponed, because of its account or of the email that it follows up."""
    waits = send.status is SendStatus.SCHEDULED and not send.attempts
    return waits and send.reason is not None and send.due_at != send.planned_at


def zone_note(enrollment: Enrollment) -> Note:
    """Return the note that names the time zone of a person's times, and whose zone it is."""
    return timeline_notes.zone(enrollment.zone, ZoneOf(enrollment.zone_of) if enrollment.zone_of else None)


def _has_chosen_time(send: Send) -> bool:
    """Say whether a rep chose the local time at which an email is due."""
    times = [values["time"] for code, values in send.explanation if code in ("RESCHEDULED", "RESCHEDULED_IN_ZONE")]
    return bool(times) and local(send.due_at, send.zone).time().isoformat("seconds") == times[-1]


def is_at_local_time(send: Send) -> bool:
    """Say whether an email was planned for a local time that had not passed yet."""
    codes = {code for code, _ in send.explanation}
    return "LATE" not in codes and not codes.isdisjoint(timeline_notes.WALL_TIME_CODES)


def is_immediate(send: Send, moments: Collection[datetime | None]) -> bool:
    """Say whether an email was scheduled to be sent immediately, not at a local time.

    ``moments`` (UTC) are the times at which immediate emails are scheduled: the person's launch, and the completion of
    their tasks. A local time can be the same moment by chance, above all in a sandbox, whose clock has whole seconds.
    Emails that are tried again count as immediate.
    """
    if _has_chosen_time(send):
        return False
    if not keeps_planned_time(send) and not is_postponed(send):
        return True
    late = any(code == "LATE" for code, _ in send.explanation)
    return late or (send.planned_at in moments and not is_at_local_time(send))


def slot(send: Send) -> Slot:
    """Return the planned time of an automatic email."""
    return Slot(send.planned_date, time.fromisoformat(send.planned_time), send.zone, send.planned_at)


def step_records(steps: Sequence[Step], sends: Iterable[Send], tasks: Iterable[Task]) -> dict[int, StepRecord]:
    """Return records of past events by step number: emails that no longer follow the plan, and completed tasks.

    Emails and tasks of removed steps are left out.
    """
    numbers = {step.id: step.number for step in steps}
    happened: dict[int, StepRecord] = {}
    by_hand: dict[str | None, Send] = {}
    for send in sends:
        if send.by_hand:
            by_hand[send.step_id] = send
        if send.step_id in numbers and not uses_planned_time(send):
            wall = time.fromisoformat(send.planned_time)
            moves_day_one = numbers[send.step_id] > 1 or not _leaves_day_one(send)
            emailed = EmailRecord(send.planned_date, wall, send.planned_at, send.zone, moves_day_one)
            happened[numbers[send.step_id]] = ManualEmailRecord() if send.by_hand else emailed
    for task in tasks:
        if task.step_id in numbers and task.status in DONE_STATUSES and task.done_at is not None:
            how = _kind_of_completion(task, task.done_at, by_hand.get(task.step_id))
            happened[numbers[task.step_id]] = TaskRecord(campaign_date(task), task.done_at, how)
    return happened


def _leaves_day_one(send: Send) -> bool:
    """Say whether the send option of the first email has not changed the date of its day."""
    return any(code == "DAY_STAYS" for code, _ in send.explanation)


def _kind_of_completion(task: Task, done_at: datetime, send: Send | None) -> str:
    """Return how a task was done: SENT if it was done by sending its email, else its status."""
    if task.status is TaskStatus.COMPLETED and send is not None and send.status is not SendStatus.FAILED:
        sent = send.planned_at == done_at or send.status in (SendStatus.SENT, SendStatus.BOUNCED)
        return "SENT" if sent else str(task.status)
    return str(task.status)


def scheduled_steps(steps: Sequence[Step], sends: Iterable[Send], tasks: Iterable[Task]) -> list[int]:
    """Return the numbers of the steps for which a person has an email or a task."""
    step_ids = {send.step_id for send in sends} | {task.step_id for task in tasks}
    return [step.number for step in steps if step.id in step_ids]


def send_row(
    context: WorkspaceContext, enrollment: Enrollment, step: Step, sender_id: str, planned: PlannedSend
) -> Send:
    """Return the row of an automatic email. Does not write it."""
    return Send(
        id=new_id("snd"),
        workspace_id=enrollment.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step.id,
        person_id=enrollment.person_id,
        sender_id=sender_id,
        sandbox=context.workspace.sandbox,
        created_at=context.now,
        **planned_columns(planned),
    )


def expiry(enrollment: Enrollment, campaign: Campaign, due: date) -> datetime | None:
    """Return when a task expires (UTC): at the end of the campaign's last expiry day after ``due``."""
    if campaign.task_expiry_days is None:
        return None
    calendar = Calendar(enrollment.zone, campaign.skip_weekends)
    return calendar.instant(calendar.forward(due, campaign.task_expiry_days + 1), time(0))


def task_name(step: Step) -> str:
    """Return the name of a step's tasks."""
    return step.name or f"{StepType(step.type).value.capitalize()}, day {step.day}"


def task_row(  # the campaign gives assignee and expiry
    context: WorkspaceContext, enrollment: Enrollment, step: Step, campaign: Campaign, planned: PlannedTask
) -> Task:
    """Return the row of a task. Does not write it."""
    return Task(
        id=new_id("tsk"),
        workspace_id=enrollment.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step.id,
        campaign_id=enrollment.campaign_id,
        person_id=enrollment.person_id,
        assignee_id=sender_of(enrollment, campaign),
        sandbox=context.workspace.sandbox,
        type=StepType(step.type),
        name=task_name(step),
        details=step.notes,
        priority=step.priority,
        due_date=planned.due,
        expires_at=expiry(enrollment, campaign, planned.due),
        explanation=notes_to_json(planned.notes),
    )
