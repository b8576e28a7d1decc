"""Campaigns that are being ended for everyone: record the decision, find the remaining people, and close the ending.

From the decision until the ending is closed, ``campaign.ending_at`` is set. No transmission of the campaign starts
then, and nobody is launched into it.
"""

from collections.abc import Sequence
from datetime import datetime

from api.store.engine.sql import Row, execute, in_list

UNSENT_OF_FINISHED = (
    "status = 'FINISHED' AND EXISTS (SELECT 1 FROM send WHERE send.enrollment_id = enrollment.id AND"
    " (send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED')"
    " OR (send.status = 'IN_DOUBT' AND enrollment.end_reason IS NULL)))"
)
"""SQL condition: the person has finished the campaign, and an email that was retried or is in doubt may be sent."""
TRANSMITTING_OF_FINISHED = (
    "status = 'FINISHED' AND EXISTS (SELECT 1 FROM send WHERE send.enrollment_id = enrollment.id"
    " AND send.status = 'TRANSMITTING')"
)
"""SQL condition: the person has finished the campaign, and an email that was retried is in transmission.

If the transmission fails, the email would be tried again after the ending.
"""


async def begin(campaign_id: str, now: datetime) -> int | None:
    """Begin to end a campaign at ``now`` (UTC), and drop its pending edit, pause or resume.

    A campaign whose resume was requested is not paused any longer.

    Returns the number of active enrollments, or None if the campaign is being ended already. Call in a transaction that
    has locked the campaign.
    """
    begun = await execute(
        "UPDATE campaign SET ending_at = $2, holds = NULL, editing = false, job_problem = NULL,"
        " paused_at = CASE WHEN resume_requested_at IS NULL THEN paused_at END,"
        " resumed_at = coalesce(resume_requested_at, resumed_at), resume_requested_at = NULL"
        " WHERE id = $1 AND ending_at IS NULL RETURNING id",
        campaign_id,
        now,
    )
    return (await active_people([campaign_id])).get(campaign_id, 0) if begun else None


async def active_people(campaign_ids: list[str]) -> dict[str, int]:
    """Count the active enrollments of each of these campaigns that is being ended."""
    rows = await execute(
        "SELECT campaign_id, count(*) AS people FROM enrollment"
        f" WHERE {in_list('campaign_id', 1)} AND ended_at IS NULL"
        " AND (SELECT ending_at FROM campaign WHERE campaign.id = campaign_id) IS NOT NULL GROUP BY campaign_id",
        campaign_ids,
    )
    return {row["campaign_id"]: int(row["people"]) for row in rows}


async def finished_people(campaign_id: str, after: str, people: int) -> Sequence[Row]:
    """Return the ids of the next finished enrollments of a campaign that have an unsent email, in their order."""
    return await execute(
        f"SELECT id FROM enrollment WHERE campaign_id = $1 AND id > $2 AND {UNSENT_OF_FINISHED} ORDER BY id LIMIT $3",
        campaign_id,
        after,
        people,
    )


async def close(campaign_id: str) -> bool:
    """Mark an ending as carried out. Returns False if people remain. Call in a transaction that has locked it."""
    rows = await execute(
        "UPDATE campaign SET ending_at = NULL WHERE id = $1"
        " AND NOT EXISTS (SELECT 1 FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM enrollment WHERE campaign_id = $1"
        f" AND (({UNSENT_OF_FINISHED}) OR ({TRANSMITTING_OF_FINISHED})))"
        " RETURNING id",
        campaign_id,
    )
    return bool(rows)
