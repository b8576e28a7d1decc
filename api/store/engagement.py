"""Opens and clicks of emails, and which campaigns track them."""

from collections.abc import Iterable

from api.states import Tracking
from api.store.engine.sql import execute, in_list


async def tracked_campaigns(campaign_ids: Iterable[str]) -> dict[str, Tracking]:
    """Return the settings of those campaigns that track opens or clicks."""
    rows = await execute(
        f"SELECT id, tracking FROM campaign WHERE {in_list('id', 1)} AND tracking <> 'OFF'", sorted(set(campaign_ids))
    )
    return {row["id"]: Tracking(row["tracking"]) for row in rows}
