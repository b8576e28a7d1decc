"""One person's timeline: which steps of the campaign are scheduled now, and when.

``resolve_timeline`` goes through the steps in order, once. A step has happened already (its record says when), or its
send option resolves it now, or it waits because a task before it is open. Nothing is remembered between two calls:
the same launch and the same history give the same timeline, also after a late task, a pause or a changed time zone.

The numbers R1 to R19 name the rules in docs/scheduling.md.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from strategies import timeline_notes
from strategies.anchor import Anchor, launch_anchor
from strategies.calendar import Calendar, aware
from strategies.contract import Note, StepContext, StepType
from strategies.records import (
    EmailRecord,
    LaunchChoices,
    ManualEmailRecord,
    Planned,
    PlannedSend,
    StepRecord,
    TaskRecord,
    TimelineStep,
)
from strategies.registry import SendOptions
from strategies.step_plan import plan_step
from strategies.timeline_notes import Why

NO_RESUMES: Mapping[int, dt.date] = {}
Stop = Callable[[Planned], bool]
"""Says whether a timeline ends with a planned step, because the caller does not need the later ones."""


def never(_: Planned) -> bool:
    """End with no step: the timeline is complete."""
    return False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The emails and tasks that are scheduled for one person now."""

    planned: tuple[Planned, ...]
    """Emails and tasks to schedule, up to and including the first open task."""
    step_dates: Mapping[int, dt.date]
    """The date on which the day of each planned step falls, by step number."""
    passed_steps: tuple[int, ...]
    """Numbers of steps that were added after this person had passed their place. This person never gets them."""
    blocked_by: int | None
    """The number of the step whose open task blocks all later steps."""


class _Start(NamedTuple):
    """The start of the campaign for one person (R8)."""

    instant: dt.datetime
    why: Why = timeline_notes.NO_REASON

    def after_task(self, task: TaskRecord, why: Why) -> "_Start":
        """R8: the task that blocked is the start. A task that was finished before the start changes nothing."""
        return _Start(task.at, why) if task.at > self.instant else self


class _EarlierEmail(NamedTuple):
    """An email whose wall time later steps can take over (R8, R9)."""

    day: int
    time: dt.time
    why: Why


def resolve_timeline(
    steps: Sequence[TimelineStep],
    calendar: Calendar,
    launch: LaunchChoices,
    options: SendOptions,
    history: Mapping[int, StepRecord],
    now: dt.datetime,
    resumes: Mapping[int, dt.date] = NO_RESUMES,
    *,
    tasks_done_at: dt.time | None = None,
    scheduled_steps: Collection[int] = (),
    stop: Stop = never,
) -> Timeline:
    """Resolve the timeline of one person at ``now``. Raises Refusal where a step cannot be resolved.

    ``history`` holds what has happened, ``resumes`` the dates to which resumes after a pause moved steps, both by step
    number. With ``tasks_done_at`` no task blocks: each counts as done at that wall time on its due date.
    ``scheduled_steps`` are the numbers of the steps that have an email or a task already. The timeline ends with the
    first planned step for which ``stop`` is true.
    """
    now = aware(now).replace(microsecond=0)
    zone = timeline_notes.zone(calendar.zone, launch.zone_of)
    start = _Start(launch.send_at or launch.now)  # R5, R8: the send-at, else the launch
    anchor = launch_anchor(start.instant, calendar)  # R1, R2, R3: day 1 is the date of the start
    emails: list[_EarlierEmail] = []
    planned: list[Planned] = []
    step_dates: dict[int, dt.date] = {}
    passed_steps: list[int] = []
    blocked_by: int | None = None

    for number, step in enumerate(steps, 1):
        if number in resumes:
            anchor = anchor.after_resume(step.day, resumes[number])  # R19

        record = history.get(number)
        if record is None or isinstance(record, ManualEmailRecord):
            added = step.added if record is None else None
            passed = (
                added is not None and number not in scheduled_steps and _later_step_happened(number, added, history)
            )
            date = anchor.date_of(step.day)  # R1, R3
            context = _context(number, step, date, calendar, launch, start, emails, now)
            opening = _opening(zone, anchor, step.day, date, added)
            by_hand = record is not None
            plan = (
                None
                if passed
                else plan_step(step, context, options, opening, now, added, by_hand=by_hand, resumed=anchor.is_resume)
            )
            if plan is None:
                passed_steps.append(number)  # R20
                continue
            planned.append(plan)
            if stop(plan):
                break
            if isinstance(plan, PlannedSend):
                # R5, R6: the first email may have another date than its day.
                step_dates[number] = plan.date if number == 1 else date
                record = EmailRecord(plan.date, plan.time, plan.instant)
            else:
                step_dates[number] = date
                if tasks_done_at is None:
                    blocked_by = number  # R13: an open task blocks all later steps
                    break
                record = TaskRecord(plan.due, calendar.instant(plan.due, tasks_done_at))

        if isinstance(record, EmailRecord):
            emails.append(_EarlierEmail(step.day, record.time, {"day": step.day}))  # R9: the planned wall time
            if number == 1:
                start = _Start(record.instant)  # R8: the first email is the start
                anchor = anchor.after_first_email(step.day, record, launch)  # R5, R6
        else:
            why: Why = {"day": step.day, "how": record.how}
            anchor = anchor.after_task(step.day, record)  # R14
            start = start.after_task(record, why)  # R8
            if step.type is StepType.EMAIL:
                emails.append(_EarlierEmail(step.day, calendar.start(record.at)[1], why))  # R9: when it was really sent

    return Timeline(tuple(planned), step_dates, tuple(passed_steps), blocked_by)


def _later_step_happened(number: int, added: dt.datetime, history: Mapping[int, StepRecord]) -> bool:
    """Say whether a later step had happened when this one was added. Instants are kept to the second."""
    return any(
        (record.instant if isinstance(record, EmailRecord) else record.at).replace(microsecond=0) <= added
        for other, record in history.items()
        if other > number and not isinstance(record, ManualEmailRecord)
    )


def _opening(zone: Note, anchor: Anchor, day: int, date: dt.date, added: dt.datetime | None) -> tuple[Note, ...]:
    """Return the first notes of an explanation: the zone, the anchor, the date of the step's day."""
    notes: tuple[Note, ...] = (zone, anchor.note)
    if day != anchor.day:
        code = "DAY_WITHOUT_WEEKENDS" if anchor.calendar.skip_weekends else "DAY"
        notes = (*notes, Note(code, {"day": day, "date": date.isoformat()}))
    return notes if added is None else (*notes, Note("ADDED"))


def _context(
    number: int,
    step: TimelineStep,
    date: dt.date,
    calendar: Calendar,
    launch: LaunchChoices,
    start: _Start,
    emails: Sequence[_EarlierEmail],
    now: dt.datetime,
) -> StepContext:
    """Collect what a send option may know."""
    # R8: the nearest earlier email on an earlier day; an email on the same day is never the reference.
    reference: _EarlierEmail | None = None
    for email in reversed(emails):
        if email.day < step.day:
            reference = email
            break
    return StepContext(
        config=step.config,
        number=number,
        day=step.day,
        date=date,
        calendar=calendar,
        # R6: the launch decides whether the time of the first step has passed, also when it is resolved again.
        now=launch.now if number == 1 else now,
        start=start.instant,
        send_at=launch.send_at if number == 1 else None,  # R5
        time=launch.times.get(number),  # R7: the new wall time that launching gave this step
        earlier_email=None if reference is None else reference.time,
        earlier_why=timeline_notes.NO_REASON if reference is None else reference.why,
        start_why=start.why,
    )
