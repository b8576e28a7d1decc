"""What may not begin in a paused campaign, or in one that has just been edited."""

from api.codes.campaigns import CampaignCode
from api.codes.inputs import InputCode
from api.models import Campaign
from api.store.edits import revision_of
from api.store.holds import pause_of
from strategies import Refusal


async def refuse_paused(campaign_id: str, path: tuple[str, ...]) -> None:
    """Refuse what a pause forbids. Call first in the transaction that does it: no pause slips in between."""
    if await pause_of(campaign_id) is not None:
        raise Refusal.of(CampaignCode.CAMPAIGN_PAUSED, path)


async def refuse_edited(campaign: Campaign, path: tuple[str, ...]) -> None:
    """Refuse what was resolved by steps that are old now. Call in the transaction that writes it."""
    if await revision_of(campaign.id) != campaign.revision:
        raise Refusal.of(InputCode.CHANGED_MEANWHILE, path, case="campaign_edited")
