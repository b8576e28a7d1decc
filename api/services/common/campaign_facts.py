"""The facts about a campaign that send options can read."""

from api.models import Campaign
from strategies import CampaignFacts


def campaign_facts(row: Campaign) -> CampaignFacts:
    """Return the name and the settings of a campaign."""
    return CampaignFacts(
        name=row.name,
        skip_weekends=row.skip_weekends,
        use_recipient_zone=row.use_recipient_zone,
        remove_on_bounce=row.remove_on_bounce,
        on_reply=row.on_reply.value,
        task_expiry_days=row.task_expiry_days,
        on_task_expiry=row.on_task_expiry.value,
        tracking=row.tracking.value,
    )
