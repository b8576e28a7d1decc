"""From rows to the pure timeline, and back."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time

from api.ids import new_id
from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.common.context import WorkspaceContext
from api.states import SendStatus, TaskStatus
from strategies import Calendar, Note, Refusal, SendAt, StepType, WarningNote, timeline_notes
from strategies.answers import availability
from strategies.calendar import local, moment_of
from strategies.edit_plan import Slot
from strategies.records import (
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
from strategies.step_checks import position
from strategies.timeline import Timeline, resolve_timeline

DONE_STATUSES = (TaskStatus.COMPLETED, TaskStatus.SKIPPED, TaskStatus.EXPIRED)

log = logging.getLogger("touchline.plans")


def core_steps(rows: Iterable[Step], launched_revision: int | None = None) -> list[TimelineStep]:
    """Return the steps as the timeline sees them, in order, for someone who was launched with a revision."""

    def added(row: Step) -> datetime | None:
        passes = launched_revision is not None and added_after(row, launched_revision)
        return row.added_at if passes else None

    return [
        TimelineStep(row.day, StepType(row.type), row.send_option, row.config, row.follow_up, added(row))
        for row in sorted(rows, key=lambda row: row.number)
    ]


def added_after(step: Step, launched_revision: int) -> bool:
    """Say whether a step was added after someone was launched with a revision of the campaign."""
    return step.added_revision is not None and launched_revision < step.added_revision


def core_launch(enrollment: Enrollment, steps: Iterable[Step]) -> LaunchChoices:
    """Return what launching chose for this person."""
    times = {row.number: time.fromisoformat(enrollment.times[row.id]) for row in steps if row.id in enrollment.times}
    whose = ZoneOf(enrollment.zone_of) if enrollment.zone_of else None
    return LaunchChoices(enrollment.launched_at, enrollment.send_at, times, whose)


def zone_for(campaign: Campaign, recipient: str | None, sender: str) -> tuple[str, ZoneOf]:
    """Return the zone in which a person's days and times are meant, and whose it is."""
    if not campaign.use_recipient_zone:
        return sender, ZoneOf.SENDER
    return (recipient, ZoneOf.RECIPIENT) if recipient else (sender, ZoneOf.FALLBACK)


def resumes(enrollment: Enrollment, steps: Iterable[Step], calendar: Calendar) -> dict[int, date]:
    """Return from which date on days count since a resume, by the number of the step that it begins with.

    A step that was moved to another day since then has moved by as many days from there.
    """
    known = enrollment.resumed or {}
    found = {}
    for row in steps:
        if row.id in known:
            day, on = known[row.id]
            found[row.number] = calendar.forward(date.fromisoformat(on), row.day - day)
    return found


def resolve(  # every argument is a fact of its own
    context: WorkspaceContext,
    campaign: Campaign,
    steps: Sequence[Step],
    enrollment: Enrollment,
    happened: Mapping[int, StepRecord],
    now: datetime,
    resumed: Mapping[int, date] | None = None,
    scheduled: Collection[int] = (),
) -> Timeline:
    """Fold one enrollment's way through the campaign; ``resumed`` where it is not what the enrollment has.

    ``scheduled`` are the numbers of the steps that the person has an email or a task of.

    Raises Refusal: what a send option refuses, and, with its traceback in the log, SEND_OPTION_FAILED where one breaks.
    """
    calendar = Calendar(enrollment.zone, campaign.skip_weekends)
    resumed = resumes(enrollment, steps, calendar) if resumed is None else resumed
    launched, options = core_launch(enrollment, steps), context.installed.send_options
    try:
        return resolve_timeline(
            core_steps(steps, enrollment.launched_revision),
            calendar,
            launched,
            options,
            happened,
            now,
            resumed,
            scheduled_steps=scheduled,
        )
    except Refusal as refusal:
        if refusal.code == "SEND_OPTION_FAILED":
            log.error("%s: %s", campaign.id, refusal.message, exc_info=refusal.__cause__)
        raise


def offer_warnings(context: WorkspaceContext, rows: Sequence[Step]) -> list[WarningNote]:
    """Return a warning for each step whose send option is offered there, but not recommended."""
    steps, options = core_steps(rows), context.installed.send_options
    found: list[WarningNote] = []
    for number, step in enumerate(steps, 1):
        if step.send_option is None or step.send_option not in options:
            continue
        offer = availability(options.need(step.send_option), position(steps, number))
        if offer.warning:
            values: dict[str, str | int] = {"step": number, "option": step.send_option, "warning": offer.warning}
            found.append(WarningNote(offer.warning_code or "SEND_OPTION_WARNING", values))
    return found


def untouched(send: Send) -> bool:
    """Say whether an email still follows the plan: neither tried, nor retried by a person, nor put off."""
    return send.status is SendStatus.SCHEDULED and not send.attempts and send.due_at == send.planned_at


def follows(send: Send) -> bool:
    """Say whether an email's time is that of its send option."""
    return untouched(send) and not send.by_hand


def put_off(send: Send) -> bool:
    """Say whether an email that nobody has tried yet was put off: for its account, or for the email that it follows."""
    waits = send.status is SendStatus.SCHEDULED and not send.attempts
    return waits and send.reason is not None and send.due_at != send.planned_at


NOTES_OF_A_PERSON = ("RESCHEDULED", "RESCHEDULED_NOW")
"""Notes on when an email leaves that a time which a person chooses replaces, with all that follow them."""


def zone_note(enrollment: Enrollment) -> Note:
    """Say in which zone a person's times are meant, and whose it is."""
    return timeline_notes.zone(enrollment.zone, ZoneOf(enrollment.zone_of) if enrollment.zone_of else None)


def chosen_notes(code: str, at: datetime, zone: str) -> list[Note]:
    """Say which instant (UTC) a person chose, and which of two it is where the clocks show its wall time twice."""
    shown = local(at, zone)
    day, wall = shown.date(), shown.time().replace(microsecond=0, fold=0)
    values = {"date": day.isoformat(), "time": wall.isoformat(), "at": timeline_notes.utc(at)}
    return [Note(code, values), *timeline_notes.clocks(SendAt(day, wall, instant=at), moment_of(day, wall, zone))]


def _rescheduled(send: Send) -> bool:
    """Say whether a person gave an email the wall time at which it is due."""
    times = [values["time"] for code, values in send.explanation if code == "RESCHEDULED"]
    return bool(times) and local(send.due_at, send.zone).time().isoformat("seconds") == times[-1]


def at_wall_time(send: Send) -> bool:
    """Say whether an email was planned for a wall time that had not passed."""
    codes = {code for code, _ in send.explanation}
    return "LATE" not in codes and not codes.isdisjoint(timeline_notes.WALL_TIME_CODES)


def for_now(send: Send, moments: Collection[datetime | None]) -> bool:
    """Say whether an email was to leave at once when it was scheduled, and not at a wall time.

    ``moments`` (UTC) are those at which emails were told to leave: the person's launch, and when their tasks were done.
    A wall time may be the same instant by chance, above all in a sandbox, whose clock stands at whole seconds. Emails
    that are tried again are for now as well.
    """
    if _rescheduled(send):
        return False
    if not untouched(send) and not put_off(send):
        return True
    late = any(code == "LATE" for code, _ in send.explanation)
    return late or (send.planned_at in moments and not at_wall_time(send))


def slot(send: Send) -> Slot:
    """Return the time for which an automatic email waits."""
    return Slot(send.planned_date, time.fromisoformat(send.planned_time), send.zone, send.planned_at)


def records(steps: Sequence[Step], sends: Iterable[Send], tasks: Iterable[Task]) -> dict[int, StepRecord]:
    """Return what already happened, by step number: emails that no longer follow the plan, and tasks that are done.

    What belongs to a step that was removed is no part of the campaign any more.
    """
    numbers = {step.id: step.number for step in steps}
    happened: dict[int, StepRecord] = {}
    by_hand: dict[str, Send] = {}
    for send in sends:
        if send.by_hand:
            by_hand[send.step_id] = send
        if send.step_id in numbers and not follows(send):
            wall = time.fromisoformat(send.planned_time)
            emailed = EmailRecord(send.planned_date, wall, send.planned_at)
            happened[numbers[send.step_id]] = ManualEmailRecord() if send.by_hand else emailed
    for task in tasks:
        if task.step_id in numbers and task.status in DONE_STATUSES and task.done_at is not None:
            how = _how(task, task.done_at, by_hand.get(task.step_id))
            happened[numbers[task.step_id]] = TaskRecord(task.due_date, task.done_at, how)
    return happened


def _how(task: Task, done_at: datetime, send: Send | None) -> str:
    """Say how a task was done: its status, or SENT where it was done by sending its email."""
    if task.status is TaskStatus.COMPLETED and send is not None and send.status is not SendStatus.FAILED:
        sent = send.planned_at == done_at or send.status in (SendStatus.SENT, SendStatus.BOUNCED)
        return "SENT" if sent else str(task.status)
    return str(task.status)


def scheduled_steps(steps: Sequence[Step], sends: Iterable[Send], tasks: Iterable[Task]) -> list[int]:
    """Return the numbers of the steps that a person has an email or a task of."""
    theirs = {send.step_id for send in sends} | {task.step_id for task in tasks}
    return [step.number for step in steps if step.id in theirs]


def stored(notes: Iterable[Note]) -> list[list[object]]:
    """Return an explanation as it is stored: code and values."""
    return [[note.code, dict(note.values)] for note in notes]


def spoken(explanation: Iterable[tuple[str, dict[str, str | int]]]) -> list[Note]:
    """Return a stored explanation as notes."""
    return [Note(code, values) for code, values in explanation]


def send_row(
    context: WorkspaceContext, enrollment: Enrollment, step: Step, sender_id: str, planned: PlannedSend
) -> Send:
    """Make the row of an automatic email, not yet written."""
    return Send(
        id=new_id("snd"),
        workspace_id=enrollment.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step.id,
        person_id=enrollment.person_id,
        sender_id=sender_id,
        sandbox=context.workspace.sandbox,
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


def task_name(step: Step) -> str:
    """Return what the tasks of a step are called."""
    return step.name or f"{StepType(step.type).value.capitalize()}, day {step.day}"


def task_row(  # the campaign gives assignee and expiry
    context: WorkspaceContext, enrollment: Enrollment, step: Step, campaign: Campaign, planned: PlannedTask
) -> Task:
    """Make the row of a task, not yet written."""
    return Task(
        id=new_id("tsk"),
        workspace_id=enrollment.workspace_id,
        enrollment_id=enrollment.id,
        step_id=step.id,
        person_id=enrollment.person_id,
        assignee_id=campaign.sender_id,
        sandbox=context.workspace.sandbox,
        type=StepType(step.type),
        name=task_name(step),
        details=step.notes,
        priority=step.priority,
        due_date=planned.due,
        expires_at=expiry(enrollment, campaign, planned.due),
        explanation=stored(planned.notes),
    )
