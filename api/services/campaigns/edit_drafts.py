"""Make drafts of edits: of a campaign's settings, of one step or day, or of several at once."""

import copy
from collections.abc import Sequence
from typing import Any

from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign, Step
from api.services.campaigns.campaign_rules import set_settings
from api.services.campaigns.draft import Draft
from api.services.campaigns.option_settings import refuse_unsuitable_settings
from api.services.campaigns.step_edits import (
    AddStep,
    ChangeStep,
    MoveDay,
    MoveStep,
    RemoveDay,
    RemoveStep,
    StepEdit,
)
from api.services.common.campaign_facts import campaign_facts
from api.services.common.inputs.versions import check_version
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_archived
from api.services.enrollments.facts.option_facts import declared_reads
from api.store.engine.rows import get_or_refuse
from strategies import Reads, Refusal, StepType
from strategies.errors import RefusalCollector
from strategies.questions import asks_options

CAMPAIGN = ("campaignId",)


@asks_options
async def settings(
    context: WorkspaceContext, campaign_id: str, *, if_version: int | None = None, **values: Any
) -> Draft:
    """Change the given settings. A setting that keeps its value does not count as changed."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    check_version("campaign", row.version, if_version)
    refuse_archived(row, ("id",))
    before, facts_before = {key: getattr(row, key) for key in values}, campaign_facts(row)
    await set_settings(context, row, values)
    changed = {key: value for key, value in before.items() if getattr(row, key) != value}
    steps = await steps_of(row)
    refuse_unsuitable_settings(context, steps, facts_before, campaign_facts(row))
    copies = [copy.copy(step) for step in steps]
    read = Reads.CAMPAIGN in declared_reads(context.installed.send_options, steps, following=True)
    return Draft(
        row, copies, steps, ("id",), settings=changed, settings_are_read=read, if_version=if_version
    )  # fmt: skip


@asks_options
async def several(
    context: WorkspaceContext, campaign_id: str, edits: Sequence[tuple[str, StepEdit]], if_version: int | None = None
) -> Draft:
    """Carry out several edits, one after the other, as one. Each comes with the name of its argument.

    Only the final order has to be possible. Raises Refusal with all mistakes; their paths begin with the edit at fault.
    The order, and rules about the people in the campaign, are checked after each edit is valid by itself.
    """
    draft = await Draft.load(context, campaign_id, CAMPAIGN, if_version)
    if not edits:
        raise Refusal.of(CampaignCode.NO_EDITS, ("edits",))
    mistakes = RefusalCollector()
    unusable: set[str] = set()
    for number, (name, edit) in enumerate(edits):
        prefix = ("edits", str(number), name)
        if edit.names & unusable:
            continue  # an earlier edit of the same step was refused, and so this one
        try:
            await edit.carry_out(context, draft, prefix, ())
        except Refusal as refusal:
            mistakes.add(refusal.under(*prefix))
            unusable |= edit.names
    mistakes.raise_any()
    return _check_order(context, draft)


@asks_options
async def add_step(
    context: WorkspaceContext,
    campaign_id: str,
    *,
    day: int,
    step_type: StepType,
    position: int | None = None,
    if_version: int | None = None,
    **content: Any,
) -> Draft:
    """Add a step to a day: at a position (1 is first) among the day's steps, or after them."""
    draft = await Draft.load(context, campaign_id, CAMPAIGN, if_version)
    return await _carry_out(context, draft, AddStep(day, step_type, position, content))


@asks_options
async def change_step(
    context: WorkspaceContext, step_id: str, *, if_version: int | None = None, **content: Any
) -> Draft:
    """Change the given keys of a step's content."""
    draft = await _load_of_step(context, step_id, if_version)
    return await _carry_out(context, draft, ChangeStep(step_id, content))


@asks_options
async def move_step(
    context: WorkspaceContext, step_id: str, *, day: int, position: int | None = None, if_version: int | None = None
) -> Draft:
    """Move a step to a day, at a position among that day's steps or after them."""
    draft = await _load_of_step(context, step_id, if_version)
    return await _carry_out(context, draft, MoveStep(step_id, day, position))


@asks_options
async def move_day(
    context: WorkspaceContext, campaign_id: str, *, day: int, to: int, if_version: int | None = None
) -> Draft:
    """Move all steps of a day to another day, after the steps of that day."""
    draft = await Draft.load(context, campaign_id, CAMPAIGN, if_version)
    return await _carry_out(context, draft, MoveDay(day, to))


@asks_options
async def remove_step(context: WorkspaceContext, step_id: str, *, if_version: int | None = None) -> Draft:
    """Remove a step."""
    draft = await _load_of_step(context, step_id, if_version)
    return await _carry_out(context, draft, RemoveStep(step_id))


@asks_options
async def remove_day(context: WorkspaceContext, campaign_id: str, *, day: int, if_version: int | None = None) -> Draft:
    """Remove all steps of a day."""
    draft = await Draft.load(context, campaign_id, CAMPAIGN, if_version)
    draft.path = ("day",)
    return await _carry_out(context, draft, RemoveDay(day))


async def _load_of_step(context: WorkspaceContext, step_id: str, if_version: int | None) -> Draft:
    found = await get_or_refuse(Step, context.workspace_id, step_id, ("id",))
    return await Draft.load(context, found.campaign_id, ("id",), if_version)


async def _carry_out(context: WorkspaceContext, draft: Draft, edit: StepEdit) -> Draft:
    await edit.carry_out(context, draft, (), CAMPAIGN)
    return _check_order(context, draft)


def _check_order(context: WorkspaceContext, draft: Draft) -> Draft:
    """Return a draft whose steps are possible in their order. Raises Refusal."""
    RefusalCollector(draft.refusals(context)).raise_any()
    return draft
