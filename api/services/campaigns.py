"""Author a campaign: its settings, its steps, and their days."""

from typing import Any

from api.ids import new_id
from api.models import Campaign, Step
from api.services import drafts
from api.services.contents import set_settings
from api.services.editing import apply
from api.services.scope import Scope
from strategies import StepType


async def create_campaign(scope: Scope, **settings: Any) -> Campaign:
    """Create a campaign without steps. Takes what ``update_campaign`` takes; name and sender_id are required."""
    row = Campaign(id=new_id("cmp"), workspace_id=scope.workspace_id, created_at=scope.now)
    await set_settings(scope, row, settings)
    await row.save(force_create=True)
    return row


async def update_campaign(scope: Scope, campaign_id: str, **settings: Any) -> Campaign:
    """Change the given settings. Sender and zones are fixed while people are in the campaign."""
    return await apply(scope, await drafts.settings(scope, campaign_id, **settings))


async def add_step(
    scope: Scope, campaign_id: str, *, day: int, step_type: StepType, position: int | None = None, **content: Any
) -> Step:
    """Add a step to a day: at a position (1 is first) among the day's steps, or behind them."""
    draft = await drafts.add_step(scope, campaign_id, day=day, step_type=step_type, position=position, **content)
    await apply(scope, draft)
    return _changed(draft)


async def change_step(scope: Scope, step_id: str, **content: Any) -> Step:
    """Change what a step contains: the given keys of its content."""
    draft = await drafts.change_step(scope, step_id, **content)
    await apply(scope, draft)
    return _changed(draft)


async def move_step(scope: Scope, step_id: str, *, day: int, position: int | None = None) -> Step:
    """Move a step to a day, at a position among that day's steps or behind them."""
    draft = await drafts.move_step(scope, step_id, day=day, position=position)
    await apply(scope, draft)
    return _changed(draft)


async def move_day(scope: Scope, campaign_id: str, *, day: int, to: int) -> Campaign:
    """Move all steps of a day to another day, behind the steps that stand there."""
    return await apply(scope, await drafts.move_day(scope, campaign_id, day=day, to=to))


async def remove_step(scope: Scope, step_id: str) -> Campaign:
    """Remove a step. One that someone has gone through stays in the record."""
    return await apply(scope, await drafts.remove_step(scope, step_id))


async def remove_day(scope: Scope, campaign_id: str, *, day: int) -> Campaign:
    """Remove all steps of a day."""
    return await apply(scope, await drafts.remove_day(scope, campaign_id, day=day))


def _changed(draft: drafts.Draft) -> Step:
    assert draft.changed is not None  # noqa: S101 - what changes a step names it
    return draft.changed
