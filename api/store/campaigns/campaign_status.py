"""The status of campaigns, which follows from stored facts, and whether nobody is active in a campaign any more.

``STATUS`` is the expression of the index campaign_status. A database uses the index only for this expression, so a list
that is filtered or sorted by status has to use it unchanged. ``api.states.campaign_status`` is the same rule in Python.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from api.models import Enrollment
from api.states import EnrollmentStatus
from api.store.campaigns.campaign_state import lock_campaign, try_lock_campaign
from api.store.engine.database import is_postgres
from api.store.engine.listing.listing import Count, Listing
from api.store.engine.sql import execute, in_list
from api.store.engine.transactions import Afterwards, before_commit, retry_on_deadlock, transaction

STATUS = (
    "CASE WHEN archived_at IS NOT NULL THEN 'ARCHIVED' WHEN ending_at IS NOT NULL THEN 'ENDING'"
    " WHEN paused_at IS NOT NULL AND resume_requested_at IS NULL THEN 'PAUSED' WHEN launched_at IS NULL THEN 'DRAFT'"
    " WHEN finished_at IS NOT NULL THEN 'FINISHED' ELSE 'RUNNING' END"
)
"""SQL expression: the status of a campaign."""
NOT_DELETED = "deleted_at IS NULL"
"""SQL condition: the campaign is not deleted. Lists need it, and so does the index campaign_status."""
NOBODY_ACTIVE = (
    "launched_at IS NOT NULL AND finished_at IS NULL"
    " AND (SELECT person_id FROM enrollment WHERE campaign_id = campaign.id AND ended_at IS NULL"
    " ORDER BY person_id LIMIT 1) IS NULL"
)
"""SQL condition: nobody is active in the campaign any more, and ``finished_at`` is not set yet.

It looks up one person of each campaign. The order is that of the index enrollment_once. Without it, PostgreSQL may read
a whole table that has nobody active.
"""
FEW_PEOPLE = 20
"""Transactions that end people of a campaign wait for each other if at most this number of others are active in it.

Each transaction reads up to this number of rows, so it is small. If concurrent transactions together end more people,
``finish_campaigns`` finishes the campaign soon after.
"""
FINISHING_LOCK = 7_280_117
"""First key of PostgreSQL's advisory locks on the ends of campaigns. The second key is a hash of the campaign's id."""


async def active_people(campaign_id: str) -> Count:
    """Count the people who are active in a campaign, exactly up to 10,000."""
    return await Listing(Enrollment).equal(campaign_id=campaign_id, status=EnrollmentStatus.ACTIVE).count()


async def mark_launched(campaign_id: str, now: datetime) -> None:
    """Store that people are active in a campaign. Call it in the transaction that enrolls them."""
    await execute(
        "UPDATE campaign SET launched_at = coalesce(launched_at, $2), finished_at = NULL"
        " WHERE id = $1 AND (launched_at IS NULL OR finished_at IS NOT NULL)",
        campaign_id,
        now,
    )


async def finish_if_last(campaign_ids: Iterable[str], now: datetime) -> None:
    """Finish those of these campaigns in which nobody is active any more.

    Call in the transaction that ended the people. ``now`` is the workspace's time, UTC. On PostgreSQL, two transactions
    that end the last two people do not see each other's changes, so they take a lock before they check. They take it
    only if few people remain, so that transactions that send emails of large campaigns do not block each other. If
    another transaction has locked the campaign, it is finished right after the commit, because waiting for that lock
    could be a deadlock.
    """
    if items := dict.fromkeys(campaign_ids, now):
        await before_commit(_finish_if_last, items)


async def _finish_if_last(times: Mapping[str, datetime]) -> Afterwards | None:
    ids, busy = sorted(times), dict[str, datetime]()
    if is_postgres():
        ids = await _idle(ids, FEW_PEOPLE)
        for campaign_id in ids:
            await execute("SELECT pg_advisory_xact_lock($1, hashtext($2)) IS NULL", FINISHING_LOCK, campaign_id)
    for campaign_id in await _idle(ids, 0) if ids else ():
        if not await try_lock_campaign(campaign_id):
            busy[campaign_id] = times[campaign_id]
            continue
        # A separate statement: it sees the people of a launch that held the lock before.
        await execute(
            f"UPDATE campaign SET finished_at = $2 WHERE id = $1 AND {NOBODY_ACTIVE}", campaign_id, times[campaign_id]
        )
    return partial(_finish_afterwards, busy) if busy else None


async def _finish_afterwards(times: Mapping[str, datetime]) -> None:
    """Finish campaigns that another transaction had locked."""
    for campaign_id, now in times.items():
        await finish_campaign(campaign_id, now)


async def finish_idle(campaign_ids: Sequence[str], now: datetime) -> None:
    """Finish those of these campaigns in which nobody is active. Call after the commit of what ended the people.

    ``now`` is the workspace's time, UTC. Of transactions that end the last people, the last one to commit sees it.
    """
    for campaign_id in await _idle(campaign_ids, 0):
        await finish_campaign(campaign_id, now)


async def _idle(campaign_ids: Sequence[str], most: int) -> list[str]:
    """Return those of these campaigns in which at most ``most`` people are active. Finished ones are left out."""
    rows = await execute(
        f"SELECT id FROM campaign WHERE {in_list('id', 1)} AND launched_at IS NOT NULL AND finished_at IS NULL"
        " AND (SELECT person_id FROM enrollment WHERE campaign_id = campaign.id AND ended_at IS NULL"
        f" ORDER BY person_id LIMIT 1 OFFSET {most}) IS NULL ORDER BY id",
        list(campaign_ids),
    )
    return [row["id"] for row in rows]


async def finish_campaigns(now: datetime) -> Sequence[str]:
    """Finish all campaigns in which nobody is active any more. Returns their ids.

    ``finish_if_last`` finishes most campaigns at once. This finds those of earlier releases, and those whose last
    people were ended by several transactions at the same moment.
    """
    found = await execute(f"SELECT id FROM campaign WHERE {NOBODY_ACTIVE} ORDER BY id")
    return [row["id"] for row in found if await finish_campaign(row["id"], now)]


@retry_on_deadlock
async def finish_campaign(campaign_id: str, now: datetime) -> bool:
    """Finish a campaign if nobody is active in it any more. ``now`` is the time of the workspace's clock, UTC."""
    async with transaction():
        await lock_campaign(campaign_id)
        # A separate statement: it sees the people of a launch that held the lock before.
        rows = await execute(
            "UPDATE campaign SET finished_at = coalesce((SELECT virtual_now FROM workspace"
            f" WHERE workspace.id = campaign.workspace_id), $2) WHERE id = $1 AND {NOBODY_ACTIVE} RETURNING id",
            campaign_id,
            now,
        )
    return bool(rows)
