"""Go through the steps of a campaign for one person: plan each step, and keep the values that later steps use.

The numbers R1 to R20 name the rules in docs/scheduling.md.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from strategies.calendar import Calendar
from strategies.contract import Note, StepContext, StepType
from strategies.facts import Facts
from strategies.registry import SendOptions
from strategies.timeline import timeline_notes
from strategies.timeline.anchor import Anchor, launch_anchor
from strategies.timeline.records import (
    EmailRecord,
    LaunchChoices,
    ManualEmailRecord,
    Planned,
    PlannedSend,
    StepRecord,
    TaskRecord,
    TimelineStep,
)
from strategies.timeline.step_plan import plan_step
from strategies.timeline.timeline_notes import Why


class Start(NamedTuple):
    """The start of the campaign for one person (R8)."""

    instant: dt.datetime
    why: Why = timeline_notes.NO_REASON

    def after_task(self, task: TaskRecord, calendar: Calendar, why: Why) -> "Start":
        """R8: the task that blocked is the start. One that was finished before its day does not pull the start."""
        on_its_day = calendar.start(task.at)[0] >= task.due
        return Start(task.at, why) if task.at > self.instant or on_its_day else self


class EarlierEmail(NamedTuple):
    """An email whose wall time later steps can take over (R8, R9)."""

    day: int
    time: dt.time
    why: Why
    zone: str | None = None
    """The zone of the time if it is another than the calendar's."""


@dataclass(slots=True)
class TimelineInput:
    """The input of a timeline, except the facts about the person. ``resolve_timeline`` describes the fields.

    Nothing changes it.
    """

    steps: Sequence[TimelineStep]
    calendar: Calendar
    launch: LaunchChoices
    history: Mapping[int, StepRecord]
    now: dt.datetime
    """UTC, in whole seconds."""
    resumes: Mapping[int, dt.date]
    tasks_done_at: dt.time | None = None
    scheduled_steps: Collection[int] = ()


@dataclass(slots=True)
class Walk:
    """The state after some steps for one person: their plans, and the dates and times that later steps use."""

    zone: Note
    start: Start
    anchor: Anchor
    emails: list[EarlierEmail] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    step_dates: dict[int, dt.date] = field(default_factory=dict)
    passed_steps: list[int] = field(default_factory=list)
    blocked_by: int | None = None

    @classmethod
    def begin(cls, given: TimelineInput) -> "Walk":
        """Begin before the first step."""
        start = Start(given.launch.send_at or given.launch.now)  # R5, R8: the send-at, else the launch
        # R1, R2, R3: day 1 is the date of the start
        anchor = launch_anchor(start.instant, given.calendar)
        return cls(timeline_notes.zone(given.calendar.zone, given.launch.zone_of), start, anchor)

    def copy(self) -> "Walk":
        """Return an independent copy."""
        lists = self.emails.copy(), self.planned.copy(), self.step_dates.copy(), self.passed_steps.copy()
        return Walk(self.zone, self.start, self.anchor, *lists, self.blocked_by)

    def advance(self, number: int, given: TimelineInput, options: SendOptions, facts: Facts) -> Planned | None:
        """Go through the step with this number. Returns what it plans, or None. Raises Refusal.

        ``facts`` are those that the step's send option declares.
        """
        step, calendar, launch = given.steps[number - 1], given.calendar, given.launch
        if number in given.resumes:
            self.anchor = self.anchor.after_resume(step.day, given.resumes[number])  # R19
        record: StepRecord | PlannedSend | None = given.history.get(number)
        plan: Planned | None = None
        if record is None or isinstance(record, ManualEmailRecord):
            date = self.anchor.date_of(step.day)  # R1, R3
            plan = self._plan(number, step, date, record, given, options, facts)
            if plan is None:
                self.passed_steps.append(number)  # R20
                return None
            self.planned.append(plan)
            self.step_dates[number] = date
            if isinstance(plan, PlannedSend):
                if number == 1 and plan.moves_day_one:
                    self.step_dates[number] = plan.date  # R5, R6: the first email may have another date than its day
                record = plan
            elif given.tasks_done_at is None:
                self.blocked_by = number  # R13: an open task blocks all later steps
                return plan
            else:
                record = TaskRecord(plan.due, calendar.instant(plan.due, given.tasks_done_at))

        if isinstance(record, (PlannedSend, EmailRecord)):
            own_zone = None if record.zone == calendar.zone else record.zone
            self.emails.append(EarlierEmail(step.day, record.time, {"day": step.day}, own_zone))  # R9: the planned time
            if number == 1:
                self.start = Start(record.instant)  # R8: the first email is the start
                self.anchor = self.anchor.after_first_email(step.day, record, launch, step.send_option)  # R5, R6
        else:
            why: Why = {"day": step.day, "how": record.how}
            self.anchor = self.anchor.after_task(step.day, record)  # R14
            self.start = self.start.after_task(record, calendar, why)  # R8
            if step.type is StepType.EMAIL:
                # R9: when it was really sent
                self.emails.append(EarlierEmail(step.day, calendar.start(record.at)[1], why))
        return plan

    def _plan(
        self,
        number: int,
        step: TimelineStep,
        date: dt.date,
        by_hand: ManualEmailRecord | None,
        given: TimelineInput,
        options: SendOptions,
        facts: Facts,
    ) -> Planned | None:
        added = step.added if by_hand is None else None
        if (
            added is not None
            and number not in given.scheduled_steps
            and _later_step_happened(number, added, given.history)
        ):
            return None
        anchor = self.anchor
        context = _context(number, step, date, given, self.start, self.emails, facts)
        opening = _opening(self.zone, anchor, step.day, date, added)
        return plan_step(
            step, context, options, opening, given.now, added, by_hand=by_hand is not None, resumed=anchor.is_resume
        )


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
    given: TimelineInput,
    start: Start,
    emails: Sequence[EarlierEmail],
    facts: Facts,
) -> StepContext:
    """Return the input of a send option."""
    launch = given.launch
    # R8: the nearest earlier email on an earlier day; an email on the same day is never the reference.
    reference: EarlierEmail | None = None
    for email in reversed(emails):
        if email.day < step.day:
            reference = email
            break
    return StepContext(
        config=step.config,
        number=number,
        day=step.day,
        date=date,
        calendar=given.calendar,
        # R6: the launch decides whether the time of the first step has passed, also when it is resolved again.
        now=launch.now if number == 1 else given.now,
        start=start.instant,
        send_at=launch.send_at if number == 1 else None,  # R5
        time=launch.times.get(number),  # R7: the new wall time that launching gave this step
        earlier_email=None if reference is None else reference.time,
        earlier_why=timeline_notes.NO_REASON if reference is None else reference.why,
        start_why=start.why,
        earlier_zone=None if reference is None else reference.zone,
        facts=facts,
    )
