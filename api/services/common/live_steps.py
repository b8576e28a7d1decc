"""The current steps of a campaign."""

from api.models import Campaign, Step


async def steps_of(campaign: Campaign) -> list[Step]:
    """Return the campaign's steps in order, without removed ones."""
    return await Step.filter(campaign_id=campaign.id, removed_at=None).order_by("number")
