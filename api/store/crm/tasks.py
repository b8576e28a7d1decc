"""Tasks that are synced with a CRM. ``crm_task`` has a row for each, whose id is the task's."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from api.crm_task_states import CrmChangeKind, CrmTaskState
from api.models import CrmChange, CrmTask
from api.store.engine.database import is_postgres
from api.store.engine.rows import by_ids
from api.store.engine.sql import Records, execute, in_list

LINK = {
    "id": "text",
    "state": "text",
    "remote_id": "text",
    "url": "text",
    "base": "jsonb",
    "sent": "jsonb",
    "conflicts": "jsonb",
    "synced_at": "timestamptz",
}
READ = {"read_attempt_id": "text", "read_remote_id": "text", "read_synced_at": "timestamptz"}
"""The values that say whether a row is still as it was read."""
MAX_CONFLICTS = 20
"""The most conflicts that are kept of a task."""


@dataclass(frozen=True, slots=True)
class LinkChange:
    """The change that one sync makes to a task's row."""

    read: CrmTask
    """The row as it was read."""
    state: CrmTaskState
    remote_id: str | None
    url: str
    base: Mapping[str, Any]
    sent: Mapping[str, Any]
    conflicts: Sequence[Mapping[str, Any]]
    synced_at: datetime


async def links(workspace_id: str, task_ids: Collection[str]) -> dict[str, CrmTask]:
    """Return the rows of tasks, by the task's id."""
    # Not by an index of the workspace: without statistics, PostgreSQL would read all of it.
    rows = await CrmTask.filter(id__in=list(task_ids)) if task_ids else []
    return {row.id: row for row in rows if row.workspace_id == workspace_id}


async def links_of_records(workspace_id: str, org: str, remote_ids: Collection[str]) -> dict[str, CrmTask]:
    """Return the rows of tasks of an organization in the CRM, by the CRM's id."""
    if not remote_ids:
        return {}
    rows = await CrmTask.filter(workspace_id=workspace_id, org=org, remote_id__in=list(remote_ids))
    return {str(row.remote_id): row for row in rows}


async def tasks_of_other_workspaces(workspace_id: str, org: str, task_ids: Collection[str]) -> set[str]:
    """Return those of the ids that are tasks of other workspaces that are synced with the same organization."""
    rows = await execute(
        f"SELECT id FROM crm_task WHERE {in_list('id', 1)} AND org = $2 AND workspace_id <> $3",
        sorted(task_ids), org, workspace_id,
    )  # fmt: skip
    return {row["id"] for row in rows}


async def release_records(ids: Collection[str]) -> None:
    """Unlink deleted tasks from their records in the CRM, so that other tasks can have the records."""
    if ids:
        await execute(
            f"UPDATE crm_task SET remote_id = NULL, url = '' WHERE {in_list('id', 1)} AND state = 'GONE'", sorted(ids)
        )


class LinkAndChange(NamedTuple):
    """A task's row, and the change that waits for the CRM or was rejected."""

    link: CrmTask
    change: CrmChange | None


async def links_with_changes(workspace_id: str, task_ids: Collection[str]) -> dict[str, LinkAndChange]:
    """Return the rows of tasks with their waiting or rejected changes, by the task's id."""
    found = await links(workspace_id, task_ids)
    ids = [f"{CrmChangeKind.TASK}:{key}" for key in found]
    waiting: dict[str, CrmChange] = await by_ids(CrmChange, workspace_id, ids) if ids else {}
    changes = {row.object_id: row for row in waiting.values()}
    return {key: LinkAndChange(link, changes.get(key)) for key, link in found.items()}


async def begin_sending(
    attempt_id: str, values: Mapping[str, Mapping[str, Any]], read: Sequence[CrmTask], now: datetime
) -> set[str]:
    """Store, before a request, the values that it sends for each task. From then on the CRM may have them.

    Returns the tasks to send. ``read`` are the rows as they were read. A task that another process has sent since is
    left out.
    """
    rows = Records(
        {"id": "text", "sent": "jsonb", **READ},
        [
            (row.id, json.dumps(dict(values[row.id])), row.attempt_id, row.remote_id, row.synced_at)
            for row in sorted(read, key=lambda row: row.id)
        ],
    )
    found = await execute(
        "UPDATE crm_task SET state = CASE WHEN remote_id IS NULL THEN 'SENDING' ELSE state END,"
        f" sent = {_json('r.sent')}, sent_at = $1, attempt_id = $2 FROM {rows.table(3)}"
        f" WHERE crm_task.id = r.id AND crm_task.state <> 'GONE'{_is_as_read()} RETURNING crm_task.id",
        now, attempt_id, rows,
    )  # fmt: skip
    return {row["id"] for row in found}


async def write_links(changes: Sequence[LinkChange], attempt_id: str | None = None) -> set[str]:
    """Write the changes that a sync makes to tasks' rows. Returns the ids of the rows that were written.

    A row that another process has sent or synced since it was read stays as it is. With ``attempt_id``, the rows are
    those that this attempt sends.
    """
    rows = Records(
        LINK if attempt_id is not None else LINK | READ,
        [
            (
                each.read.id,
                each.state.value,
                each.remote_id,
                each.url,
                json.dumps(dict(each.base)),
                json.dumps(dict(each.sent)),
                json.dumps(list(each.conflicts)[:MAX_CONFLICTS]),
                each.synced_at,
                *(() if attempt_id is not None else (each.read.attempt_id, each.read.remote_id, each.read.synced_at)),
            )
            for each in sorted(changes, key=lambda each: each.read.id)
        ],
    )
    fence = f" AND crm_task.attempt_id = ${1 + _parameters(rows)}" if attempt_id is not None else _is_as_read()
    written = ", ".join(f"{name} = {_json(f'r.{name}') if kind == 'jsonb' else f'r.{name}'}" for name, kind in
                        LINK.items() if name != "id")  # fmt: skip
    found = await execute(
        f"UPDATE crm_task SET {written}, attempt_id = NULL FROM {rows.table(1)}"
        f" WHERE crm_task.id = r.id AND crm_task.state <> 'GONE'{fence} RETURNING crm_task.id",
        rows, *([] if attempt_id is None else [attempt_id]),
    )  # fmt: skip
    return {row["id"] for row in found}


async def lock_as_read(read: Sequence[CrmTask]) -> set[str]:
    """Lock rows until the transaction ends. Returns the ids of those that are as they were read."""
    if not read:
        return set()
    rows = Records(
        {"id": "text", **READ},
        [(row.id, row.attempt_id, row.remote_id, row.synced_at) for row in sorted(read, key=lambda row: row.id)],
    )
    lock = " ORDER BY crm_task.id FOR UPDATE OF crm_task" if is_postgres() else ""
    found = await execute(
        f"SELECT crm_task.id FROM crm_task JOIN {rows.table(1)} ON crm_task.id = r.id{_is_as_read()}{lock}", rows
    )
    return {row["id"] for row in found}


async def unsent(sent: Mapping[str, Mapping[str, Any]], attempt_id: str) -> None:
    """Store that a request was not carried out.

    ``sent`` has, by task, the values that the CRM may have from earlier requests.
    """
    rows = Records(
        {"id": "text", "sent": "jsonb", "is_certain": "boolean"},
        [(each, json.dumps(values), not values) for each, values in sent.items()],
    )
    await execute(
        "UPDATE crm_task SET state = CASE WHEN state = 'SENDING' AND r.is_certain THEN 'NEW' ELSE state END,"
        f" sent = {_json('r.sent')}, attempt_id = NULL FROM {rows.table(2)}"
        " WHERE crm_task.id = r.id AND attempt_id = $1",
        attempt_id, rows,
    )  # fmt: skip


def _is_as_read() -> str:
    same = "IS NOT DISTINCT FROM" if is_postgres() else "IS"
    return "".join(f" AND crm_task.{name.removeprefix('read_')} {same} r.{name}" for name in READ)


def _json(value: str) -> str:
    return f"{value}::jsonb" if is_postgres() else value


def _parameters(rows: Records) -> int:
    return len(rows.values) if is_postgres() else 1
