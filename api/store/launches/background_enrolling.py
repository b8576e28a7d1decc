"""Enroll many people of a background launch in a few statements. Values that people share are sent once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from api.codes.events.event_kinds import EventKind
from api.ids import new_id
from api.store.dispatch import allowed_time_rows
from api.store.engine.bulk import insert
from api.store.events.events import Line, task_event, write
from strategies.timeline.allowed_times import Ranges

OWN_COLUMNS = frozenset({"id", "enrollment_id", "person_id"})
"""Columns of emails and tasks in which the people of one plan differ."""
EMAIL_TIMES = {
    "due_at": "timestamptz",
    "planned_at": "timestamptz",
    "planned_date": "date",
    "planned_time": "text",
    "zone": "text",
    "allowed_times_id": "text",
    "explanation": "jsonb",
}
"""Columns in which the emails of one step differ between plans, with their SQL types."""
TASK_DATES = {"due_date": "date", "expires_at": "timestamptz", "explanation": "jsonb"}
"""The same for tasks."""
Columns = Mapping[str, Any]
NO_COLUMNS: Columns = {}
Own = list[dict[str, Any]]
"""The columns in which the rows of people differ, one entry for each row."""


class PlannedRow(NamedTuple):
    """The columns of an email or a task, as they are stored."""

    shared: Columns
    """The columns that are the same in each plan of the step. Many plans share this object."""
    own: Columns
    """The columns in EMAIL_TIMES or TASK_DATES."""


@dataclass(frozen=True, slots=True)
class EnrollmentPlan:
    """The columns that the rows of all people with the same plan share, as they are stored."""

    enrollment: Columns
    emails: Sequence[PlannedRow]
    tasks: Sequence[PlannedRow]
    allowed: Sequence[Ranges | None] = ()
    """The ranges of time in which the emails can be sent."""


async def enroll(
    planned: Sequence[tuple[EnrollmentPlan, Sequence[str]]], at: datetime, paused_seconds: int
) -> tuple[set[str], list[Line]]:
    """Enroll the people of each plan who are not in the campaign, with an event of their launch ``at`` (UTC).

    Their tasks get the campaign's ``paused_seconds``. Returns their ids, and the events of their tasks, which it does
    not write. Call in a transaction.
    """
    rows = [[{"id": new_id("enr"), "person_id": person_id} for person_id in ids] for _, ids in planned]
    enrollments = [(PlannedRow(plan.enrollment, {}), own) for (plan, _), own in zip(planned, rows, strict=True)]
    added = await _insert("enrollment", {}, enrollments, skip_duplicates=True)
    about = [[_about(row) for row in own if row["id"] in added] for own in rows]
    plans = [(plan, own) for (plan, _), own in zip(planned, about, strict=True)]
    emails = [(email, [{"id": new_id("snd"), **row} for row in own]) for plan, own in plans for email in plan.emails]
    await allowed_time_rows.keep((ranges for plan, _ in plans for ranges in plan.allowed), at.date())
    await _insert("send", EMAIL_TIMES, emails)
    await write([
        Line(
            workspace_id=plan.enrollment["workspace_id"],
            campaign_id=plan.enrollment["campaign_id"],
            kind=EventKind.CAMPAIGN_LAUNCHED,
            at=at,
            **row,
        )
        for plan, own in plans
        for row in own
    ])  # fmt: skip
    tasks = [(task, [{"id": new_id("tsk"), **row} for row in own]) for plan, own in plans for task in plan.tasks]
    await _insert("task", TASK_DATES, tasks, {"paused_seconds": paused_seconds})
    campaign_id = planned[0][0].enrollment["campaign_id"] if planned else ""
    lines = [_task_created(campaign_id, task, row, at) for task, own in tasks for row in own]
    return {row["person_id"] for own in about for row in own}, lines


def _about(enrollment: Mapping[str, str]) -> dict[str, str]:
    return {"enrollment_id": enrollment["id"], "person_id": enrollment["person_id"]}


async def _insert(
    table: str,
    types: Mapping[str, str],
    rows: Iterable[tuple[PlannedRow, Own]],
    all_have: Columns = NO_COLUMNS,
    *,
    skip_duplicates: bool = False,
) -> set[str]:
    """Insert rows: columns that people share, and those of each person. Returns their ids.

    Rows that differ only in the columns ``types``, which have these SQL types, are inserted together.
    """
    alike: dict[tuple[Any, ...], list[tuple[Columns, Own]]] = {}
    keys: dict[int, tuple[Any, ...]] = {}
    shared: dict[tuple[Any, ...], Columns] = {}
    for row, own in rows:
        key = keys.get(id(row.shared))
        if key is None:
            key = keys[id(row.shared)] = tuple(row.shared.values())
            shared.setdefault(key, row.shared)
        alike.setdefault(key, []).append((row.own, own))
    added: set[str] = set()
    for key, plans in alike.items():
        first = plans[0][0]
        differing = {
            name: kind for name, kind in types.items() if name in first and _differs(name, [each for each, _ in plans])
        }
        columns = {**shared[key], **all_have, **{name: value for name, value in first.items() if name not in differing}}
        together = plans[0][1]
        if len(plans) > 1:
            together = [{**row, **{name: each[name] for name in differing}} for each, own in plans for row in own]
        added |= await insert(table, columns, together, differing, skip_duplicates=skip_duplicates)
    return added


def _differs(name: str, rows: Sequence[Columns]) -> bool:
    first = rows[0][name]
    return any(row[name] != first for row in rows)


def _task_created(campaign_id: str, task: PlannedRow, row: Mapping[str, Any], at: datetime) -> Line:
    data = {"type": str(task.shared["type"]), "due": task.own["due_date"].isoformat()}
    about = {"workspace_id": task.shared["workspace_id"], "step_id": task.shared["step_id"], **row}
    return task_event(about, EventKind.TASK_CREATED, at, data=data, campaign_id=campaign_id)
