"""Refuse changes to a paused campaign, or to one that has just been edited."""

from api.codes.campaigns import CampaignCode
from api.codes.inputs import InputCode
from api.models import Campaign
from api.store.edits import lock_revision
from api.store.holds import paused_since
from strategies import Refusal


async def refuse_paused(campaign_id: str, path: tuple[str, ...]) -> None:
    """Refuse if the campaign is paused. Call it first in the transaction: then no pause can commit in between."""
    if await paused_since(campaign_id) is not None:
        raise Refusal.of(CampaignCode.CAMPAIGN_PAUSED, path)


async def refuse_edited(campaign: Campaign, path: tuple[str, ...]) -> None:
    """Refuse if the campaign was edited since ``campaign`` was read. Call in the transaction that writes."""
    if await lock_revision(campaign.id) != campaign.revision:
        raise Refusal.of(InputCode.CHANGED_MEANWHILE, path, case="campaign_edited")
