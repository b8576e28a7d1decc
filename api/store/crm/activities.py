"""Activities in a CRM that log emails, replies and calls."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from api.crm_records import CrmActivityKind
from api.ids import new_id
from api.models import CrmActivity
from api.store.engine.database import is_postgres
from api.store.engine.sql import Records, execute, in_list


async def steps_within_days(campaign_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of each step within its day. A removed step is counted as if it were still there."""
    rows = await execute(
        "SELECT step.id, (SELECT count(*) FROM step AS other WHERE other.campaign_id = step.campaign_id"
        " AND other.day = step.day AND other.number <= step.number"
        " AND (other.removed_at IS NULL OR other.id = step.id)) AS place"
        f" FROM step WHERE {in_list('campaign_id', 1)}",
        list(campaign_ids),
    )
    return {row["id"]: int(row["place"]) for row in rows}


async def activities_of(org: str, subject_ids: Collection[str]) -> dict[str, CrmActivity]:
    """Return the activities in an organization, by the ids of their emails, replies and calls."""
    rows = await CrmActivity.filter(subject_id__in=list(subject_ids), org=org)
    return {row.subject_id: row for row in rows}


class Attempt(NamedTuple):
    """An activity that is about to be written, with its ``tried_at`` as it was read."""

    subject_id: str
    kind: CrmActivityKind
    marker: str
    tried_at: datetime | None


async def mark_tried(workspace_id: str, org: str, attempts: Sequence[Attempt], now: datetime) -> set[str]:
    """Store that these activities may be in the CRM from now on. Commit it before the request that writes them.

    Returns those that are still as they were read. The others are left out: another process is writing them.
    """
    columns = {"id": "text", "subject_id": "text", "kind": "text", "marker": "text"}
    same = "IS NOT DISTINCT FROM" if is_postgres() else "IS"
    rows = Records(columns, [(new_id("act"), each.subject_id, each.kind.value, each.marker) for each in attempts])
    marked = await execute(
        "INSERT INTO crm_activity (workspace_id, org, tried_at, written, id, subject_id, kind, marker)"
        " SELECT $1, $2, $3, '{}', id, subject_id, kind, marker"
        f" FROM {rows.table(4)} WHERE true ON CONFLICT (subject_id, org) DO NOTHING RETURNING subject_id",
        workspace_id, org, now, rows,
    )  # fmt: skip
    added = {row["subject_id"] for row in marked}
    again = Records(
        {"subject_id": "text", "before": "timestamptz"},
        [(each.subject_id, each.tried_at) for each in attempts if each.subject_id not in added],
    )
    if not again.rows:
        return added
    marked = await execute(
        f"UPDATE crm_activity SET tried_at = $1 FROM {again.table(3)} WHERE crm_activity.subject_id = r.subject_id"
        f" AND org = $2 AND remote_id IS NULL AND tried_at {same} r.before RETURNING crm_activity.subject_id",
        now, org, again,
    )  # fmt: skip
    return added | {row["subject_id"] for row in marked}


async def mark_untried(org: str, subject_ids: Sequence[str]) -> None:
    """Store that the CRM has not logged these: the write certainly failed."""
    await execute(
        f"UPDATE crm_activity SET tried_at = NULL WHERE org = $1 AND {in_list('subject_id', 2)} AND remote_id IS NULL",
        org, list(subject_ids),
    )  # fmt: skip


class Written(NamedTuple):
    """An activity that the CRM has, with its custom fields."""

    subject_id: str
    kind: CrmActivityKind
    marker: str
    remote_id: str
    fields: Mapping[Any, str | bool]


async def mark_logged(workspace_id: str, org: str, written: Sequence[Written], now: datetime) -> None:
    """Store the ids of activities in the CRM, and their custom fields as they were written. Call in a transaction."""
    columns = {"id": "text", "subject_id": "text", "kind": "text", "marker": "text", "remote_id": "text",
               "written": "jsonb"}  # fmt: skip
    rows = Records(
        columns,
        [
            (new_id("act"), each.subject_id, each.kind.value, each.marker, each.remote_id, json.dumps(each.fields))
            for each in written
        ],
    )
    names = ", ".join(columns)
    await execute(
        f"INSERT INTO crm_activity (workspace_id, org, logged_at, {names}) SELECT $1, $2, $3, {names}"
        f" FROM {rows.table(4)} WHERE true ON CONFLICT (subject_id, org) DO UPDATE SET remote_id = excluded.remote_id,"
        " written = excluded.written, tried_at = NULL,"
        " logged_at = coalesce(crm_activity.logged_at, excluded.logged_at)",
        workspace_id, org, now, rows,
    )  # fmt: skip
