"""Refuse changes to a campaign that is paused, being ended, archived, or has just been edited."""

from api.codes.refusals.campaigns import CampaignCode
from api.codes.request_errors.inputs import InputCode
from api.models import Campaign
from api.store.campaigns.campaign_state import CampaignState, lock_campaign_state
from strategies import Refusal


async def refuse_paused_or_ending(campaign_id: str, path: tuple[str, ...]) -> CampaignState:
    """Refuse if the campaign is paused, being ended or archived, so that it sends nothing. Returns its state.

    Call it first: the state cannot change before the transaction ends.
    """
    state = await refuse_ending(campaign_id, path)
    refuse_archived(state, path)
    if state.is_paused:
        raise Refusal.of(CampaignCode.CAMPAIGN_PAUSED, path)
    return state


def refuse_archived(campaign: CampaignState | Campaign, path: tuple[str, ...]) -> None:
    """Refuse if the campaign is in the archive."""
    if campaign.archived_at is not None:
        raise Refusal.of(CampaignCode.CAMPAIGN_ARCHIVED, path)


async def refuse_ending(campaign_id: str, path: tuple[str, ...]) -> CampaignState:
    """Refuse if the campaign is being ended. Returns its state, which cannot change before the transaction ends."""
    state = await lock_campaign_state(campaign_id)
    if state.ending_at is not None:
        raise Refusal.of(CampaignCode.CAMPAIGN_ENDING, path)
    return state


async def refuse_edited(campaign: Campaign, path: tuple[str, ...]) -> None:
    """Refuse if the campaign was edited since ``campaign`` was read. Call in the transaction that writes."""
    if (await lock_campaign_state(campaign.id)).revision != campaign.revision:
        raise Refusal.of(InputCode.CHANGED_MEANWHILE, path, case="campaign_edited")
