"""Plan a resume: if a person has an overdue email, all their unsent emails move by the same number of days."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import takewhile
from typing import Any

from api.models import Campaign, Enrollment, Send, Step, Task
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import NO_OWN_FACTS, FactSource, OwnFacts
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.planned_columns import planned_columns
from api.services.enrollments.timelines.task_dates import campaign_date, moved_dates
from api.services.enrollments.timelines.timeline_rows import (
    expiry,
    is_at_local_time,
    is_immediate,
    is_postponed,
    keeps_planned_time,
    launch_choices,
    resolver,
    resumes,
    scheduled_steps,
    step_records,
    uses_planned_time,
)
from api.states import WAITING_STATUSES, TaskStatus
from api.store.campaigns import holds
from strategies import Calendar, Note, SendAt
from strategies.calendar import instant_of, local, moment_of
from strategies.questions import QuestionCollector
from strategies.timeline import timeline_notes
from strategies.timeline.allowed_times import Ranges
from strategies.timeline.records import PlannedSend, PlannedTask
from strategies.timeline.resume_plan import Shift, goes_at_once, shift
from strategies.timeline.timeline import resolve_timeline

# The columns that are read. Many rows are read, so no other columns are.
SEND_COLUMNS = (
    *("id", "enrollment_id", "step_id", "status", "attempts", "by_hand", "due_at"),
    *("planned_at", "planned_date", "planned_time", "zone", "explanation", "reason", "allowed_times_id"),
)
TASK_COLUMNS = ("id", "enrollment_id", "step_id", "status", "due_date", "planned_date", "done_at")
ENROLLMENT_COLUMNS = (
    *("id", "person_id", "zone", "zone_of", "launched_at", "send_at", "times", "resumed", "launched_revision"),
)

MAX_KEPT_SHIFTS = 1_000
"""Shifts that are kept. People with the same facts share one."""

log = logging.getLogger("touchline.pausing")


@dataclass(frozen=True, slots=True)
class Change:
    """One waiting email: the number of its step, and its due times (UTC) before and after."""

    number: int
    before: datetime
    after: datetime


@dataclass(slots=True)
class Changes:
    """Changes for people with overdue emails, as rows for the store."""

    emails: list[Change] = field(default_factory=list)
    sends: list[Mapping[str, Any]] = field(default_factory=list)
    tasks: list[Mapping[str, Any]] = field(default_factory=list)
    resumed: list[Mapping[str, Any]] = field(default_factory=list)
    """One row for each person."""
    allowed: list[Ranges | None] = field(default_factory=list)
    """The ranges of time in which the emails can be sent."""
    at_once: list[int] = field(default_factory=list)
    """Step numbers of overdue emails that keep their time, and are sent immediately."""


@dataclass(slots=True)
class ResumePlanner:
    """Shifts the overdue emails of one campaign to ``now`` or later. People with the same facts share one shift."""

    context: WorkspaceContext
    campaign: Campaign
    steps: Sequence[Step]
    now: datetime
    source: FactSource
    shifts: dict[str, Shift] = field(default_factory=dict)

    @classmethod
    async def load(
        cls, context: WorkspaceContext, campaign: Campaign, steps: Sequence[Step], now: datetime
    ) -> "ResumePlanner":
        """Return a planner with the facts that the send options of the steps declare."""
        return cls(context, campaign, steps, now, await FactSource.load(context, campaign, steps))

    async def changes(self, enrollment_ids: Sequence[str]) -> Changes:
        """Return the changes of a resume for these enrollments. Writes nothing."""
        moving = await holds.overdue_enrollments(list(enrollment_ids), self.now)
        sends: dict[str | None, list[Send]] = {key: [] for key in moving}
        tasks: dict[str | None, list[Task]] = {key: [] for key in moving}
        for send in await Send.filter(enrollment_id__in=moving).only(*SEND_COLUMNS):
            sends[send.enrollment_id].append(send)
        for task in await Task.filter(enrollment_id__in=moving).only(*TASK_COLUMNS):
            tasks[task.enrollment_id].append(task)
        found = Changes()
        people = await Enrollment.filter(id__in=moving).only(*ENROLLMENT_COLUMNS)
        own = await self.source.people({row.person_id for row in people})
        questions = QuestionCollector()
        for enrollment in people:
            facts = own.get(enrollment.person_id, NO_OWN_FACTS)
            with questions:
                self.add(found, enrollment, sends[enrollment.id], tasks[enrollment.id], facts)
        questions.raise_any()
        return found

    def add(
        self,
        found: Changes,
        enrollment: Enrollment,
        sends: Sequence[Send],
        tasks: Sequence[Task],
        own: OwnFacts,
    ) -> None:
        """Add one person's changes to ``found``. ``own`` are their facts, of ``source``."""
        numbers = {step.id: step.number for step in self.steps}
        waiting = [send for send in sends if send.status in WAITING_STATUSES and send.step_id in numbers]
        moments = {task.done_at for task in tasks}
        # If the first email waits for a local time, no email was to be sent at the moment of the launch.
        if not any(is_at_local_time(send) for send in sends if numbers.get(send.step_id) == 1):
            moments.add(enrollment.launched_at)
        now = {send.id for send in waiting if self._at_once(enrollment, send, moments)}
        at_once = sorted(numbers[send.step_id] for send in waiting if send.id in now)
        found.at_once += at_once
        waiting = [send for send in waiting if send.id not in now]
        if not any(send.due_at < self.now for send in waiting):
            return
        done = self._shift(enrollment, sends, tasks, waiting, at_once, own)
        for send in waiting:
            row = self._send(enrollment, send, numbers[send.step_id], done, found.allowed)
            found.sends.append(row)
            found.emails.append(Change(numbers[send.step_id], send.due_at, row["due_at"]))
        for task in tasks:
            planned = done.planned.get(numbers.get(task.step_id, 0))
            if (
                task.status is TaskStatus.OPEN
                and isinstance(planned, PlannedTask)
                and planned.due > campaign_date(task)
            ):
                due, planned_date = moved_dates(task, planned.due)
                found.tasks.append(
                    {
                        "id": task.id,
                        "due_date": due,
                        "planned_date": planned_date,
                        "expires_at": expiry(enrollment, self.campaign, due),
                        "paused_seconds": self.campaign.paused_seconds,
                        "explanation": notes_to_json(planned.notes),
                    }
                )
        steps = {step.number: step for step in self.steps}
        resumed = {steps[number].id: [steps[number].day, on.isoformat()] for number, on in done.resumed.items()}
        found.resumed.append({"id": enrollment.id, "resumed": resumed})

    def _at_once(self, enrollment: Enrollment, send: Send, moments: Collection[datetime | None]) -> bool:
        """Say whether an overdue email is sent as soon as the campaign is resumed. See ``is_immediate``."""
        paused = self.campaign.last_paused_at
        if paused is None or send.due_at >= self.now:
            return False
        due = send.planned_at if is_postponed(send) else send.due_at
        return goes_at_once(is_immediate(send, moments), due, paused, self.now, enrollment.zone)

    def _shift(
        self,
        enrollment: Enrollment,
        sends: Sequence[Send],
        tasks: Sequence[Task],
        waiting: Sequence[Send],
        at_once: Sequence[int],
        own: OwnFacts,
    ) -> Shift:
        happened = step_records(self.steps, sends, tasks)
        numbers = {step.id: step.number for step in self.steps}
        overdue = [send for send in waiting if send.due_at < self.now]
        planned = sorted(numbers[send.step_id] for send in overdue if uses_planned_time(send))
        others = sorted(_local_due(send) for send in overdue if not uses_planned_time(send))
        launched = launch_choices(enrollment, self.steps)
        # People with the same launch and the same facts share one shift.
        key = repr((enrollment.zone, launched, enrollment.resumed, sorted(happened.items()), planned, others, at_once))
        scheduled = scheduled_steps(self.steps, sends, tasks)
        key += repr((enrollment.launched_revision, scheduled, own))
        if len(self.shifts) >= MAX_KEPT_SHIFTS:
            self.shifts.clear()
        if key not in self.shifts:
            calendar = Calendar(enrollment.zone, self.campaign.skip_weekends)
            resumed = resumes(enrollment, self.steps, calendar)
            facts = self.source.facts(own, enrollment.launched_at)
            fold = resolver(self.context, self.campaign, self.steps, enrollment, happened, self.now, facts, scheduled)
            try:
                self.shifts[key] = shift(fold, resumed, planned, others, calendar, self.now, at_once)
            except Exception as problem:
                # A send option is missing or fails. The emails move anyway, by the times in their rows.
                log.warning("the campaign %s was resumed without its send options: %s", self.campaign.id, problem)
                options = self.context.installed.send_options
                nothing = resolve_timeline((), calendar, launched, options, {}, self.now)
                walls = sorted(_local_due(send) for send in overdue)
                self.shifts[key] = shift(lambda _resumed, _stop: nothing, resumed, (), walls, calendar, self.now)
        return self.shifts[key]

    def _send(
        self, enrollment: Enrollment, send: Send, number: int, done: Shift, allowed: list[Ranges | None]
    ) -> dict[str, Any]:
        planned = done.planned.get(number)
        if uses_planned_time(send) and isinstance(planned, PlannedSend):
            allowed.append(planned.allowed)
            return {"id": send.id, **planned_columns(planned)}
        day, wall, zone = _local_due(send)
        day = Calendar(enrollment.zone, self.campaign.skip_weekends).forward(day, done.days)
        due, planned_so = instant_of(day, wall, zone), _has_planned_time(send)
        note = Note("MOVED_AFTER_PAUSE", {"date": day.isoformat(), "time": wall.isoformat()})
        clocks = timeline_notes.daylight_saving_notes(SendAt(day, wall), moment_of(day, wall, zone))
        earlier = takewhile(lambda line: line[0] != note.code, send.explanation)
        return {
            "id": send.id,
            "due_at": due,
            "planned_at": due if planned_so else send.planned_at,
            "planned_date": day if planned_so else send.planned_date,
            "planned_time": send.planned_time,
            "zone": zone,
            "allowed_times_id": send.allowed_times_id,
            "explanation": [*earlier, *notes_to_json([note, *clocks])],
        }


def _has_planned_time(send: Send) -> bool:
    """Say whether a shift starts from an email's planned time: it was not tried, though it may have been postponed."""
    return keeps_planned_time(send) or is_postponed(send)


def _local_due(send: Send) -> tuple[date, time, str]:
    """Return the date, local time and zone that a shift starts from: the planned ones, or those of the next attempt."""
    if _has_planned_time(send):
        return send.planned_date, time.fromisoformat(send.planned_time), send.zone
    shown = local(send.due_at, send.zone)
    return shown.date(), shown.time().replace(fold=0), send.zone
