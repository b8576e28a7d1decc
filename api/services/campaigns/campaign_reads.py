"""Read campaigns: one by id, the list, and the place of a new step."""

from collections.abc import Sequence
from dataclasses import replace

from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign, Category, Sender, Step, Template
from api.services.common.lists.filters import FILTER, check_ids, own_id, search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.timeline_rows import timeline_steps
from api.sorts import CampaignSort, Order
from api.store.campaigns import campaign_lists
from api.store.campaigns.campaign_lists import CampaignFilter
from api.store.engine.rows import find, get_or_refuse
from strategies import Position, Refusal, StepType, step_checks
from strategies.codes import StrategyCode
from strategies.timeline.records import TimelineStep

__all__ = ["CampaignFilter", "campaign", "campaigns", "place_of_new_email"]


async def campaign(context: WorkspaceContext, campaign_id: str) -> Campaign | None:
    """Return a campaign."""
    return await find(Campaign, context.workspace_id, campaign_id)


async def campaigns(
    context: WorkspaceContext, chosen: CampaignFilter, order: Order[CampaignSort] | None = None
) -> RowList:
    """Return the campaigns of a filter. Raises Refusal."""
    check_ids(chosen, FILTER)
    chosen = replace(
        chosen,
        search=search_text(chosen.search),
        category_id=await own_id(Category, context, chosen.category_id),
        sender_id=await own_id(Sender, context, chosen.sender_id),
        template_id=await own_id(Template, context, chosen.template_id),
    )
    return RowList(await campaign_lists.campaigns(context.workspace_id, chosen, order))


async def place_of_new_email(context: WorkspaceContext, campaign_id: str, day: int, position: int | None) -> Position:
    """Return the place of a new email step on a day, at a position or after the day's other steps.

    Raises Refusal NOT_FOUND, INVALID_DAY or INVALID_POSITION, as ``add_step`` does.
    """
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("campaignId",))
    if not 1 <= day <= step_checks.LAST_DAY:
        raise Refusal.of(StrategyCode.INVALID_DAY, ("day",), limit=step_checks.LAST_DAY)
    return _place(await steps_of(row), day, position)


def _place(steps: Sequence[Step], day: int, position: int | None) -> Position:
    before = [step for step in steps if step.day < day]
    same_day = [step for step in steps if step.day == day]
    if position is not None and not 1 <= position <= len(same_day) + 1:
        raise Refusal.of(CampaignCode.INVALID_POSITION, ("position",), last=len(same_day) + 1)
    index = len(same_day) if position is None else position - 1
    new = TimelineStep(day, StepType.EMAIL, None, {})
    in_order = [*timeline_steps(before), *timeline_steps(same_day)[:index], new]
    return step_checks.position(in_order, len(in_order))
