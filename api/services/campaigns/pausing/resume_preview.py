"""Preview a resume: how many people's emails would move, with old and new times. Writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.codes.campaigns import CampaignCode
from api.models import Campaign, Send, Step
from api.services.campaigns.pausing.hold_job import PEOPLE_RELEASED_PER_CHUNK
from api.services.campaigns.pausing.resume_planner import Change, ResumePlanner
from api.services.common.chunk_sizes import people_per_transaction
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.order_warnings import OrderTally
from api.services.enrollments.timelines import timeline_steps
from api.states import UNBEGUN_STATUSES, SendStatus
from api.store import holds
from api.store.engine.rows import get_or_refuse
from strategies import Refusal, WarningNote

SEND_COLUMNS = ("id", "enrollment_id", "step_id", "status", "due_at", "planned_at", "zone")


@dataclass(frozen=True, slots=True)
class Moved:
    """An email's due time (UTC) before and after."""

    before: datetime
    after: datetime


@dataclass(slots=True)
class StepPreview:
    """One step: for how many people its email moves or stays, and the first and last email that moves.

    ``at_once`` counts the emails in ``staying`` that are sent as soon as the campaign is resumed.
    """

    step: int
    moving: int = 0
    staying: int = 0
    at_once: int = 0
    first: Moved | None = None
    last: Moved | None = None

    def add(self, change: Change) -> None:
        """Count one email that moves."""
        self.moving += 1
        self.staying -= 1
        moved = Moved(change.before, change.after)
        if self.first is None or moved.before < self.first.before:
            self.first = moved
        if self.last is None or moved.before > self.last.before:
            self.last = moved


@dataclass(slots=True)
class ResumePreview:
    """Preview for the whole campaign. ``at`` (UTC) is the assumed time of the resume."""

    at: datetime
    held_emails: int = 0
    moving_people: int = 0
    staying_people: int = 0
    steps: Sequence[StepPreview] = field(default_factory=list)
    warnings: Sequence[WarningNote] = field(default_factory=list)


async def resume_preview(context: WorkspaceContext, campaign_id: str) -> ResumePreview:
    """Calculate the changes of a resume for everyone with emails on hold. Raises Refusal if it is not paused."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("campaignId",))
    if row.paused_at is None:
        raise Refusal.of(CampaignCode.CAMPAIGN_NOT_PAUSED, ("campaignId",))
    planner = ResumePlanner(context, row, await steps_of(row), context.now)
    order = OrderTally(timeline_steps(planner.steps))
    found, after = ResumePreview(context.now), ""
    steps = {step.id: StepPreview(step.number) for step in planner.steps}
    at_once = people_per_transaction(PEOPLE_RELEASED_PER_CHUNK, len(planner.steps))
    by_number = {step.step: step for step in steps.values()}
    while people := await holds.enrollments_on_hold(row.id, after, at_once):
        changes = await planner.changes(people)
        for step_id, emails in (await holds.count_waiting_by_step(people)).items():
            steps[step_id].staying += emails
            found.held_emails += emails
        for change in changes.emails:
            by_number[change.number].add(change)
        await _count_order(
            order, planner.steps, context.now, people, {each["id"]: each["due_at"] for each in changes.sends}
        )
        for number in changes.at_once:
            by_number[number].at_once += 1
        found.moving_people += len(changes.resumed)
        found.staying_people += len(people) - len(changes.resumed)
        after = people[-1]
    found.steps = [step for step in by_number.values() if step.moving or step.staying]
    found.warnings = order.warnings()
    return found


async def _count_order(
    order: OrderTally, steps: Sequence[Step], now: datetime, people: Sequence[str], after: Mapping[str, datetime]
) -> None:
    """Count the people whose emails would go out in another order. ``after`` maps moved emails to their new times."""
    numbers = {step.id: step.number for step in steps}
    theirs: dict[str, list[Send]] = {key: [] for key in people}
    for send in await Send.filter(enrollment_id__in=list(people)).exclude(status=SendStatus.FAILED).only(*SEND_COLUMNS):
        if send.step_id in numbers:
            theirs[send.enrollment_id].append(send)
    for sends in theirs.values():
        waiting = {numbers[send.step_id] for send in sends if send.status in UNBEGUN_STATUSES}
        instants = {}
        for send in sends:
            waits = numbers[send.step_id] in waiting
            instants[numbers[send.step_id]] = max(after.get(send.id, send.due_at), now) if waits else send.planned_at
        if sends:
            order.add(instants, waiting, sends[0].zone)
