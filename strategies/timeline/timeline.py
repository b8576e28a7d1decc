"""One person's timeline: which steps of the campaign are scheduled now, and when.

``resolve_timeline`` goes through the steps in order, once. A step has happened already (its record says when), or its
send option resolves it now, or it waits because a task before it is open. Nothing is remembered between two calls:
the same launch and the same history give the same timeline, also after a late task, a pause or a changed time zone.
``SharedTimelines`` does the same for many people, who differ in nothing but their facts.
"""

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from strategies.calendar import Calendar, aware
from strategies.facts import NO_FACTS, Facts
from strategies.questions import Question, ask
from strategies.registry import SendOptions
from strategies.timeline.records import LaunchChoices, Planned, PlannedSend, StepRecord, TimelineStep
from strategies.timeline.timeline_walk import TimelineInput, Walk

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
    facts: Facts = NO_FACTS,
) -> Timeline:
    """Resolve the timeline of one person at ``now``. Raises Refusal where a step cannot be resolved.

    ``history`` holds what has happened, ``resumes`` the dates to which resumes after a pause moved steps, both by step
    number. With ``tasks_done_at`` no task blocks: each counts as done at that wall time on its due date.
    ``scheduled_steps`` are the numbers of the steps that have an email or a task already. The timeline ends with the
    first planned step for which ``stop`` is true. ``facts`` are those that any option of the steps declares.
    """
    now = aware(now)
    now = now.replace(microsecond=0) if now.microsecond else now
    given = TimelineInput(steps, calendar, launch, history, now, resumes, tasks_done_at, scheduled_steps)
    if options.isolated_among(step.send_option for step in steps):
        # One question about the whole timeline. It is complete, because ``stop`` only saves time.
        return SharedTimelines(given).resolve(options, facts)
    walk = Walk.begin(given)
    for number, step in enumerate(steps, 1):
        plan = walk.advance(number, given, options, _declared(step, options, facts))
        if plan is not None and stop(plan):
            walk.step_dates.pop(number)
            walk.blocked_by = None
            break
        if walk.blocked_by is not None:
            break
    return _timeline(walk)


class SharedTimelines:
    """The timelines of people who differ only in their facts.

    A step whose send option declares no facts is planned once for all people who got the same plans before it. People
    with the same plans get the same ``Timeline`` object. Two of these objects are equal if they have the same input.
    """

    __slots__ = ("_first", "_text", "given")

    def __init__(self, given: TimelineInput) -> None:
        self.given = given
        self._first: _Place | None = None
        self._text = ""

    def resolve(self, options: SendOptions, facts: Facts) -> Timeline:
        """Resolve the timeline of one person. Raises Refusal where a step cannot be resolved."""
        isolated = options.isolated_among(step.send_option for step in self.given.steps)
        if not isolated or options.asker is None:
            return _resolve(self, facts, options)
        found: Timeline = ask(options.asker, Question(_resolve, isolated, {"timelines": self, "facts": facts}))
        return found

    def first(self) -> "_Place":
        """Return the place before the first step."""
        if self._first is None:
            self._first = _Place(Walk.begin(self.given))
        return self._first

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharedTimelines) and (self is other or self._repr() == other._repr())

    def __hash__(self) -> int:
        return hash(self._repr())

    def __reduce__(self) -> tuple[type["SharedTimelines"], tuple[TimelineInput]]:
        """Send the input to a worker process, which makes the timelines."""
        return SharedTimelines, (self.given,)

    def _repr(self) -> str:
        """Return the input as text. Its values cannot be compared: 1 equals True in Python."""
        self._text = self._text or repr(self.given)
        return self._text


@dataclass(slots=True)
class _Place:
    """A place between two steps, which people reach who got the same plans before it."""

    walk: Walk
    after: "_Place | None" = None
    """The place after a step whose option declares no facts."""
    branches: "dict[Hashable, _Place]" = field(default_factory=dict)
    """The places after a step whose option declares facts, by the key of its plan."""
    timeline: Timeline | None = None

    def advance(self, number: int, given: TimelineInput, options: SendOptions, facts: Facts) -> "_Place":
        """Return the place after a step."""
        if facts is NO_FACTS and self.after is not None:
            return self.after
        walk = self.walk.copy()
        plan = walk.advance(number, given, options, facts)
        if facts is NO_FACTS:
            self.after = _Place(walk)
            return self.after
        key = _key(plan)
        if key not in self.branches:
            self.branches[key] = _Place(walk)
        return self.branches[key]


def _resolve(timelines: SharedTimelines, facts: Facts, options: SendOptions) -> Timeline:
    """Resolve a timeline in this process, which runs all of its options."""
    given, place = timelines.given, timelines.first()
    for number, step in enumerate(given.steps, 1):
        place = place.advance(number, given, options, _declared(step, options, facts))
        if place.walk.blocked_by is not None:
            break
    if place.timeline is None:
        place.timeline = _timeline(place.walk)
    return place.timeline


def _key(plan: Planned | None) -> Hashable:
    """Return a value that is equal only for equal plans of a step."""
    if plan is None:
        return None
    notes = tuple([(note.code, repr(note.values)) for note in plan.notes])
    if isinstance(plan, PlannedSend):
        return plan.date, plan.time, plan.zone, plan.instant, plan.allowed, plan.moves_day_one, notes
    return plan.due, notes


def _timeline(walk: Walk) -> Timeline:
    return Timeline(tuple(walk.planned), walk.step_dates, tuple(walk.passed_steps), walk.blocked_by)


def _declared(step: TimelineStep, options: SendOptions, facts: Facts) -> Facts:
    """Return the facts that a step's send option declares."""
    if facts is NO_FACTS:
        return NO_FACTS
    option = options.get(step.send_option or "")
    return NO_FACTS if option is None or not option.reads else facts.only(option.reads, option.key)
