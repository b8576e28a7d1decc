"""One person's way through a campaign: which steps are scheduled now, and when.

The timeline is a fold over the steps in order. Each step either already happened (its record says when), or is
resolved by its send option, or waits because a task before it is open. Nothing is remembered between calls: what
happened so far and the launch give the same timeline again, also after a late task, a pause or a changed zone.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from strategies import timeline_notes
from strategies.answers import asked, broke, checked
from strategies.calendar import Calendar, aware
from strategies.contract import CreateTask, Note, SendAt, StepContext, StepType
from strategies.errors import Refusal
from strategies.records import (
    ByHand,
    Done,
    Emailed,
    Launch,
    Planned,
    PlannedSend,
    PlannedTask,
    Record,
    Step,
    ZoneOf,
)
from strategies.registry import SendOptions
from strategies.step_checks import LAST_DAY, check, check_launch, check_step, follow_up_offered, position

__all__ = [
    "LAST_DAY",
    "ByHand",
    "Done",
    "Emailed",
    "Launch",
    "Planned",
    "PlannedSend",
    "PlannedTask",
    "Record",
    "Step",
    "Timeline",
    "ZoneOf",
    "check",
    "check_launch",
    "check_step",
    "follow_up_offered",
    "position",
]

NEVER_RESUMED: Mapping[int, dt.date] = {}


def _went_by(number: int, added: dt.datetime, happened: Mapping[int, Record]) -> bool:
    """Whether something behind a step had happened already when it was added. To the second, as instants are kept."""
    return any(
        (record.instant if isinstance(record, Emailed) else record.at).replace(microsecond=0) <= added
        for other, record in happened.items()
        if other > number and not isinstance(record, ByHand)
    )


class Timeline:
    """The fold. ``planned`` is what is to be scheduled now, up to and including the first open task.

    ``resumed`` are the pauses that moved this person: from the step of that number on, days count from that date.
    With ``assumed``, open tasks do not block: each counts as done at that wall time on the date on which it is due.
    ``scheduled`` are the numbers of steps that the person has an email or a task of already.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        calendar: Calendar,
        launch: Launch,
        options: SendOptions,
        happened: Mapping[int, Record],
        now: dt.datetime,
        resumed: Mapping[int, dt.date] = NEVER_RESUMED,
        assumed: dt.time | None = None,
        scheduled: Collection[int] = (),
    ) -> None:
        self.calendar = calendar
        self.launch = launch
        self.options = options
        self.now = aware(now).replace(microsecond=0)
        self.planned: list[Planned] = []
        self.days: dict[int, dt.date] = {}
        """The date that each planned step's day fell on."""
        self.passed: list[int] = []
        """Steps that were added when the person had passed their place: they never come."""
        self.blocked_by: int | None = None
        self.start = launch.send_at or launch.now
        """The start of the campaign for this person, UTC."""
        self._start_why: timeline_notes.Why = {}
        self._emails: list[tuple[int, dt.time, timeline_notes.Why]] = []
        self._zone = timeline_notes.zone(calendar.zone, launch.zone_of)
        self._base_date, _, moved = calendar.start(self.start)
        self._base_day = 1
        self._base = timeline_notes.day_1(self._base_date, calendar.local(self.start).date() if moved else None)
        self._resumed = False
        for number, step in enumerate(steps, 1):
            if number in resumed:
                self._resume(step, resumed[number])
            record = happened.get(number)
            if record is None or isinstance(record, ByHand):
                added = step.added if record is None else None
                passed = added is not None and number not in scheduled and _went_by(number, added, happened)
                planned = None if passed else self._plan(number, step, added, by_hand=record is not None)
                if planned is None:
                    self.passed.append(number)
                    continue
                self.planned.append(planned)
                if isinstance(planned, PlannedTask):
                    if assumed is None:
                        self.blocked_by = number
                        break
                    self._finish_task(step, Done(planned.due, calendar.instant(planned.due, assumed)))
            elif isinstance(record, Emailed):
                self._emails.append((step.day, record.wall, {"day": step.day}))
                if number == 1:
                    self._begin(step.day, record.day, record.wall, record.instant)
            else:
                self._finish_task(step, record)

    def date_of(self, day: int) -> dt.date:
        """Return the date of a day, counted from the base (day 1, the last late task, or the last resume)."""
        if day < self._base_day:
            return self._base_date
        return self.calendar.forward(self._base_date, day - self._base_day)

    def _begin(self, day: int, on: dt.date, wall: dt.time, instant: dt.datetime) -> None:
        """The first automatic email fixes the days and the start."""
        self.start = instant
        expected, on = self.date_of(day), self.calendar.working(on)
        if on != expected:
            passed = self.launch.send_at is None and self.calendar.instant(expected, wall) < self.launch.now
            self._base_date, self._base_day = on, day
            self._base = timeline_notes.first_email(day, on, passed=passed)

    def _resume(self, step: Step, on: dt.date) -> None:
        """Count from the date to which resuming moved this step, unless a task has moved it further."""
        on = self.calendar.working(on)
        if on > self.date_of(step.day):
            self._base_date, self._base_day, self._resumed = on, step.day, True
            self._base = Note("RESUMED", {"day": step.day, "date": on.isoformat()})

    def _finish_task(self, step: Step, done: Done) -> None:
        finished, wall, moved = self.calendar.start(done.at)
        why: timeline_notes.Why = {"day": step.day, "how": done.how}
        if finished > done.due:
            self._base_date, self._base_day, self._resumed = finished, step.day, False
            self._base = timeline_notes.late_task(why, finished, self.calendar.local(done.at).date() if moved else None)
        # A task that is done ahead of day 1 must not pull an email before the start.
        if done.at > self.start:
            self.start, self._start_why = done.at, why
        if step.type is StepType.EMAIL:
            self._emails.append((step.day, wall, why))

    def _plan(self, number: int, step: Step, added: dt.datetime | None, *, by_hand: bool) -> Planned | None:
        """Return what is to be scheduled; None where its time had passed when the step was added."""
        day = self.date_of(step.day)
        notes: tuple[Note, ...] = (self._zone, self._base)
        if step.day != self._base_day:
            code = "DAY_WITHOUT_WEEKENDS" if self.calendar.skip_weekends else "DAY"
            notes = (*notes, Note(code, {"day": step.day, "date": day.isoformat()}))
        if added is not None:
            notes = (*notes, Note("ADDED"))
        if step.type is not StepType.EMAIL or step.send_option is None:
            answer: CreateTask | SendAt = CreateTask(day, (Note("HUMAN_WORK", {"type": step.type.value}),))
        else:
            answer = self._ask(step.send_option, number, step, day)
            if by_hand and isinstance(answer, SendAt):
                answer = CreateTask(day, (Note("TASK_BY_HAND"),))
        if isinstance(answer, CreateTask):
            if added is not None and answer.due < self.calendar.local(added).date():
                return None
            self.days[number] = day
            chosen = timeline_notes.option_chose_due(step.send_option, day, answer)
            return PlannedTask(number, answer.due, (*notes, *answer.notes, *chosen))
        if self._resumed and answer.date < day:
            answer = self._unfixed(number, step, day, answer)
        moment = self.calendar.moment(answer.date, answer.time)
        instant = answer.instant or moment.instant
        if added is not None and instant < added:
            return None
        self.days[number] = answer.date if number == 1 else day
        self._emails.append((step.day, answer.time, {"day": step.day}))
        late = self.now if instant < self.now else None
        if number == 1:
            self._begin(step.day, answer.date, answer.time, late or instant)
            if timeline_notes.fixes_the_day(answer.notes):
                notes = (self._zone,)
        trace = (*notes, *answer.notes, *timeline_notes.timing(step.send_option, day, answer, moment, late))
        return PlannedSend(number, answer.date, answer.time, self.calendar.zone, late or instant, trace)

    def _ask(self, key: str, number: int, step: Step, day: dt.date) -> SendAt | CreateTask:
        """Let the option resolve the step. Raises Refusal: its own, or SEND_OPTION_FAILED with what it raised."""
        option = self.options.need(key)
        context = self._context(number, step, day)
        try:
            return checked(asked(lambda: option.resolve(context)))
        except Refusal:
            raise
        except BaseException as problem:  # an exit is no way out for a package, and nothing here is awaited
            raise Refusal("SEND_OPTION_FAILED", broke(f"{key!r} of step {number}", problem)) from problem

    def _unfixed(self, number: int, step: Step, day: dt.date, answer: SendAt) -> SendAt:
        """Keep only the wall time of an instant that was fixed before the pause, such as a send-at."""
        assert step.send_option is not None  # noqa: S101 - it has answered
        other = self._ask(step.send_option, number, step, self.calendar.forward(day, 1))
        fixed = isinstance(other, SendAt) and other.date == answer.date
        kept = Note("TIME_KEPT", {"time": answer.time.isoformat()})
        return SendAt(day, answer.time, (kept,)) if fixed else answer

    def _context(self, number: int, step: Step, day: dt.date) -> StepContext:
        earlier, why = None, timeline_notes.NO_REASON
        for on, wall, reason in reversed(self._emails):
            if on < step.day:
                earlier, why = wall, reason
                break
        return StepContext(
            config=step.config,
            number=number,
            day=step.day,
            date=day,
            calendar=self.calendar,
            # Whether the first step's time has passed is asked of the launch, also when it is resolved again.
            now=self.launch.now if number == 1 else self.now,
            start=self.start,
            send_at=self.launch.send_at if number == 1 else None,
            time=self.launch.times.get(number),
            earlier_email=earlier,
            earlier_why=why,
            start_why=self._start_why,
        )
