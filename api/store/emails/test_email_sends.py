"""Test emails of a workspace."""

from datetime import datetime

from api.models import TestEmail


async def count_since(workspace_id: str, at: datetime) -> int:
    """Return how many test emails a workspace has sent since a time (UTC)."""
    return await TestEmail.filter(workspace_id=workspace_id, at__gte=at).count()


async def delete_before(workspace_id: str, at: datetime) -> None:
    """Delete the rows of a workspace's test emails before a time (UTC)."""
    await TestEmail.filter(workspace_id=workspace_id, at__lt=at).delete()
