"""Emails on hold: what waits in a paused campaign. No dispatch sees them until they are released.

Whoever writes what waits asks ``pause_of`` first, which keeps the answer true until the transaction ends.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, Row, among, instant, run
from api.store.send_ledger import UNSENT_STATUS

MOVED = {
    "id": "text",
    "due_at": "timestamptz",
    "planned_at": "timestamptz",
    "planned_date": "date",
    "planned_time": "text",
    "explanation": "jsonb",
}
DUE = {"id": "text", "due_date": "date", "expires_at": "timestamptz", "explanation": "jsonb"}
RESUMED = {"id": "text", "resumed": "jsonb"}
UNHELD = "status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED') AND NOT held"


@dataclass(frozen=True, slots=True)
class Held:
    """What one chunk of holding did: whether others still have emails of it in hand, and where the next begins."""

    in_hand: bool
    after: str | None


async def pause_of(campaign_id: str) -> datetime | None:
    """Return since when a campaign is paused. It is neither paused nor resumed before the transaction ends."""
    lock = "FOR SHARE" if is_postgres() else ""
    (row,) = await run(f"SELECT paused_at FROM campaign WHERE id = $1 {lock}", campaign_id)
    return instant(row["paused_at"]) if row["paused_at"] is not None else None


async def work_of(campaign_id: str) -> tuple[str | None, datetime | None]:
    """Return which pause or resume is to be carried out, and since when the campaign is paused, as ``pause_of``."""
    since = await pause_of(campaign_id)
    (row,) = await run("SELECT holds FROM campaign WHERE id = $1", campaign_id)
    return row["holds"], since


async def hold(campaign_id: str, after: str, people: int) -> Held:
    """Put on hold what waits for the next people who are in the campaign. Call in a transaction that it is paused in.

    By person, since no index knows a campaign's emails by when they are due: what is due before its turn comes goes
    on hold when it would leave. So does the email that a person retried for someone who has finished the campaign.
    """
    rows = await run(
        "SELECT id, person_id FROM enrollment WHERE campaign_id = $1 AND ended_at IS NULL AND person_id > $2"
        " ORDER BY person_id LIMIT $3",
        campaign_id,
        after,
        people,
    )
    mine = f"{among('enrollment_id', 1)} AND {UNHELD}"
    # What another process has in its hands just now is looked for again: neither waits for the other.
    lock = "FOR UPDATE SKIP LOCKED" if is_postgres() else ""
    ids = [row["id"] for row in rows]
    await run(
        f"UPDATE send SET held = true, status = CASE WHEN status = 'CLAIMED' THEN {UNSENT_STATUS} ELSE status END,"
        " attempt_id = CASE WHEN status = 'CLAIMED' THEN NULL ELSE attempt_id END"
        f" WHERE id IN (SELECT id FROM send WHERE {mine} {lock}) AND {UNHELD}",
        ids,
    )
    left = await run(f"SELECT 1 AS found FROM send WHERE {mine} LIMIT 1", ids)
    return Held(bool(left), rows[-1]["person_id"] if len(rows) == people else None)


async def held_people(campaign_id: str, after: str, people: int) -> list[str]:
    """Return the next enrollments of a campaign that have emails on hold, by their ids."""
    rows = await run(
        "SELECT DISTINCT enrollment_id FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        " WHERE held AND campaign_id = $1 AND enrollment_id > $2 ORDER BY enrollment_id LIMIT $3",
        campaign_id,
        after,
        people,
    )
    return [row["enrollment_id"] for row in rows]


async def overdue_people(enrollment_ids: list[str], now: datetime) -> list[str]:
    """Return those of these enrollments that have a waiting email whose time has passed."""
    rows = await run(
        f"SELECT DISTINCT enrollment_id FROM send WHERE {among('enrollment_id', 1)}"
        " AND status IN ('SCHEDULED', 'DEFERRED') AND due_at < $2 ORDER BY enrollment_id",
        enrollment_ids,
        now,
    )
    return [row["enrollment_id"] for row in rows]


async def waiting_emails(enrollment_ids: list[str]) -> dict[str, int]:
    """Count what waits for these enrollments, by step."""
    rows = await run(
        f"SELECT step_id, count(*) AS emails FROM send WHERE {among('enrollment_id', 1)}"
        " AND status IN ('SCHEDULED', 'DEFERRED') GROUP BY step_id",
        enrollment_ids,
    )
    return {row["step_id"]: int(row["emails"]) for row in rows}


async def held_emails(campaign_ids: list[str]) -> dict[str, int]:
    """Count the emails on hold, by campaign."""
    rows = await run(
        "SELECT campaign_id, count(*) AS emails FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        f" WHERE held AND {among('campaign_id', 1)} GROUP BY campaign_id",
        campaign_ids,
    )
    return {row["campaign_id"]: int(row["emails"]) for row in rows}


async def lock_people(enrollment_ids: list[str]) -> None:
    """Let nobody else carry these people on or move their emails before the transaction ends."""
    if is_postgres():
        # Tasks, emails, enrollments: the order of whoever completes a task, settles an email or ends a campaign.
        mine, waiting = among("enrollment_id", 1), "status IN ('SCHEDULED', 'DEFERRED')"
        await run(f"SELECT id FROM task WHERE {mine} AND done_at IS NULL ORDER BY id FOR NO KEY UPDATE", enrollment_ids)
        await run(f"SELECT id FROM send WHERE {mine} AND {waiting} ORDER BY id FOR NO KEY UPDATE", enrollment_ids)
        await lock_enrollments(enrollment_ids)


async def lock_enrollments(enrollment_ids: list[str]) -> None:
    """Let nobody else carry these people on before the transaction ends."""
    if is_postgres():
        await run(f"SELECT id FROM enrollment WHERE {among('id', 1)} ORDER BY id FOR NO KEY UPDATE", enrollment_ids)


async def move(
    sends: list[Mapping[str, Any]], tasks: list[Mapping[str, Any]], resumed: list[Mapping[str, Any]]
) -> None:
    """Write what resuming has moved: waiting emails, open tasks, and the resumes of enrollments."""
    if sends:
        await move_emails(sends, "status IN ('SCHEDULED', 'DEFERRED')")
    if tasks:
        dates = records(DUE, tasks)
        await run(
            "UPDATE task SET due_date = r.due_date, expires_at = r.expires_at, explanation = r.explanation"
            f" FROM {dates.table(1)} WHERE task.id = r.id AND status = 'OPEN'",
            dates,
        )
    if resumed:
        given = records(RESUMED, resumed)
        await run(f"UPDATE enrollment SET resumed = r.resumed FROM {given.table(1)} WHERE enrollment.id = r.id", given)


async def move_emails(rows: list[Mapping[str, Any]], which: str) -> set[str]:
    """Give emails their new times, as far as a condition is still true of them. Returns their ids."""
    given = records(MOVED, rows)
    moved = await run(
        "UPDATE send SET due_at = r.due_at, planned_at = r.planned_at, planned_date = r.planned_date,"
        f" planned_time = r.planned_time, explanation = r.explanation FROM {given.table(1)}"
        f" WHERE send.id = r.id AND {which} RETURNING send.id",
        given,
    )
    return {row["id"] for row in moved}


def records(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Records:
    """Return rows as a statement takes them: documents as their text."""
    documents = {name for name, kind in columns.items() if kind == "jsonb"}
    return Records(
        columns, [[json.dumps(row[name]) if name in documents else row[name] for name in columns] for row in rows]
    )


async def release(enrollment_ids: list[str]) -> int:
    """Let go what these people have on hold. Returns how many emails."""
    rows = await run(
        f"UPDATE send SET held = false WHERE held AND {among('enrollment_id', 1)} RETURNING id", enrollment_ids
    )
    return len(rows)


async def fail_held(enrollment_ids: list[str], reason: str, detail: str) -> Sequence[Row]:
    """Let what these people have on hold fail. Returns the emails."""
    return await run(
        "UPDATE send SET held = false, status = 'FAILED', reason = $2, detail = $3"
        f" WHERE held AND {among('enrollment_id', 1)} RETURNING id, person_id, enrollment_id, step_id",
        enrollment_ids,
        reason,
        detail,
    )


async def close(campaign_id: str, holds: str) -> bool:
    """Note that a pause or resume is carried out. Returns False where there is something to release yet."""
    held = (
        "EXISTS (SELECT 1 FROM send JOIN enrollment ON enrollment.id = send.enrollment_id"
        " WHERE held AND campaign_id = $1)"
    )
    rows = await run(
        f"UPDATE campaign SET holds = NULL WHERE id = $1 AND holds = $2"
        f" AND (paused_at IS NOT NULL OR NOT {held}) RETURNING id",
        campaign_id,
        holds,
    )
    return bool(rows)
