"""Build drafts of edits: a campaign and its steps after the edit, checked but not yet written."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.codes.campaigns import CampaignCode
from api.ids import new_id
from api.models import Campaign, Step
from api.services.campaigns.campaign_rules import set_content, set_settings
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.timeline_rows import timeline_steps
from api.store.engine.rows import get_or_refuse
from strategies import Refusal, StepType
from strategies.codes import StrategyCode
from strategies.step_checks import LAST_DAY, check_step

MAX_STEPS = 100
SCHEDULING_COLUMNS = ("day", "type", "send_option", "config", "name", "notes", "priority")
"""Columns of a step that decide the times of waiting emails and tasks. The others are read when an email is sent."""
Path = tuple[str, ...]


@dataclass(slots=True)
class Draft:
    """A campaign and its steps with an edit that is not written. ``path`` is the argument that names what is edited."""

    kind: str
    """The kind of edit, for the Live Feed: CHANGE_STEP, MOVE_DAY, …"""
    campaign: Campaign
    before: Sequence[Step]
    """Copies of the steps before the edit."""
    steps: list[Step]
    path: Path
    changed: Step | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    """The columns of the campaign that change, with their previous values."""
    new: bool = False
    """Whether the edit adds the step ``changed``."""

    @property
    def removed(self) -> list[Step]:
        """The steps that the edit removes."""
        kept = {step.id for step in self.steps}
        return [step for step in self.before if step.id not in kept]

    @property
    def resolves(self) -> bool:
        """Whether the edit can move emails or tasks."""
        return "skip_weekends" in self.settings or _scheduling_values(self.before) != _scheduling_values(self.steps)

    @property
    def writes_steps(self) -> bool:
        """Whether the edit writes steps."""
        return self.resolves or self.changed is not None


def _scheduling_values(steps: Iterable[Step]) -> list[tuple[object, ...]]:
    return [(step.id, *(getattr(step, name) for name in SCHEDULING_COLUMNS)) for step in steps]


async def settings(context: WorkspaceContext, campaign_id: str, **given: Any) -> Draft:
    """Change the given settings. A setting that keeps its value does not count as changed."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    before = {key: getattr(row, key) for key in given}
    await set_settings(context, row, given)
    changed = {key: value for key, value in before.items() if getattr(row, key) != value}
    steps = await steps_of(row)
    return Draft("CHANGE_SETTINGS", row, [copy.copy(step) for step in steps], steps, ("id",), settings=changed)


async def add_step(
    context: WorkspaceContext,
    campaign_id: str,
    *,
    day: int,
    step_type: StepType,
    position: int | None = None,
    **content: Any,
) -> Draft:
    """Add a step to a day: at a position (1 is first) among the day's steps, or after them."""
    draft = await _load(context, "ADD_STEP", campaign_id, ("campaignId",))
    campaign = draft.campaign
    step = Step(
        id=new_id("stp"), workspace_id=context.workspace_id, campaign_id=campaign.id, day=day, type=step_type, number=0,
        added_at=campaign.paused_at or context.now, added_revision=campaign.revision + 1,
    )  # fmt: skip
    await set_content(context, step, content)
    if len(draft.steps) >= MAX_STEPS:
        raise Refusal.of(CampaignCode.TOO_MANY_STEPS, ("campaignId",), limit=MAX_STEPS)
    draft.changed, draft.new = step, True
    return _number_and_check(context, draft, _insert_at(draft.steps, step, position), others=("day",))


async def change_step(context: WorkspaceContext, step_id: str, **content: Any) -> Draft:
    """Change the given keys of a step's content."""
    draft = await _load_of_step(context, "CHANGE_STEP", step_id)
    assert draft.changed is not None  # noqa: S101 - it was found
    await set_content(context, draft.changed, content)
    return _number_and_check(context, draft, draft.steps)


async def move_step(context: WorkspaceContext, step_id: str, *, day: int, position: int | None = None) -> Draft:
    """Move a step to a day, at a position among that day's steps or after them."""
    draft = await _load_of_step(context, "MOVE_STEP", step_id)
    step = draft.changed
    assert step is not None  # noqa: S101 - it was found
    step.day = day
    steps = _insert_at([row for row in draft.steps if row.id != step.id], step, position)
    return _number_and_check(context, draft, steps, own=("day",), others=("day",))


async def move_day(context: WorkspaceContext, campaign_id: str, *, day: int, to: int) -> Draft:
    """Move all steps of a day to another day, after the steps of that day."""
    draft = await _load(context, "MOVE_DAY", campaign_id, ("campaignId",))
    moved = _steps_on(draft.steps, day)
    if not 1 <= to <= LAST_DAY:
        raise Refusal.of(StrategyCode.INVALID_DAY, ("to",), limit=LAST_DAY)
    for step in moved:
        step.day = to
    return _number_and_check(context, draft, [row for row in draft.steps if row not in moved] + moved, others=("to",))


async def remove_step(context: WorkspaceContext, step_id: str) -> Draft:
    """Remove a step."""
    draft = await _load_of_step(context, "REMOVE_STEP", step_id)
    draft.changed = None
    return _number_and_check(context, draft, [row for row in draft.steps if row.id != step_id])


async def remove_day(context: WorkspaceContext, campaign_id: str, *, day: int) -> Draft:
    """Remove all steps of a day."""
    draft = await _load(context, "REMOVE_DAY", campaign_id, ("campaignId",))
    removed = _steps_on(draft.steps, day)
    draft.path = ("day",)
    return _number_and_check(context, draft, [row for row in draft.steps if row not in removed])


async def _load(context: WorkspaceContext, kind: str, campaign_id: str, path: Path) -> Draft:
    campaign = await get_or_refuse(Campaign, context.workspace_id, campaign_id, path)
    steps = await steps_of(campaign)
    return Draft(kind, campaign, [copy.copy(step) for step in steps], steps, path)


async def _load_of_step(context: WorkspaceContext, kind: str, step_id: str) -> Draft:
    found = await get_or_refuse(Step, context.workspace_id, step_id, ("id",))
    draft = await _load(context, kind, found.campaign_id, ("id",))
    draft.changed = next((row for row in draft.steps if row.id == found.id), None)
    if draft.changed is None:
        raise Refusal.of(CampaignCode.STEP_REMOVED, ("id",))
    return draft


def _steps_on(steps: Sequence[Step], day: int) -> list[Step]:
    on_day = [row for row in steps if row.day == day]
    if not on_day:
        raise Refusal.of(CampaignCode.DAY_NOT_FOUND, ("day",), day=day)
    return on_day


def _insert_at(steps: list[Step], step: Step, position: int | None) -> list[Step]:
    same_day = [row for row in steps if row.day == step.day]
    if position is not None and not 1 <= position <= len(same_day) + 1:
        raise Refusal.of(CampaignCode.INVALID_POSITION, ("position",), last=len(same_day) + 1)
    at = len(same_day) if position is None else position - 1
    return [row for row in steps if row.day != step.day] + same_day[:at] + [step] + same_day[at:]


def _number_and_check(
    context: WorkspaceContext, draft: Draft, steps: list[Step], *, own: Path | None = None, others: Path | None = None
) -> Draft:
    """Number the steps in their new order and check each at its place. Raises Refusal.

    ``own`` is the path of a refusal of the changed step; None keeps the path inside the step's content. ``others`` is
    the path of a refusal of another step; None means the draft's path.
    """
    steps.sort(key=lambda row: row.day)
    for number, row in enumerate(steps, 1):
        row.number = number
    in_order = timeline_steps(steps)
    for number, (row, step) in enumerate(zip(steps, in_order, strict=True), 1):
        try:
            check_step(in_order, number, step, context.installed.send_options)
        except Refusal as refusal:
            if draft.changed is not None and row.id == draft.changed.id:
                raise Refusal(refusal.code, refusal.message, own or refusal.path) from None
            raise Refusal(refusal.code, f"Step {number}: {refusal.message}", others or draft.path) from None
    draft.steps = steps
    return draft
