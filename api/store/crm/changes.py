"""The changes here that wait for a CRM: one row for each object that has changed.

The sender of a change reads the present object, and then calls ``done`` with the version that it has read. If the
object has changed meanwhile, the row stays, and is sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.crm_task_states import CrmChangeKind
from api.store.engine.sql import Records, execute, in_list, instant_or_past

KEY = {"id": "text", "version": "int"}
FAILURE = {
    **KEY,
    "next_at": "timestamptz",
    "state": "text",
    "category": "text",
    "code": "text",
    "detail": "text",
    "failed_at": "timestamptz",
    "attempts": "int",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One object that has changed, as it was read."""

    id: str
    object_id: str
    version: int
    attempts: int
    changed_at: datetime
    code: str = ""
    """The code of the last failure, if there was one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a change did not reach the CRM, and when it is tried again. Without ``next_at`` it waits for a user."""

    change: Change
    next_at: datetime | None
    category: str
    code: str
    detail: str
    counts: bool = True
    """Whether it counts as an attempt. A change that only waits for something does not."""


async def add(
    workspace_id: str, kind: CrmChangeKind, object_ids: Sequence[str], now: datetime, *, attempts: int = 0
) -> None:
    """Queue these objects for the CRM. Call it in the transaction that changes them. ``now`` is real time (UTC).

    ``attempts`` above 0 means that a change from the CRM could not be applied here: the object is read from the CRM
    again, even if it has not changed here.
    """
    rows = Records({"object_id": "text"}, [(each,) for each in object_ids])
    await execute(
        "INSERT INTO crm_change (id, workspace_id, kind, object_id, state, version, attempts, changed_at, next_at,"
        " category, code, detail)"
        " SELECT $1 || ':' || r.object_id, $2, $1, r.object_id, 'WAITING', 1, $4, $3, $3, '', '', ''"
        f" FROM {rows.table(5)} WHERE true ON CONFLICT (id) DO UPDATE SET version = crm_change.version + 1,"
        " changed_at = excluded.changed_at, state = 'WAITING',"
        " attempts = CASE WHEN crm_change.state = 'FAILED' OR crm_change.attempts < excluded.attempts"
        " THEN excluded.attempts ELSE crm_change.attempts END,"
        " next_at = CASE WHEN crm_change.state = 'FAILED' THEN excluded.next_at ELSE crm_change.next_at END",
        kind.value, workspace_id, now, attempts, rows,
    )  # fmt: skip


async def due(workspace_id: str, kind: CrmChangeKind, now: datetime, limit: int) -> list[Change]:
    """Return changes that are due, the longest waiting first."""
    rows = await execute(
        "SELECT id, object_id, version, attempts, changed_at, code FROM crm_change"
        " WHERE workspace_id = $1 AND kind = $2 AND state = 'WAITING' AND next_at <= $3"
        f" ORDER BY next_at LIMIT {limit}",
        workspace_id, kind.value, now,
    )  # fmt: skip
    return [
        Change(
            row["id"],
            row["object_id"],
            row["version"],
            row["attempts"],
            instant_or_past(row["changed_at"]),
            row["code"],
        )
        for row in rows
    ]


async def done(changes: Sequence[Change]) -> set[str]:
    """Delete changes that have reached the CRM, except those whose object has changed since it was read.

    Returns the ids of those that did not exist any more, because another process has deleted them.
    """
    if not changes:
        return set()
    rows = Records(KEY, [(each.id, each.version) for each in changes])
    deleted = await execute(
        "DELETE FROM crm_change WHERE id IN"
        f" (SELECT r.id FROM {rows.table(1)} JOIN crm_change AS c ON c.id = r.id AND c.version = r.version)"
        " RETURNING id",
        rows,
    )
    others = {each.id for each in changes} - {row["id"] for row in deleted}
    if not others:
        return set()
    present = await execute(f"SELECT id FROM crm_change WHERE {in_list('id', 1)}", sorted(others))
    return others - {row["id"] for row in present}


async def fail(failures: Sequence[Failure], now: datetime) -> None:
    """Write why changes have failed. A change whose object has changed since it was read is tried again at once."""
    rows = Records(
        FAILURE,
        [
            (
                each.change.id,
                each.change.version,
                each.next_at or now,
                "FAILED" if each.next_at is None else "WAITING",
                each.category,
                each.code,
                each.detail,
                now,
                each.change.attempts + each.counts,
            )
            for each in failures
        ],
    )
    names = ("next_at", "state", "category", "code", "detail", "failed_at", "attempts")
    await execute(
        f"UPDATE crm_change SET {', '.join(f'{name} = r.{name}' for name in names)} FROM {rows.table(1)}"
        " WHERE crm_change.id = r.id AND crm_change.version = r.version",
        rows,
    )


async def retry_code(workspace_id: str, code: str, now: datetime) -> None:
    """Make the changes of a workspace that failed with a code due at once."""
    await execute(
        "UPDATE crm_change SET state = 'WAITING', attempts = 0, next_at = $3"
        " WHERE workspace_id = $1 AND state = 'FAILED' AND code = $2",
        workspace_id, code, now,
    )  # fmt: skip


async def drop(workspace_id: str, kinds: Sequence[CrmChangeKind]) -> int:
    """Delete all changes of these kinds that wait or have failed. Returns how many."""
    rows = await execute(
        f"DELETE FROM crm_change WHERE workspace_id = $1 AND {in_list('kind', 2)} RETURNING id",
        workspace_id,
        [kind.value for kind in kinds],
    )
    return len(rows)


async def next_due(workspace_id: str, kind: CrmChangeKind) -> datetime | None:
    """Return when the next change of a kind is due."""
    rows = await execute(
        "SELECT next_at FROM crm_change WHERE workspace_id = $1 AND kind = $2 AND state = 'WAITING'"
        " ORDER BY next_at LIMIT 1",
        workspace_id, kind.value,
    )  # fmt: skip
    return instant_or_past(rows[0]["next_at"]) if rows else None


async def next_due_of_all(workspace_id: str) -> datetime | None:
    """Return when the next change of any kind is due. It reads one row of each kind, however many wait."""
    found = [await next_due(workspace_id, kind) for kind in CrmChangeKind]
    return min((due_at for due_at in found if due_at is not None), default=None)


async def is_any_due(workspace_id: str, now: datetime) -> bool:
    """Say whether a change of any kind is due."""
    due_at = await next_due_of_all(workspace_id)
    return due_at is not None and due_at <= now
