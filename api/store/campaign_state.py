"""What a campaign is doing: whether it is paused, edited or being ended.

Code that schedules emails reads the state first. On PostgreSQL that locks the campaign's row, so that the campaign
cannot be paused, resumed, edited or ended before the transaction ends.
"""

from datetime import datetime
from typing import NamedTuple

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, instant


class CampaignState(NamedTuple):
    """The columns of a campaign that decide whether and by which plan its emails are sent. All times are UTC."""

    revision: int
    """How often the campaign was edited."""
    editing: bool
    """Whether people remain to be recalculated for the last edit."""
    holds: str | None
    """The id of the pause or resume that is still carried out."""
    paused_at: datetime | None
    ending_at: datetime | None
    """Since when the campaign is being ended for everyone."""


async def lock_campaign_state(campaign_id: str) -> CampaignState:
    """Return the state of a campaign. It cannot change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    (row,) = await execute(
        f"SELECT revision, editing, holds, paused_at, ending_at FROM campaign WHERE id = $1 {lock}", campaign_id
    )
    paused_at, ending_at = (None if row[name] is None else instant(row[name]) for name in ("paused_at", "ending_at"))
    return CampaignState(int(row["revision"]), bool(row["editing"]), row["holds"], paused_at, ending_at)


async def lock_campaign(campaign_id: str) -> None:
    """Lock a campaign until the transaction ends: nobody else edits, pauses, ends or launches it."""
    if is_postgres():
        await execute("SELECT id FROM campaign WHERE id = $1 FOR NO KEY UPDATE", campaign_id)
