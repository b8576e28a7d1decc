"""Who sends a person's emails in a campaign."""

from api.models import Campaign, Enrollment


def sender_of(enrollment: Enrollment, campaign: Campaign) -> str:
    """Return the id of the sender of a person's emails, to whom their tasks are assigned."""
    return enrollment.sender_id or campaign.sender_id
