"""What resuming a campaign now would do: how many people move, from when to when. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.models import Campaign
from api.services.pausing import RELEASED_AT_ONCE
from api.services.scope import Scope
from api.services.shifting import Change, Shifter
from api.services.steps import steps_of
from api.store import holds
from api.store.rows import need
from strategies import Refusal


@dataclass(frozen=True, slots=True)
class Moved:
    """An email's time before and after."""

    before: datetime
    after: datetime


@dataclass(slots=True)
class StepPreview:
    """One step: for how many people its email moves or stays, and the first and the last that moves."""

    step: int
    moving: int = 0
    staying: int = 0
    first: Moved | None = None
    last: Moved | None = None

    def add(self, change: Change) -> None:
        """Count one person's email that moves."""
        self.moving += 1
        self.staying -= 1
        moved = Moved(change.before, change.after)
        if self.first is None or moved.before < self.first.before:
            self.first = moved
        if self.last is None or moved.before > self.last.before:
            self.last = moved


@dataclass(slots=True)
class ResumePreview:
    """The whole campaign. ``at`` is the moment of resuming, UTC."""

    at: datetime
    held_emails: int = 0
    moving_people: int = 0
    staying_people: int = 0
    steps: Sequence[StepPreview] = field(default_factory=list)


async def resume_preview(scope: Scope, campaign_id: str) -> ResumePreview:
    """Resolve for everyone who has emails on hold what resuming now would make of them."""
    row = await need(Campaign, scope.workspace_id, campaign_id, ("campaignId",))
    if row.paused_at is None:
        raise Refusal("CAMPAIGN_NOT_PAUSED", "This campaign is not paused.", ("campaignId",))
    shifter = Shifter(scope, row, await steps_of(row), scope.now)
    found, after = ResumePreview(scope.now), ""
    steps = {step.id: StepPreview(step.number) for step in shifter.steps}
    by_number = {step.step: step for step in steps.values()}
    while people := await holds.held_people(row.id, after, RELEASED_AT_ONCE):
        changes = await shifter.changes(people)
        for step_id, emails in (await holds.waiting_emails(people)).items():
            steps[step_id].staying += emails
            found.held_emails += emails
        for change in changes.emails:
            by_number[change.number].add(change)
        found.moving_people += len(changes.resumed)
        found.staying_people += len(people) - len(changes.resumed)
        after = people[-1]
    found.steps = [step for step in by_number.values() if step.moving or step.staying]
    return found
