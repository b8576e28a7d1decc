"""Bounces of emails, and bounced addresses of people."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, execute, in_list


async def mark_emails(kinds: Mapping[str, str], now: datetime) -> None:
    """Store the bounces of emails: HARD or SOFT by the email's id, reported at ``now`` (UTC)."""
    rows = Records({"id": "text", "bounce": "text"}, list(kinds.items()))
    await execute(
        f"UPDATE send SET bounce = r.bounce, bounced_at = $1 FROM {rows.table(2)} WHERE send.id = r.id",
        now,
        rows,
    )


async def bounced_keys(workspace_id: str, keys: list[str]) -> set[str]:
    """Return those of these normalised addresses that a person of the workspace has, and that have bounced."""
    rows = await execute(
        f"SELECT email_key FROM person WHERE workspace_id = $1 AND {in_list('email_key', 2)}"
        " AND bounced_at IS NOT NULL",
        workspace_id,
        keys,
    )
    return {row["email_key"] for row in rows}


async def mark_people(addresses: Mapping[str, str], now: datetime) -> list[str]:
    """Mark addresses of people as bounced, given as ``email_key`` by person. Returns the people who still have them.

    A person whose address was corrected after the email was sent is not marked.
    """
    rows = Records({"id": "text", "email_key": "text"}, sorted(addresses.items()))
    found = await execute(
        f"UPDATE person SET bounced_at = $1 FROM {rows.table(2)}"
        " WHERE person.id = r.id AND person.email_key = r.email_key RETURNING person.id",
        now,
        rows,
    )
    return [row["id"] for row in found]


async def enrollments_to_end(person_ids: Sequence[str]) -> list[str]:
    """Return the enrollments of these people that may send emails, in campaigns with Remove on Bounce."""
    rows = await execute(
        "SELECT enrollment.id FROM enrollment JOIN campaign ON campaign.id = enrollment.campaign_id"
        f" WHERE {in_list('enrollment.person_id', 1)} AND enrollment.status IN ('ACTIVE', 'FINISHED')"
        " AND campaign.remove_on_bounce ORDER BY enrollment.id",
        list(person_ids),
    )
    return [row["id"] for row in rows]


async def bounced(person_ids: Sequence[str]) -> set[str]:
    """Return those of these people whose address has bounced. It does not change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    people = f"SELECT id, bounced_at FROM person WHERE {in_list('id', 1)} ORDER BY id {lock}"
    return {row["id"] for row in await execute(people, list(person_ids)) if row["bounced_at"] is not None}
