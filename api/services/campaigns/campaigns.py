"""Author a campaign: its settings, its steps, and their days."""

from typing import Any

from api.ids import new_id
from api.models import Campaign, Step
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaign_rules import set_settings
from api.services.campaigns.editing.apply_edit import apply
from api.services.common.context import WorkspaceContext
from strategies import StepType


async def create_campaign(context: WorkspaceContext, **settings: Any) -> Campaign:
    """Create a campaign without steps. Takes what ``update_campaign`` takes; name and sender_id are required."""
    row = Campaign(id=new_id("cmp"), workspace_id=context.workspace_id, created_at=context.now)
    await set_settings(context, row, settings)
    await row.save(force_create=True)
    return row


async def update_campaign(context: WorkspaceContext, campaign_id: str, **settings: Any) -> Campaign:
    """Change the given settings. Sender and zones are fixed while people are in the campaign."""
    return await apply(context, await edit_drafts.settings(context, campaign_id, **settings))


async def add_step(
    context: WorkspaceContext,
    campaign_id: str,
    *,
    day: int,
    step_type: StepType,
    position: int | None = None,
    **content: Any,
) -> Step:
    """Add a step to a day: at a position (1 is first) among the day's steps, or after them."""
    draft = await edit_drafts.add_step(context, campaign_id, day=day, step_type=step_type, position=position, **content)
    await apply(context, draft)
    return _changed_step(draft)


async def change_step(context: WorkspaceContext, step_id: str, **content: Any) -> Step:
    """Change the given keys of a step's content."""
    draft = await edit_drafts.change_step(context, step_id, **content)
    await apply(context, draft)
    return _changed_step(draft)


async def move_step(context: WorkspaceContext, step_id: str, *, day: int, position: int | None = None) -> Step:
    """Move a step to a day, at a position among that day's steps or after them."""
    draft = await edit_drafts.move_step(context, step_id, day=day, position=position)
    await apply(context, draft)
    return _changed_step(draft)


async def move_day(context: WorkspaceContext, campaign_id: str, *, day: int, to: int) -> Campaign:
    """Move all steps of a day to another day, after the steps of that day."""
    return await apply(context, await edit_drafts.move_day(context, campaign_id, day=day, to=to))


async def remove_step(context: WorkspaceContext, step_id: str) -> Campaign:
    """Remove a step. If people already have an email or task of it, the row is kept and marked as removed."""
    return await apply(context, await edit_drafts.remove_step(context, step_id))


async def remove_day(context: WorkspaceContext, campaign_id: str, *, day: int) -> Campaign:
    """Remove all steps of a day."""
    return await apply(context, await edit_drafts.remove_day(context, campaign_id, day=day))


def _changed_step(draft: edit_drafts.Draft) -> Step:
    assert draft.changed is not None  # noqa: S101 - each edit of a step sets it
    return draft.changed
