"""Count the changes of an edit by step, for one person or for a group of people whose facts are equal."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.models import Enrollment, Send, Task
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing.edit_planner import EditChanges
from api.services.enrollments.order_warnings import OrderTally
from api.services.enrollments.timelines.timeline_rows import timeline_steps
from api.states import SendStatus
from strategies.timeline.records import PlannedSend

MAX_MOVES_PER_STEP = 100
"""Pairs of an old and a new time that a preview lists for one step."""


@dataclass(frozen=True, slots=True)
class Move:
    """An old and a new time (UTC), and how many emails have this pair. None if there is no email before or after."""

    before: datetime | None
    after: datetime | None
    emails: int


@dataclass(slots=True)
class StepEdit:
    """Changes to the emails and tasks of one step. ``step`` is its number; for a removed step, its current number."""

    id: str
    step: int
    name: str
    added: bool = False
    removed: bool = False
    pairs: Counter[tuple[datetime | None, datetime | None]] = field(default_factory=Counter)
    moving: int = 0
    staying: int = 0
    scheduled: int = 0
    withdrawn: int = 0
    cancelled: int = 0
    at_once: int = 0
    in_hand: int = 0
    settled: int = 0
    passed: int = 0
    tasks_moving: int = 0
    tasks_staying: int = 0
    tasks_created: int = 0
    tasks_withdrawn: int = 0
    tasks_cancelled: int = 0
    tasks_done: int = 0

    @property
    def moves(self) -> Sequence[Move]:
        """The first MAX_MOVES_PER_STEP distinct pairs of times, the earliest first."""
        pairs = sorted(self.pairs.items(), key=lambda each: [at.isoformat() for at in each[0] if at is not None])
        return [Move(before, after, emails) for (before, after), emails in pairs[:MAX_MOVES_PER_STEP]]

    @property
    def more_moves(self) -> int:
        """The number of pairs that are not in ``moves``."""
        return max(0, len(self.pairs) - MAX_MOVES_PER_STEP)


class EditTally:
    """The sums of an edit's changes. ``add`` writes all fields."""

    def __init__(self, draft: Draft, now: datetime) -> None:
        self._steps = {step.id: StepEdit(step.id, step.number, step.name) for step in draft.steps}
        for step in draft.removed:
            self._steps[step.id] = StepEdit(step.id, step.number, step.name, removed=True)
        for step_id in draft.added.keys() & self._steps.keys():
            self._steps[step_id].added = True
        self._numbers: dict[str | None, int] = {step.id: step.number for step in draft.steps}
        self._now = now
        self.order = OrderTally(timeline_steps(draft.steps))
        self.people = 0
        self.moving_people = 0
        self.unresolved_people = 0

    @property
    def steps(self) -> Sequence[StepEdit]:
        """Every step in order, removed ones last."""
        return sorted(self._steps.values(), key=lambda step: (step.removed, step.step))

    def add(self, changes: EditChanges, people: int = 1) -> None:
        """Add changes. Each counts for ``people`` people."""
        self._add_emails(changes, people)
        self._add_tasks(changes, people)
        for step in changes.passed:
            self._steps[step.id].passed += people
        rows: list[Send | Task] = [send for send, _ in changes.moved]
        rows += [*changes.withdrawn, *changes.removed, *changes.tasks_withdrawn, *changes.tasks_removed]
        rows += [task for _, _, task, _ in changes.tasks_moved]
        new: list[Enrollment] = [each for each, _, _ in changes.emails] + [each for each, _, _ in changes.tasks]
        touched = {row.enrollment_id for row in rows} | {each.id for each in new}
        self.people += people * len(changes.people)
        self.moving_people += people * len(touched)
        self.unresolved_people += people * len(changes.unresolved)
        self._add_order(changes, people)

    def _add_emails(self, changes: EditChanges, people: int) -> None:
        for send, planned in changes.moved:
            self._pair(self._steps[send.step_id], send.due_at, planned, people)
            self._steps[send.step_id].moving += people
        for _, step, planned in changes.emails:
            self._pair(self._steps[step.id], None, planned, people)
            self._steps[step.id].scheduled += people
        for send in changes.withdrawn:
            self._steps[send.step_id].pairs[send.due_at, None] += people
            self._steps[send.step_id].withdrawn += people
        for send in changes.removed:
            if send.step_id in self._steps:
                self._steps[send.step_id].pairs[send.due_at, None] += people
                self._steps[send.step_id].cancelled += people
        self._each("staying", changes.stays, people)
        self._each("in_hand", changes.in_hand, people)
        self._each("settled", changes.settled, people)

    def _add_tasks(self, changes: EditChanges, people: int) -> None:
        self._each("tasks_done", changes.tasks_done, people)
        self._each("tasks_withdrawn", changes.tasks_withdrawn, people)
        self._each("tasks_cancelled", changes.tasks_removed, people)
        self._each("tasks_moving", [task for _, _, task, _ in changes.tasks_moved], people)
        self._each("tasks_staying", [task for _, _, task in changes.tasks_stay], people)
        for _, step, _ in changes.tasks:
            self._steps[step.id].tasks_created += people

    def _pair(self, step: StepEdit, before: datetime | None, planned: PlannedSend, people: int) -> None:
        step.pairs[before, planned.instant] += people
        step.at_once += people * any(note.code == "LATE" for note in planned.notes)

    def _each(self, count: str, rows: Sequence[Send | Task], people: int) -> None:
        for row in rows:
            if row.step_id in self._steps:  # an earlier edit removed the other steps
                step = self._steps[row.step_id]
                setattr(step, count, getattr(step, count) + people)

    def _add_order(self, changes: EditChanges, people: int) -> None:
        """Count the people whose emails would be sent in another order than the steps."""
        instants: dict[str | None, dict[int, datetime]] = {each.id: {} for each in changes.people}
        waiting: dict[str | None, set[int]] = {each.id: set() for each in changes.people}

        def add(enrollment_id: str | None, step_id: str | None, at: datetime, *, waits: bool) -> None:
            number = self._numbers[step_id]
            instants[enrollment_id][number] = max(at, self._now) if waits else at
            if waits:
                waiting[enrollment_id].add(number)

        for send, planned in changes.moved:
            add(send.enrollment_id, send.step_id, planned.instant, waits=True)
        for enrollment, step, planned in changes.emails:
            add(enrollment.id, step.id, planned.instant, waits=True)
        for send in changes.stays:
            add(send.enrollment_id, send.step_id, send.due_at, waits=True)
        for send in (*changes.settled, *changes.in_hand):
            if send.step_id in self._numbers and send.status is not SendStatus.FAILED:
                add(send.enrollment_id, send.step_id, send.planned_at, waits=False)
        for each in changes.people:
            self.order.add(instants[each.id], waiting[each.id], each.zone, people)
