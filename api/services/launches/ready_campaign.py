"""The campaign of a launch: it must have steps, and must not be in the archive."""

from api.models import Campaign, Step
from api.services.campaigns.option_settings import refuse_unsuitable_steps
from api.services.campaigns.step_content import check_subjects
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_archived
from api.store.engine.rows import get_or_refuse
from strategies import Refusal
from strategies.codes import StrategyCode

CAMPAIGN = ("campaignId",)
"""The path of a refusal that concerns the campaign, and so everyone."""


async def ready(context: WorkspaceContext, campaign_id: str) -> tuple[Campaign, list[Step]]:
    """Return a campaign that can be launched, with its steps. Raises Refusal."""
    campaign = await get_or_refuse(Campaign, context.workspace_id, campaign_id, CAMPAIGN)
    refuse_archived(campaign, CAMPAIGN)
    steps = await steps_of(campaign)
    if not steps:
        raise Refusal.of(StrategyCode.NO_STEPS, CAMPAIGN)
    await check_subjects(steps, CAMPAIGN)
    return campaign, steps


async def ready_for_launch(context: WorkspaceContext, campaign_id: str) -> tuple[Campaign, list[Step]]:
    """Return what ``ready`` returns, if no send option refuses its step with the campaign's settings. Raises Refusal.

    The job of a started launch does not check again.
    """
    campaign, steps = await ready(context, campaign_id)
    refuse_unsuitable_steps(context, campaign, steps, CAMPAIGN)
    return campaign, steps
