"""The edits of a campaign's steps. Each changes a draft, and several of them make one edit of the campaign."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from api.codes.refusals.campaigns import CampaignCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import Step
from api.services.campaigns.draft import Draft, Path
from api.services.campaigns.step_content import set_content
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.store.engine.rows import find, not_found
from strategies import Refusal, StepType
from strategies.codes import StrategyCode
from strategies.errors import RefusalCollector
from strategies.step_checks import LAST_DAY

MAX_KEY_CHARACTERS = 40
STEP_ID_PREFIX = "stp_"


@dataclass(frozen=True, slots=True)
class AddStep:
    """Add a step to a day: at a position (1 is first) among the day's steps, or after them.

    Later edits of a list may name the step by ``key``.
    """

    day: int
    step_type: StepType
    position: int | None = None
    content: dict[str, Any] = field(default_factory=dict)
    key: str | None = None

    @property
    def names(self) -> set[str]:
        """The ids and keys of the steps that the edit names."""
        return set() if self.key is None else {self.key}

    async def carry_out(self, context: WorkspaceContext, draft: Draft, prefix: Path, campaign: Path) -> None:
        """Change the draft. Raises Refusal with a path inside the edit."""
        row = draft.campaign
        step = Step(
            id=new_id("stp"), workspace_id=row.workspace_id, campaign_id=row.id, day=self.day, type=self.step_type,
            number=0, added_at=row.paused_at or context.now, added_revision=row.revision + 1,
        )  # fmt: skip
        refusals, key, steps = RefusalCollector(), None, draft.steps
        with refusals:
            key = None if self.key is None else _check_key(draft, self.key)
        with refusals:
            await set_content(context, draft.campaign, step, self.content)
        with refusals:
            _check_day(self.day)
            steps = _insert_at(draft.steps, step, self.position)
        refusals.raise_any()
        draft.steps, draft.added[step.id] = steps, key
        draft.end_stage("ADD_STEP", prefix, campaign, changed=step.id, own=None, others=("day",))


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """Change the given keys of a step's content."""

    step: str
    """The id of the step, or the key of one that the list has added."""
    content: dict[str, Any]

    @property
    def names(self) -> set[str]:
        """The ids and keys of the steps that the edit names."""
        return {self.step}

    async def carry_out(self, context: WorkspaceContext, draft: Draft, prefix: Path, campaign: Path) -> None:
        """Change the draft. Raises Refusal with a path inside the edit."""
        step = await _step_of(context, draft, self.step)
        await set_content(context, draft.campaign, step, self.content)
        draft.end_stage("CHANGE_STEP", prefix, ("id",), changed=step.id, own=None, others=("id",))


@dataclass(frozen=True, slots=True)
class MoveStep:
    """Move a step to a day, at a position among that day's other steps or after them."""

    step: str
    day: int
    position: int | None = None

    @property
    def names(self) -> set[str]:
        """The ids and keys of the steps that the edit names."""
        return {self.step}

    async def carry_out(self, context: WorkspaceContext, draft: Draft, prefix: Path, campaign: Path) -> None:
        """Change the draft. Raises Refusal with a path inside the edit."""
        step = await _step_of(context, draft, self.step)
        _check_day(self.day)
        step.day = self.day
        draft.steps = _insert_at([row for row in draft.steps if row.id != step.id], step, self.position)
        draft.end_stage("MOVE_STEP", prefix, ("id",), changed=step.id, own=("day",), others=("day",))


@dataclass(frozen=True, slots=True)
class RemoveStep:
    """Remove a step."""

    step: str

    @property
    def names(self) -> set[str]:
        """The ids and keys of the steps that the edit names."""
        return {self.step}

    async def carry_out(self, context: WorkspaceContext, draft: Draft, prefix: Path, campaign: Path) -> None:
        """Change the draft. Raises Refusal with a path inside the edit."""
        step = await _step_of(context, draft, self.step)
        draft.steps = [row for row in draft.steps if row.id != step.id]
        draft.end_stage("REMOVE_STEP", prefix, ("id",), changed=None, own=None, others=("id",))


@dataclass(frozen=True, slots=True)
class MoveDay:
    """Move all steps of a day to another day, after the steps of that day."""

    day: int
    to: int

    @property
    def names(self) -> set[str]:
        """The ids and keys of the steps that the edit names."""
        return set()

    async def carry_out(self, context: WorkspaceContext, draft: Draft, prefix: Path, campaign: Path) -> None:
        """Change the draft. Raises Refusal with a path inside the edit."""
        moved = _steps_on(draft.steps, self.day)
        if not 1 <= self.to <= LAST_DAY:
            raise Refusal.of(StrategyCode.INVALID_DAY, ("to",), limit=LAST_DAY)
        for step in moved:
            step.day = self.to
        draft.steps = [row for row in draft.steps if row not in moved] + moved
        draft.end_stage("MOVE_DAY", prefix, campaign or ("day",), changed=None, own=None, others=("to",))


@dataclass(frozen=True, slots=True)
class RemoveDay:
    """Remove all steps of a day."""

    day: int

    @property
    def names(self) -> set[str]:
        """The ids and keys of the steps that the edit names."""
        return set()

    async def carry_out(self, context: WorkspaceContext, draft: Draft, prefix: Path, campaign: Path) -> None:
        """Change the draft. Raises Refusal with a path inside the edit."""
        removed = _steps_on(draft.steps, self.day)
        draft.steps = [row for row in draft.steps if row not in removed]
        draft.end_stage("REMOVE_DAY", prefix, ("day",), changed=None, own=None, others=("day",))


@dataclass(frozen=True, slots=True)
class WrongEdit:
    """An edit whose input is wrong, so that it is reported with the mistakes of the other edits."""

    refusal: Refusal
    names: Set[str]

    async def carry_out(self, context: WorkspaceContext, draft: Draft, prefix: Path, campaign: Path) -> None:
        """Raise the refusal."""
        raise self.refusal


StepEdit = AddStep | ChangeStep | MoveStep | RemoveStep | MoveDay | RemoveDay | WrongEdit


def _check_key(draft: Draft, key: str) -> str:
    """Return the key of a new step. Raises Refusal."""
    key = inputs.line(key, ("key",), limit=MAX_KEY_CHARACTERS)
    if key.startswith(STEP_ID_PREFIX):
        raise Refusal.of(CampaignCode.INVALID_STEP_KEY, ("key",), case="id", key=key)
    if key in draft.added.values():
        raise Refusal.of(CampaignCode.INVALID_STEP_KEY, ("key",), key=key)
    return key


async def _step_of(context: WorkspaceContext, draft: Draft, name: str) -> Step:
    """Return the draft's step with an id or key. Raises Refusal."""
    ids = {key: step_id for step_id, key in draft.added.items() if key is not None}
    step_id = ids.get(name, name)
    step = next((row for row in draft.steps if row.id == step_id), None)
    if step is not None:
        return step
    found = await find(Step, context.workspace_id, step_id)
    if step_id in draft.added or (found is not None and found.campaign_id == draft.campaign.id):
        raise Refusal.of(CampaignCode.STEP_REMOVED, ("id",))
    if found is not None:
        raise Refusal.of(InputCode.NOT_FOUND, ("id",), case="other_campaign", id=name)
    raise not_found("step", name, ("id",))


def _check_day(day: int) -> None:
    """Refuse a day that is outside the limits of campaigns."""
    if not 1 <= day <= LAST_DAY:
        raise Refusal.of(StrategyCode.INVALID_DAY, ("day",), case="step", limit=LAST_DAY, day=day)


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
