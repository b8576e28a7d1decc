"""Preview an edit: for each step, how many emails would move, with old and new times. Writes nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.models import Enrollment, Launch, Send, Task
from api.services.campaigns.drafts import Draft
from api.services.campaigns.editing.edit_job import PEOPLE_PER_CHUNK
from api.services.campaigns.editing.edit_planner import EditChanges, EditPlanner
from api.services.campaigns.editing.editing import check
from api.services.common.chunk_sizes import people_per_transaction
from api.services.common.context import WorkspaceContext
from api.services.enrollments.order_warnings import OrderTally, campaign_warnings
from api.services.enrollments.timelines import timeline_steps
from api.states import GOING_ON, SendStatus
from api.store import edits
from strategies import WarningNote
from strategies.records import PlannedSend
from strategies.warning_codes import WarningCode

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
        """The number of pairs that ``moves`` leaves out."""
        return max(0, len(self.pairs) - MAX_MOVES_PER_STEP)


@dataclass(slots=True)
class EditPreview:
    """Preview for the whole campaign. ``at`` (UTC) is when it was calculated."""

    at: datetime
    people: int = 0
    moving_people: int = 0
    unresolved_people: int = 0
    steps: Sequence[StepEdit] = field(default_factory=list)
    warnings: list[WarningNote] = field(default_factory=list)


async def edit_preview(context: WorkspaceContext, draft: Draft) -> EditPreview:
    """Calculate the edit's changes for everyone in the campaign. Raises Refusal as the edit would."""
    anyone = await check(context, draft)
    row = draft.campaign
    rescheduler = EditPlanner(context, row, draft.steps, row.paused_at or context.now)
    found = EditPreview(context.now)
    known = {step.id: StepEdit(step.id, step.number, step.name) for step in draft.steps}
    for step in draft.removed:
        known[step.id] = StepEdit(step.id, step.number, step.name, removed=True)
    if draft.new and draft.changed is not None:
        known[draft.changed.id].added = True
    order, after = OrderTally(timeline_steps(draft.steps)), ""
    at_once = people_per_transaction(PEOPLE_PER_CHUNK, len(draft.steps))
    while anyone and (people := await edits.people_in(row.id, after, at_once)):
        changes = await rescheduler.changes([person["id"] for person in people])
        _count(found, known, changes)
        _count_order(order, draft, rescheduler.now, changes)
        after = people[-1]["person_id"]
        await asyncio.sleep(0)  # let other tasks run
    found.steps = sorted(known.values(), key=lambda step: (step.removed, step.step))
    found.warnings = await _warnings(context, draft, found, order)
    return found


def _count(found: EditPreview, known: dict[str, StepEdit], changes: EditChanges) -> None:
    for send, planned in changes.moved:
        _pair(known[send.step_id], send.due_at, planned)
        known[send.step_id].moving += 1
    for _, step, planned in changes.emails:
        _pair(known[step.id], None, planned)
        known[step.id].scheduled += 1
    for send in changes.withdrawn:
        known[send.step_id].pairs[send.due_at, None] += 1
        known[send.step_id].withdrawn += 1
    for send in changes.removed:
        if send.step_id in known:
            known[send.step_id].pairs[send.due_at, None] += 1
            known[send.step_id].cancelled += 1
    _each(known, "staying", changes.stays)
    _each(known, "in_hand", changes.in_hand)
    _each(known, "settled", changes.settled)
    _each(known, "tasks_done", changes.tasks_done)
    _each(known, "tasks_withdrawn", changes.tasks_withdrawn)
    _each(known, "tasks_cancelled", changes.tasks_removed)
    _each(known, "tasks_moving", [task for _, _, task, _ in changes.tasks_moved])
    _each(known, "tasks_staying", [task for _, _, task in changes.tasks_stay])
    for _, step, _ in changes.tasks:
        known[step.id].tasks_created += 1
    for step in changes.passed:
        known[step.id].passed += 1
    rows: list[Send | Task] = [send for send, _ in changes.moved]
    rows += [*changes.withdrawn, *changes.removed, *changes.tasks_withdrawn, *changes.tasks_removed]
    rows += [task for _, _, task, _ in changes.tasks_moved]
    new: list[Enrollment] = [each for each, _, _ in changes.emails] + [each for each, _, _ in changes.tasks]
    touched = {row.enrollment_id for row in rows} | {each.id for each in new}
    found.people += len(changes.people)
    found.moving_people += len(touched)
    found.unresolved_people += len(changes.unresolved)


def _pair(step: StepEdit, before: datetime | None, planned: PlannedSend) -> None:
    step.pairs[before, planned.instant] += 1
    step.at_once += any(note.code == "LATE" for note in planned.notes)


def _each(known: dict[str, StepEdit], count: str, rows: Sequence[Send | Task]) -> None:
    for row in rows:
        if row.step_id in known:  # an earlier edit removed the other steps
            setattr(known[row.step_id], count, getattr(known[row.step_id], count) + 1)


def _count_order(order: OrderTally, draft: Draft, now: datetime, changes: EditChanges) -> None:
    """Count the people whose emails would go out in another order than the steps."""
    numbers = {step.id: step.number for step in draft.steps}
    instants: dict[str, dict[int, datetime]] = {each.id: {} for each in changes.people}
    waiting: dict[str, set[int]] = {each.id: set() for each in changes.people}

    def add(enrollment_id: str, step_id: str, at: datetime, *, waits: bool) -> None:
        instants[enrollment_id][numbers[step_id]] = max(at, now) if waits else at
        if waits:
            waiting[enrollment_id].add(numbers[step_id])

    for send, planned in changes.moved:
        add(send.enrollment_id, send.step_id, planned.instant, waits=True)
    for enrollment, step, planned in changes.emails:
        add(enrollment.id, step.id, planned.instant, waits=True)
    for send in changes.stays:
        add(send.enrollment_id, send.step_id, send.due_at, waits=True)
    for send in (*changes.settled, *changes.in_hand):
        if send.step_id in numbers and send.status is not SendStatus.FAILED:
            add(send.enrollment_id, send.step_id, send.planned_at, waits=False)
    for each in changes.people:
        order.add(instants[each.id], waiting[each.id], each.zone)


async def _warnings(
    context: WorkspaceContext, draft: Draft, found: EditPreview, order: OrderTally
) -> list[WarningNote]:
    row = draft.campaign
    warnings = order.warnings(campaign_warnings(context, draft.steps, skip_weekends=row.skip_weekends))
    if row.paused_at is not None and found.people:
        warnings.append(WarningCode.EMAILS_STAY_ON_HOLD.note())
    elif late := sum(step.at_once for step in found.steps):
        warnings.append(WarningCode.EMAILS_LATE.note(emails=late))
    warnings += [
        WarningCode.NEW_STEP_PASSED.note(step=step.step, people=step.passed)
        for step in found.steps
        if step.added and step.passed
    ]
    if found.unresolved_people:
        warnings.append(WarningCode.PEOPLE_NOT_RESOLVED.note(people=found.unresolved_people))
    if await Launch.filter(campaign_id=row.id, status__in=GOING_ON).exists():
        warnings.append(WarningCode.LAUNCH_IN_PROGRESS.note())
    return warnings
