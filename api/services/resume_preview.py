"""What resuming a campaign now would do: how many people move, from when to when. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.models import Campaign
from api.services.campaigns import steps_of
from api.services.pausing import RELEASED_AT_ONCE
from api.services.scope import Scope
from api.services.shifting import Change, Shifter
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

    def add(self, change: Change, moves: bool) -> None:
        """Count one person's email."""
        if not moves:
            self.staying += 1
            return
        self.moving += 1
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
    found, steps, after = ResumePreview(scope.now), dict[int, StepPreview](), ""
    while people := await holds.held_people(row.id, after, RELEASED_AT_ONCE):
        changes = await shifter.changes(people)
        for change in changes.emails:
            moves = change.before != change.after
            steps.setdefault(change.number, StepPreview(change.number)).add(change, moves)
        found.held_emails += len(changes.emails)
        found.moving_people += changes.moving
        found.staying_people += changes.people - changes.moving
        after = people[-1]
    found.steps = [steps[number] for number in sorted(steps)]
    return found
