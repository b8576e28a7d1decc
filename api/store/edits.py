"""Edits of running campaigns: who is still to be resolved again, and what changes for them.

Whoever writes what follows from a campaign's steps asks ``revision_of`` first, which keeps the answer true until the
transaction ends.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.store import holds
from api.store.engine.database import is_postgres
from api.store.engine.sql import Row, among, run
from api.store.holds import records
from api.store.send_ledger import UNSENT_STATUS
from api.store.written_texts import keep_texts

TASK = {
    "id": "text",
    "due_date": "date",
    "expires_at": "timestamptz",
    "explanation": "jsonb",
    "name": "text",
    "details": "text",
    "priority": "text",
}
FOLLOWS = "send.status || '' = 'SCHEDULED' AND attempts = 0 AND NOT by_hand"
"""Of an email whose time is that of its send option: neither tried, nor in anybody's hands.

Not a bare status: PostgreSQL could read all that waits by its index, where each row is to be looked up by its key.
"""


async def revision_of(campaign_id: str) -> int:
    """Return how often a campaign was edited. It is not edited before the transaction ends."""
    return int((await state_of(campaign_id))["revision"])


async def state_of(campaign_id: str) -> Row:
    """Return a campaign's revision, editing and paused_at. They do not change before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    (row,) = await run(f"SELECT revision, editing, paused_at FROM campaign WHERE id = $1 {lock}", campaign_id)
    return row


async def lock_campaign(campaign_id: str) -> None:
    """Let nobody else edit, pause or launch a campaign, or schedule anything of it, before the transaction ends."""
    if is_postgres():
        await run("SELECT id FROM campaign WHERE id = $1 FOR NO KEY UPDATE", campaign_id)


async def stale_people(campaign_id: str, revision: int, after: str, people: int) -> Sequence[Row]:
    """Return the next who are in a campaign and were last resolved as of another revision: id and person_id."""
    return await run(
        "SELECT id, person_id FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND revision <> $2"
        " AND person_id > $3 ORDER BY person_id LIMIT $4",
        campaign_id,
        revision,
        after,
        people,
    )


async def people_in(campaign_id: str, after: str, people: int) -> Sequence[Row]:
    """Return the next who are in a campaign: id and person_id."""
    return await stale_people(campaign_id, -1, after, people)


async def steps_with_rows(step_ids: list[str]) -> set[str]:
    """Return those of these steps that someone has an email or a task of."""
    rows = await run(
        f"SELECT id FROM step WHERE {among('id', 1)} AND (EXISTS (SELECT 1 FROM send WHERE send.step_id = step.id)"
        " OR EXISTS (SELECT 1 FROM task WHERE task.step_id = step.id))",
        step_ids,
    )
    return {row["id"] for row in rows}


async def take_back(enrollment_ids: list[str]) -> None:
    """Let these people's claimed emails, which have not begun to leave, wait again, so that they follow the edit."""
    mine = f"{among('enrollment_id', 1)} AND status || '' = 'CLAIMED'"
    # What another process writes just now is not waited for: ``people_with`` tells who still has some.
    lock = "FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    await run(
        f"UPDATE send SET status = {UNSENT_STATUS}, attempt_id = NULL, lease_until = NULL"
        f" WHERE id IN (SELECT id FROM send WHERE {mine} {lock}) AND status || '' = 'CLAIMED'",
        enrollment_ids,
    )


async def people_with(enrollment_ids: list[str], status: str) -> set[str]:
    """Return those of these enrollments that have an email of a status."""
    mine = f"{among('enrollment_id', 1)} AND status || '' = $2"
    rows = await run(f"SELECT enrollment_id FROM send WHERE {mine}", enrollment_ids, status)
    return {row["enrollment_id"] for row in rows}


async def move_emails(rows: list[Mapping[str, Any]]) -> set[str]:
    """Give waiting emails their new times. Returns the ids of those that still waited."""
    return await holds.move_emails(rows, FOLLOWS)


async def withdraw_emails(ids: list[str]) -> set[str]:
    """Take emails away that are not, or not yet, to be sent. Returns the ids of those that still waited."""
    await keep_texts(ids, FOLLOWS)
    rows = await run(f"DELETE FROM send WHERE {among('id', 1)} AND {FOLLOWS} RETURNING id", ids)
    return {row["id"] for row in rows}


async def fail_emails(ids: list[str], reason: str, detail: str) -> set[str]:
    """Let emails of a removed step fail that wait. Returns the ids of those that still did."""
    rows = await run(
        "UPDATE send SET status = 'FAILED', held = false, reason = $2, detail = $3"
        f" WHERE {among('id', 1)} AND status IN ('SCHEDULED', 'DEFERRED') RETURNING id",
        ids,
        reason,
        detail,
    )
    return {row["id"] for row in rows}


async def change_tasks(rows: list[Mapping[str, Any]]) -> set[str]:
    """Give open tasks their new date and content. Returns the ids of those that were still open."""
    given = records(TASK, rows)
    changed = await run(
        "UPDATE task SET due_date = r.due_date, expires_at = r.expires_at, explanation = r.explanation,"
        f" name = r.name, details = r.details, priority = r.priority FROM {given.table(1)}"
        " WHERE task.id = r.id AND status = 'OPEN' RETURNING task.id",
        given,
    )
    return {row["id"] for row in changed}


async def withdraw_tasks(ids: list[str]) -> set[str]:
    """Take tasks away that are not, or not yet, to be done. Returns the ids of those that were still waited for."""
    rows = await run(f"DELETE FROM task WHERE {among('id', 1)} AND done_at IS NULL RETURNING id", ids)
    return {row["id"] for row in rows}


async def cancel_tasks(ids: list[str], now: Any) -> set[str]:
    """Cancel tasks of a removed step that are still waited for. Returns their ids."""
    rows = await run(
        f"UPDATE task SET status = 'CANCELLED', done_at = $2 WHERE {among('id', 1)} AND done_at IS NULL RETURNING id",
        ids,
        now,
    )
    return {row["id"] for row in rows}


async def resolved(enrollment_ids: list[str], revision: int) -> None:
    """Note that these people are resolved as of a revision."""
    await run(f"UPDATE enrollment SET revision = $2 WHERE {among('id', 1)}", enrollment_ids, revision)


async def close(campaign_id: str, revision: int) -> bool:
    """Note that an edit is carried out. Returns False where someone is left. Call in a transaction."""
    await lock_campaign(campaign_id)
    # A statement of its own: it sees what was put on hold by whoever held the campaign's row before.
    rows = await run(
        "UPDATE campaign SET editing = false WHERE id = $1 AND revision = $2"
        " AND NOT EXISTS (SELECT 1 FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND revision <> $2)"
        " AND (paused_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM send"
        " JOIN enrollment ON enrollment.id = send.enrollment_id WHERE held AND campaign_id = $1))"
        " RETURNING id",
        campaign_id,
        revision,
    )
    return bool(rows)
