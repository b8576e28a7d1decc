"""People about whom a fact has changed that a send option of one of their campaigns reads.

Their enrollments get the revision FACTS_CHANGED in the transaction of the change. So none of their emails is sent by
the old plan: dispatch puts them on hold. The job of an edit recalculates them as it does after an edit.
"""

from collections.abc import Collection

from api.store.engine.sql import execute, in_list

FACTS_CHANGED = -2
"""The revision of an enrollment whose person has changed. No campaign has it. A partial index has these rows."""


async def mark_changed(person_ids: Collection[str], option_keys: Collection[str]) -> bool:
    """Mark the enrollments of people in campaigns that use one of these send options. Returns whether there are any.

    Call in the transaction that changes the people.
    """
    rows = await execute(
        f"UPDATE enrollment SET revision = {FACTS_CHANGED} WHERE {in_list('person_id', 1)} AND ended_at IS NULL"
        " AND EXISTS (SELECT 1 FROM step WHERE step.campaign_id = enrollment.campaign_id AND removed_at IS NULL"
        f" AND {in_list('send_option', 2)}) RETURNING id",
        sorted(person_ids),
        sorted(option_keys),
    )
    return bool(rows)


async def mark_newcomers(campaign_id: str, person_ids: Collection[str]) -> None:
    """Mark people who were just enrolled, because they changed after their plan was calculated."""
    await execute(
        f"UPDATE enrollment SET revision = {FACTS_CHANGED} WHERE campaign_id = $1 AND {in_list('person_id', 2)}"
        " AND ended_at IS NULL",
        campaign_id,
        sorted(person_ids),
    )


async def campaigns_to_recalculate(workspace_id: str) -> list[str]:
    """Return the campaigns with marked people for whom no job recalculates them yet."""
    rows = await execute(
        "SELECT id FROM campaign WHERE id IN (SELECT campaign_id FROM enrollment WHERE workspace_id = $1"
        f" AND revision = {FACTS_CHANGED} AND ended_at IS NULL)"
        " AND NOT editing AND ending_at IS NULL ORDER BY id",
        workspace_id,
    )
    return [row["id"] for row in rows]


async def workspaces_to_recalculate() -> list[str]:
    """Return the workspaces with marked people."""
    rows = await execute(
        f"SELECT DISTINCT workspace_id FROM enrollment WHERE revision = {FACTS_CHANGED} AND ended_at IS NULL"
    )
    return sorted(row["workspace_id"] for row in rows)


async def has_marked(campaign_id: str) -> bool:
    """Say whether a campaign has marked people."""
    rows = await execute(
        f"SELECT 1 AS found FROM enrollment WHERE campaign_id = $1 AND revision = {FACTS_CHANGED}"
        " AND ended_at IS NULL LIMIT 1",
        campaign_id,
    )
    return bool(rows)


async def give_up(campaign_id: str) -> None:
    """Unmark the people of a campaign, so that they keep their emails until the next edit. Call in a transaction."""
    await execute(
        "UPDATE enrollment SET revision = (SELECT campaign.revision FROM campaign WHERE campaign.id = $1)"
        f" WHERE campaign_id = $1 AND revision = {FACTS_CHANGED} AND ended_at IS NULL",
        campaign_id,
    )


async def begin_recalculating(campaign_id: str) -> bool:
    """Make the job of an edit recalculate the marked people of a campaign. Returns False if a resume must end first.

    Call in a transaction that has locked the campaign, and start the job in it.
    """
    rows = await execute(
        "UPDATE campaign SET editing = true, job_problem = NULL WHERE id = $1 AND ending_at IS NULL"
        " AND NOT (holds IS NOT NULL AND (paused_at IS NULL OR resume_requested_at IS NOT NULL)) RETURNING id",
        campaign_id,
    )
    return bool(rows)
