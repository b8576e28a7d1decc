"""A draft of a campaign: the campaign and its steps as they are after an edit, checked but not yet written."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign, Step
from api.services.common.inputs.versions import check_version
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_archived
from api.services.enrollments.timelines.timeline_rows import timeline_steps
from api.store.engine.rows import get_or_refuse
from strategies import Refusal
from strategies.questions import QuestionCollector
from strategies.step_checks import check_step
from strategies.timeline.records import TimelineStep

MAX_STEPS = 100
CONTENT_COLUMNS = ("template_id", "subject", "html", "text", "follow_up")
"""Columns of a step with the content of its email. They are read when it is rendered."""
SCHEDULING_COLUMNS = ("day", "type", "send_option", "config", "name", "notes", "priority")
"""Columns of a step that decide the times of waiting emails and tasks. The others are read when an email is sent."""
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """The steps as they are after one edit, and the paths of refusals of this edit.

    ``prefix`` is the path of the edit: empty, unless it is one of a list. The other paths are inside it.
    """

    kind: str
    """The kind of edit, for the Live Feed: CHANGE_STEP, MOVE_DAY, …"""
    prefix: Path
    whole: Path
    """The argument that names what is edited."""
    changed: str | None
    """The id of the step that the edit adds, changes or moves."""
    own: Path | None
    """The path of a refusal of the changed step; None keeps the path inside the step's content."""
    others: Path
    """The path of a refusal of another step."""
    steps: Mapping[str, TimelineStep]
    """The steps in their order, by id."""

    def refusal(self, step_id: str, options: Any) -> Refusal | None:
        """Return why a step is not possible at its place in this stage; None if it is possible, or not in the stage."""
        if step_id not in self.steps:
            return None
        in_order = list(self.steps.values())
        try:
            check_step(in_order, list(self.steps).index(step_id) + 1, self.steps[step_id], options)
        except Refusal as refusal:
            return refusal
        return None


@dataclass(slots=True)
class Draft:
    """A campaign and its steps with edits that are not written. ``path`` is the argument that names what is edited."""

    campaign: Campaign
    before: Sequence[Step]
    """Copies of the steps before the edits."""
    steps: list[Step]
    path: Path
    stages: list[Stage] = field(default_factory=list)
    """One for each edit of the steps. Settings have none."""
    added: dict[str, str | None] = field(default_factory=dict)
    """The ids of the steps that the edits add, with the keys by which later edits of the list name them."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The columns of the campaign that change, with their previous values."""
    settings_are_read: bool = False
    """Whether a send option of the steps reads the campaign's settings, and follows their changes."""
    if_version: int | None = None
    """The version of the campaign that the client has read; None is any version."""

    @classmethod
    async def load(cls, context: WorkspaceContext, campaign_id: str, path: Path, if_version: int | None) -> "Draft":
        """Load a campaign with its present steps. Raises Refusal."""
        campaign = await get_or_refuse(Campaign, context.workspace_id, campaign_id, path)
        check_version("campaign", campaign.version, if_version)
        refuse_archived(campaign, path)
        steps = await steps_of(campaign)
        return cls(campaign, [copy.copy(step) for step in steps], steps, path, if_version=if_version)

    @property
    def removed(self) -> list[Step]:
        """The steps that the edits remove."""
        kept = {step.id for step in self.steps}
        return [step for step in self.before if step.id not in kept]

    @property
    def changed(self) -> list[Step]:
        """The steps that the edits add, change or move, in their order."""
        ids = {stage.changed for stage in self.stages}
        return [step for step in self.steps if step.id in ids]

    @property
    def resolves(self) -> bool:
        """Whether the edits can move emails or tasks."""
        moves = "skip_weekends" in self.settings or (self.settings_are_read and bool(self.settings))
        return moves or _scheduling_values(self.before) != _scheduling_values(self.steps)

    @property
    def writes_steps(self) -> bool:
        """Whether the edits write steps."""
        return self.resolves or bool(self.changed)

    @property
    def steps_with_new_content(self) -> list[str]:
        """The ids of the steps whose emails have other content after the edits: changed ones, and all follow-ups."""
        before = {step.id: _content_values(step) for step in self.before}
        changed = {row.id for row in self.steps if row.id in before and before[row.id] != _content_values(row)}
        return [step.id for step in self.steps if changed and (step.id in changed or step.follow_up)]

    def prefix_of(self, step_id: str) -> Path:
        """Return the path of the last edit that adds, changes or moves a step."""
        return next((stage.prefix for stage in reversed(self.stages) if stage.changed == step_id), ())

    @property
    def path_of_first_step(self) -> Path:
        """The path of the edit after which the first step is another one, or is on another day."""
        before = (self.before[0].id, self.before[0].day) if self.before else None
        for stage in self.stages:
            now = next(((step_id, step.day) for step_id, step in stage.steps.items()), None)
            if now != before:
                return (*stage.prefix, *stage.whole)
        return self.path

    def number_steps(self) -> None:
        """Number the steps in the order of their days. Those of one day keep their order."""
        self.steps.sort(key=lambda row: row.day)
        for number, row in enumerate(self.steps, 1):
            row.number = number

    def end_stage(
        self, kind: str, prefix: Path, whole: Path, *, changed: str | None, own: Path | None, others: Path
    ) -> None:
        """Number the steps after an edit, and store them as a stage, to find the edit that makes a step impossible."""
        self.number_steps()
        steps = {row.id: step for row, step in zip(self.steps, timeline_steps(self.steps), strict=True)}
        self.stages.append(Stage(kind, prefix, whole, changed, own, others, steps))

    def refusals(self, context: WorkspaceContext) -> list[Refusal]:
        """Return why the steps are not possible in their final order, each with the path of the edit at fault."""
        found = []
        if len(self.steps) > MAX_STEPS:
            last = next(stage for stage in reversed(self.stages) if stage.changed in self.added)
            found.append(Refusal.of(CampaignCode.TOO_MANY_STEPS, (*last.prefix, *last.whole), limit=MAX_STEPS))
        options = context.installed.send_options
        questions = QuestionCollector()
        for step_id in self.stages[-1].steps:
            with questions:
                self.stages[-1].refusal(step_id, options)
        questions.raise_any()
        for number, step_id in enumerate(self.stages[-1].steps, 1):
            refusal = self.stages[-1].refusal(step_id, options)
            if refusal is not None:
                stage = self._stage_at_fault(step_id, refusal.code, options)
                if stage.changed == step_id:
                    path = refusal.path if stage.own is None else stage.own
                    found.append(Refusal(refusal.code, refusal.message, (*stage.prefix, *path)))
                else:
                    message = f"Step {number}: {refusal.message}"
                    found.append(Refusal(refusal.code, message, (*stage.prefix, *stage.others)))
        return found

    def _stage_at_fault(self, step_id: str, code: str, options: Any) -> Stage:
        """Return the first stage since which a step is impossible."""
        at_fault = self.stages[-1]
        for stage in reversed(self.stages):
            refusal = stage.refusal(step_id, options)
            if refusal is None or refusal.code != code:
                break
            at_fault = stage
        return at_fault


def _content_values(step: Step) -> list[object]:
    return [getattr(step, name) for name in CONTENT_COLUMNS]


def _scheduling_values(steps: Iterable[Step]) -> list[tuple[object, ...]]:
    return [(step.id, *(getattr(step, name) for name in SCHEDULING_COLUMNS)) for step in steps]
