"""Enroll many people of a background launch who share a plan: a few statements, which send the shared values once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.codes.event_kinds import EventKind
from api.ids import new_id
from api.models import Enrollment, Send, Task
from api.store.engine.bulk import insert, shared
from api.store.events import Line, task_event

OWN_COLUMNS = {"id", "enrollment_id", "person_id"}
"""Columns of emails and tasks in which people differ."""


@dataclass(frozen=True, slots=True)
class EnrollmentPlan:
    """The columns that the rows of all people with the same plan share."""

    enrollment: Mapping[str, Any]
    emails: Sequence[Mapping[str, Any]]
    tasks: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, enrollment: Enrollment, emails: Sequence[Send], tasks: Sequence[Task]) -> "EnrollmentPlan":
        """Make a plan from the rows of one person, whose ids are left out."""
        return cls(
            shared(enrollment, {"id", "person_id"}),
            [shared(row, OWN_COLUMNS) for row in emails],
            [shared(row, OWN_COLUMNS) for row in tasks],
        )


async def enroll(
    plan: EnrollmentPlan, person_ids: Sequence[str], at: datetime, paused_seconds: int
) -> tuple[set[str], list[Line]]:
    """Enroll those of these people who are not in the campaign, with an event of their launch ``at`` (UTC).

    Their tasks get the campaign's ``paused_seconds``. Returns their ids, and the events of their tasks, which it does
    not write. Call in a transaction.
    """
    enrollments = {new_id("enr"): person_id for person_id in person_ids}
    rows = [{"id": key, "person_id": person_id} for key, person_id in enrollments.items()]
    added = await insert("enrollment", plan.enrollment, rows, skip_duplicates=True)
    about = [{"enrollment_id": key, "person_id": enrollments[key]} for key in enrollments if key in added]
    for email in plan.emails:
        await insert("send", email, [{"id": new_id("snd"), **row} for row in about])
    names = {name: plan.enrollment[name] for name in ("workspace_id", "campaign_id")}
    launched = {**names, "at": at, "kind": EventKind.CAMPAIGN_LAUNCHED, "data": "{}"}
    await insert("event", launched, [{"id": new_id("evt"), **row} for row in about])
    lines: list[Line] = []
    for task in plan.tasks:
        tasks = [{"id": new_id("tsk"), **row} for row in about]
        await insert("task", {**task, "paused_seconds": paused_seconds}, tasks)
        lines += [_task_created(plan, task, row, at) for row in tasks]
    return {row["person_id"] for row in about}, lines


def _task_created(plan: EnrollmentPlan, task: Mapping[str, Any], row: Mapping[str, str], at: datetime) -> Line:
    data = {"type": str(task["type"]), "due": task["due_date"].isoformat()}
    about = {"workspace_id": task["workspace_id"], "step_id": task["step_id"], **row}
    return task_event(about, EventKind.TASK_CREATED, at, data=data, campaign_id=plan.enrollment["campaign_id"])
