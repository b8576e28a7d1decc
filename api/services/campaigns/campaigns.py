"""Author a campaign: its settings, its steps, and their days."""

from collections.abc import Sequence
from typing import Any

from api.ids import new_id
from api.models import Campaign, Step
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaign_rules import set_settings
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing.apply_edit import apply
from api.services.campaigns.step_edits import StepEdit
from api.services.common.request_context import WorkspaceContext
from strategies import StepType


async def create_campaign(context: WorkspaceContext, **settings: Any) -> Campaign:
    """Create a campaign without steps. Takes what ``update_campaign`` takes; name and sender_id are required."""
    row = Campaign(id=new_id("cmp"), workspace_id=context.workspace_id, created_at=context.now)
    await set_settings(context, row, settings)
    await row.save(force_create=True)
    return row


async def update_campaign(
    context: WorkspaceContext, campaign_id: str, *, if_version: int | None = None, **settings: Any
) -> Campaign:
    """Change the given settings. Sender and zones are fixed while people are in the campaign."""
    return await apply(context, await edit_drafts.settings(context, campaign_id, if_version=if_version, **settings))


async def add_step(
    context: WorkspaceContext,
    campaign_id: str,
    *,
    day: int,
    step_type: StepType,
    position: int | None = None,
    if_version: int | None = None,
    **content: Any,
) -> Step:
    """Add a step to a day: at a position (1 is first) among the day's steps, or after them."""
    place: dict[str, Any] = {"day": day, "step_type": step_type, "position": position}
    draft = await edit_drafts.add_step(context, campaign_id, **place, if_version=if_version, **content)
    await apply(context, draft)
    return _changed_step(draft)


async def change_step(
    context: WorkspaceContext, step_id: str, *, if_version: int | None = None, **content: Any
) -> Step:
    """Change the given keys of a step's content."""
    draft = await edit_drafts.change_step(context, step_id, if_version=if_version, **content)
    await apply(context, draft)
    return _changed_step(draft)


async def move_step(
    context: WorkspaceContext, step_id: str, *, day: int, position: int | None = None, if_version: int | None = None
) -> Step:
    """Move a step to a day, at a position among that day's steps or after them."""
    draft = await edit_drafts.move_step(context, step_id, day=day, position=position, if_version=if_version)
    await apply(context, draft)
    return _changed_step(draft)


async def move_day(
    context: WorkspaceContext, campaign_id: str, *, day: int, to: int, if_version: int | None = None
) -> Campaign:
    """Move all steps of a day to another day, after the steps of that day."""
    draft = await edit_drafts.move_day(context, campaign_id, day=day, to=to, if_version=if_version)
    return await apply(context, draft)


async def remove_step(context: WorkspaceContext, step_id: str, *, if_version: int | None = None) -> Campaign:
    """Remove a step. If people already have an email or task of it, the row is kept and marked as removed."""
    return await apply(context, await edit_drafts.remove_step(context, step_id, if_version=if_version))


async def remove_day(
    context: WorkspaceContext, campaign_id: str, *, day: int, if_version: int | None = None
) -> Campaign:
    """Remove all steps of a day."""
    return await apply(context, await edit_drafts.remove_day(context, campaign_id, day=day, if_version=if_version))


async def edit_steps(
    context: WorkspaceContext, campaign_id: str, edits: Sequence[tuple[str, StepEdit]], if_version: int | None = None
) -> tuple[Campaign, list[tuple[str | None, Step]]]:
    """Carry out several edits as one: all, or none. Each comes with the name of its argument.

    Returns the campaign, and the added steps in the order of their edits, each with its key.
    """
    draft = await edit_drafts.several(context, campaign_id, edits, if_version)
    row = await apply(context, draft)
    steps = {step.id: step for step in draft.steps}
    return row, [(key, steps[step_id]) for step_id, key in draft.added.items() if step_id in steps]


def _changed_step(draft: Draft) -> Step:
    (step,) = draft.changed
    return step
