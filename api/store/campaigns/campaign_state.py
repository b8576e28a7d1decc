"""Whether a campaign is paused, edited or being ended.

Code that schedules emails reads the state first. On PostgreSQL that locks the campaign's row, so that the campaign
cannot be paused, resumed, edited or ended before the transaction ends.
"""

from datetime import datetime
from typing import NamedTuple

from api.models import Campaign
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, instant


class CampaignState(NamedTuple):
    """The columns of a campaign that decide whether and by which plan its emails are sent. All times are UTC."""

    revision: int
    """How often the campaign was edited."""
    editing: bool
    """Whether the last edit has not been applied to all people yet."""
    holds: str | None
    """The id of the pause or resume that a job still applies; None if there is none."""
    paused_at: datetime | None
    ending_at: datetime | None
    """Since when the campaign is being ended for everyone."""
    resume_requested_at: datetime | None
    """When the campaign was resumed, if a job must first finish the pause. ``paused_at`` is set until then."""
    paused_seconds: int
    """Length of all pauses before the last resume that was carried out."""
    archived_at: datetime | None

    @property
    def is_paused(self) -> bool:
        """Whether the campaign is paused for its users: nobody has resumed it."""
        return self.paused_at is not None and self.resume_requested_at is None

    @property
    def all_paused_seconds(self) -> int:
        """Length of all pauses before the last resume, also if that resume is still to be carried out."""
        if self.paused_at is None or self.resume_requested_at is None:
            return self.paused_seconds
        return self.paused_seconds + int((self.resume_requested_at - self.paused_at).total_seconds())


def seconds_paused_until(campaign: Campaign | CampaignState, now: datetime) -> int:
    """Return the length of all pauses before ``now``, with the part of the present pause that is over.

    A task whose expiry is calculated during a pause has this number, so that a resume adds only the rest of the pause.
    """
    if campaign.paused_at is None:
        return campaign.paused_seconds
    until = min(now, campaign.resume_requested_at or now)
    return campaign.paused_seconds + max(0, int((until - campaign.paused_at).total_seconds()))


async def lock_campaign_state(campaign_id: str) -> CampaignState:
    """Return the state of a campaign. It cannot change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    (row,) = await execute(
        "SELECT revision, editing, holds, paused_at, ending_at, resume_requested_at, paused_seconds, archived_at"
        f" FROM campaign WHERE id = $1 {lock}",
        campaign_id,
    )
    names = ("paused_at", "ending_at", "resume_requested_at", "archived_at")
    paused_at, ending_at, requested_at, archived_at = (
        None if row[name] is None else instant(row[name]) for name in names
    )
    return CampaignState(
        int(row["revision"]), bool(row["editing"]), row["holds"], paused_at, ending_at,
        requested_at, int(row["paused_seconds"]), archived_at,
    )  # fmt: skip


async def lock_campaign(campaign_id: str) -> None:
    """Lock a campaign until the transaction ends: no other transaction edits, pauses, ends or launches it."""
    if is_postgres():
        await execute("SELECT id FROM campaign WHERE id = $1 FOR NO KEY UPDATE", campaign_id)


async def try_lock_campaign(campaign_id: str) -> bool:
    """Lock a campaign as ``lock_campaign`` does, but without waiting. Returns False if another transaction holds it."""
    if not is_postgres():
        return True
    return bool(await execute("SELECT id FROM campaign WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED", campaign_id))
