"""The steps of a campaign, as they are now."""

from api.models import Campaign, Step


async def steps_of(campaign: Campaign) -> list[Step]:
    """Return the campaign's steps in order, without those that were removed."""
    return await Step.filter(campaign_id=campaign.id, removed_at=None).order_by("number")
