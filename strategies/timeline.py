"""One person's way through a campaign: which steps are scheduled now, and when.

The timeline is a fold over the steps in order. Each step either already happened (its record says when), or is
resolved by its send option, or waits because a task before it is open. Nothing is remembered between calls: what
happened so far and the launch give the same timeline again, also after a late task, a pause or a changed zone.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strategies.answers import availability, broke, checked
from strategies.calendar import Calendar, aware, wall_exists
from strategies.contract import CreateTask, Note, Position, SendAt, StepContext, StepType
from strategies.errors import Refusal
from strategies.registry import SendOptions

LAST_DAY = 365


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a campaign, as the timeline sees it."""

    day: int
    type: StepType
    send_option: str | None
    config: Mapping[str, Any]
    follow_up: bool = False
    added: dt.datetime | None = None
    """When it was added, UTC: whoever was launched before may have passed it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What launching chose for one person. Instants in UTC; ``times`` by step number."""

    now: dt.datetime
    send_at: dt.datetime | None
    times: Mapping[int, dt.time]


@dataclass(frozen=True, slots=True)
class Emailed:
    """An automatic email that was scheduled before: the wall time that it was planned for, and its instant."""

    day: dt.date
    wall: dt.time
    instant: dt.datetime


@dataclass(frozen=True, slots=True)
class Done:
    """A task that is completed, sent or skipped: when it was due, and when that happened."""

    due: dt.date
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class ByHand:
    """An open task whose email a person has scheduled: it stays a task, whatever the step has become."""


Record = Emailed | Done | ByHand


@dataclass(frozen=True, slots=True)
class PlannedSend:
    """An automatic email: the wall time it is planned for, its zone, and the UTC instant at which it goes out."""

    number: int
    date: dt.date
    time: dt.time
    zone: str
    instant: dt.datetime
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task for a person, due on a date of the enrollment's zone."""

    number: int
    due: dt.date
    notes: tuple[Note, ...]


Planned = PlannedSend | PlannedTask


def position(steps: Sequence[Step], number: int) -> Position:
    """Return where the step of this number stands."""
    step = steps[number - 1]
    return Position(
        number,
        step.day,
        steps[number - 2].type if number > 1 else None,
        any(s.type is StepType.EMAIL and s.day < step.day for s in steps[: number - 1]),
    )


def check(steps: Sequence[Step], options: SendOptions) -> None:
    """Check that every option is offered where it stands. Raises Refusal that says which step is wrong."""
    for number, step in enumerate(steps, 1):
        try:
            check_step(steps, number, step, options)
        except Refusal as refusal:
            raise Refusal(refusal.code, f"Step {number}: {refusal.message}", ("campaignId",)) from None


def check_step(steps: Sequence[Step], number: int, step: Step, options: SendOptions) -> None:
    """Check one step at its place. Raises Refusal."""
    if not 1 <= step.day <= LAST_DAY:
        raise Refusal("INVALID_DAY", f"Days are counted from 1 to {LAST_DAY}; this step says {step.day}.", ("day",))
    if step.type is not StepType.EMAIL:
        if step.send_option is not None:
            raise Refusal("SEND_OPTION_NOT_AVAILABLE", "Only email steps have a send option.", ("sendOption",))
    else:
        if step.send_option is None:
            raise Refusal("SEND_OPTION_REQUIRED", "An email step needs a send option.", ("sendOption",))
        try:
            offer = availability(options.need(step.send_option), position(steps, number))
        except Refusal as refusal:
            raise refusal.under("sendOption") from None
        if not offer.offered:
            raise Refusal(
                offer.code or "SEND_OPTION_NOT_AVAILABLE",
                offer.reason or f"{step.send_option} is not offered here.",
                ("sendOption",),
            )
    if step.follow_up and (step.type is not StepType.EMAIL or not follow_up_offered(position(steps, number))):
        raise Refusal(
            "FOLLOW_UP_NOT_AVAILABLE",
            "A follow-up is only possible on an email step whose directly preceding step is an email.",
            ("followUp",),
        )


def follow_up_offered(at: Position) -> bool:
    """Say whether the follow-up checkbox is shown: the directly preceding step is an email."""
    return at.previous is StepType.EMAIL


def check_launch(steps: Sequence[Step], launch: Launch, options: SendOptions) -> None:
    """Check what launching chose. Raises Refusal."""
    if not steps:
        raise Refusal("NO_STEPS", "This campaign has no steps yet: add one before launching it.", ("campaignId",))
    check(steps, options)
    if launch.send_at is not None and launch.send_at < launch.now:
        raise Refusal("SEND_AT_IN_PAST", "The send-at has already passed. Give NOW or a later instant.", ("sendAt",))
    for number in launch.times:
        if not 1 <= number <= len(steps):
            raise Refusal("STEP_NOT_FOUND", f"This campaign has no step {number}.", ("times", str(number), "step"))
        option = steps[number - 1].send_option
        if option is None or not options.need(option).takes_time:
            raise Refusal(
                "TIME_NOT_ACCEPTED",
                f"The send option of step {number} takes no new time.",
                ("times", str(number), "time"),
            )


NEVER_RESUMED: Mapping[int, dt.date] = {}


def _went_by(number: int, added: dt.datetime, happened: Mapping[int, Record]) -> bool:
    """Whether something behind a step had happened already when it was added."""
    return any(
        (record.instant if isinstance(record, Emailed) else record.at) < added
        for other, record in happened.items()
        if other > number and not isinstance(record, ByHand)
    )


class Timeline:
    """The fold. ``planned`` is what is to be scheduled now, up to and including the first open task.

    ``resumed`` are the pauses that moved this person: from the step of that number on, days count from that date.
    With ``assumed``, open tasks do not block: each counts as done at that wall time on the date on which it is due.
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
        self._emails: list[tuple[int, dt.time]] = []
        self._base_date, _, moved = calendar.start(self.start)
        self._base_day = 1
        self._base_note = self._start_note("START_MOVED" if moved else "START")
        self._resumed = False
        for number, step in enumerate(steps, 1):
            if number in resumed:
                self._resume(step, resumed[number])
            record = happened.get(number)
            if record is None or isinstance(record, ByHand):
                added = self._added(step) if record is None else None
                passed = added is not None and _went_by(number, added, happened)
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
                self._emails.append((step.day, record.wall))
                if number == 1:
                    self._begin(step.day, record.day, record.instant)
            else:
                self._finish_task(step, record)

    def _start_note(self, code: str) -> Note:
        return Note(code, {"date": self._base_date.isoformat(), "zone": self.calendar.zone})

    def date_of(self, day: int) -> dt.date:
        """Return the date of a day, counted from the base (day 1, the last late task, or the last resume)."""
        if day < self._base_day:
            return self._base_date
        return self.calendar.forward(self._base_date, day - self._base_day)

    def _begin(self, day: int, on: dt.date, instant: dt.datetime) -> None:
        """The first automatic email fixes the days and the start."""
        self.start = instant
        if on != self.date_of(day):
            self._base_date, self._base_day = on, day

    def _resume(self, step: Step, on: dt.date) -> None:
        """Count from the date to which resuming moved this step, unless a task has moved it further."""
        if on > self.date_of(step.day):
            self._base_date, self._base_day, self._resumed = on, step.day, True
            self._base_note = Note("RESUMED", {"day": step.day, "date": on.isoformat()})

    def _finish_task(self, step: Step, done: Done) -> None:
        finished, wall, _ = self.calendar.start(done.at)
        if finished > done.due:
            self._base_date, self._base_day, self._resumed = finished, step.day, False
            self._base_note = Note("SHIFTED", {"day": step.day, "date": finished.isoformat()})
        # A task that is done ahead of day 1 must not pull an email before the start.
        self.start = max(self.start, done.at)
        if step.type is StepType.EMAIL:
            self._emails.append((step.day, wall))

    def _added(self, step: Step) -> dt.datetime | None:
        """Return when a step was added that this person was not launched with."""
        return step.added if step.added is not None and self.launch.now < step.added else None

    def _plan(self, number: int, step: Step, added: dt.datetime | None, *, by_hand: bool) -> Planned | None:
        """Return what is to be scheduled; None where its time had passed when the step was added."""
        day = self.date_of(step.day)
        code = "DAY_WITHOUT_WEEKENDS" if self.calendar.skip_weekends else "DAY"
        notes: tuple[Note, ...] = (self._base_note, Note(code, {"day": step.day, "date": day.isoformat()}))
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
            return PlannedTask(number, answer.due, (*notes, *answer.notes))
        if self._resumed and answer.date < day:
            answer = self._unfixed(number, step, day, answer)
        instant = answer.instant or self.calendar.instant(answer.date, answer.time)
        if added is not None and instant < added:
            return None
        self.days[number] = answer.date if number == 1 else day
        self._emails.append((step.day, answer.time))
        late = instant < self.now
        if number == 1:
            self._begin(step.day, answer.date, self.now if late else instant)
            if not self._resumed:
                self._base_note = self._start_note("START")
        trace = (*notes, *answer.notes, *self._timing(answer, late))
        instant = self.now if late else instant
        return PlannedSend(number, answer.date, answer.time, self.calendar.zone, instant, trace)

    def _ask(self, key: str, number: int, step: Step, day: dt.date) -> SendAt | CreateTask:
        """Let the option resolve the step. Raises Refusal: its own, or SEND_OPTION_FAILED with what it raised."""
        option = self.options.need(key)
        context = self._context(number, step, day)
        try:
            return checked(option.resolve(context))
        except Refusal:
            raise
        except BaseException as problem:  # an exit is no way out for a package, and nothing here is awaited
            raise Refusal("SEND_OPTION_FAILED", broke(f"{key!r} of step {number}", problem)) from problem

    def _unfixed(self, number: int, step: Step, day: dt.date, answer: SendAt) -> SendAt:
        """Keep only the wall time of an instant that was fixed before the pause, such as a send-at."""
        assert step.send_option is not None  # noqa: S101 - it has answered
        other = self._ask(step.send_option, number, step, self.calendar.forward(day, 1))
        fixed = isinstance(other, SendAt) and other.date == answer.date
        return SendAt(day, answer.time, answer.notes) if fixed else answer

    def _timing(self, answer: SendAt, late: bool) -> Iterator[Note]:
        spoken = {"time": answer.time.isoformat(), "date": answer.date.isoformat()}
        if answer.instant is None and not wall_exists(answer.date, answer.time, self.calendar.zone):
            yield Note("CLOCKS_GO_FORWARD", spoken)
        if late:
            yield Note("LATE", spoken)

    def _context(self, number: int, step: Step, day: dt.date) -> StepContext:
        earlier = [wall for on, wall in self._emails if on < step.day]
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
            earlier_email=earlier[-1] if earlier else None,
        )
