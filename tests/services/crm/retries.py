"""Try all failed writes of a workspace again, as a user does."""

from datetime import datetime

from api.models import CrmChange
from api.store.crm import failures


async def retry_all(workspace_id: str, now: datetime) -> int:
    """Let all writes that wait for a user be tried again. Returns how many."""
    failed = await CrmChange.filter(workspace_id=workspace_id, state="FAILED")
    return sum([await failures.retry(workspace_id, each.id, now) for each in failed])
