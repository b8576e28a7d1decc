"""Maps tasks: Touchline's names and values to the fields of Salesforce's Task, and back.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm.
Open is "Not Started", completed is "Completed", normal and high are "Normal" and "High", as in Adobe's product
("Reminder Task Sync with Salesforce"). All other statuses and priorities are left as they are.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from plugins.crms.salesforce.records.description import ObjectDescription
from plugins.crms.salesforce.transport.ids import whole_id
from plugins.crms.salesforce.transport.json_reading import day, instant, record_id, text
from plugins.crms.tasks import (
    RemotePriority,
    RemoteStatus,
    RemoteTask,
    RemoteTaskKind,
    TaskField,
    TaskPush,
    TaskValues,
)

STATUSES = {RemoteStatus.OPEN: "Not Started", RemoteStatus.COMPLETED: "Completed"}
PRIORITIES = {RemotePriority.NORMAL: "Normal", RemotePriority.HIGH: "High"}
KINDS = {"Task": RemoteTaskKind.TASK, "Call": RemoteTaskKind.CALL, "Email": RemoteTaskKind.EMAIL}
FIELDS = (
    "Id",
    "Subject",
    "Status",
    "Priority",
    "ActivityDate",
    "Description",
    "OwnerId",
    "WhoId",
    "TaskSubtype",
    "CreatedDate",
    "SystemModstamp",
    "IsDeleted",
)
NEEDED = {"Id", "CreatedDate", "SystemModstamp", "IsDeleted"}
MAX_DESCRIPTION = 32_000
MARKER_LINE = re.compile(r"(?:^|\n)\s*Touchline id: (?P<marker>[!-~]{1,80})\s*$", re.ASCII)
"""Where an org has no field for the marker, it is the last line of the comments."""


def visible_fields(task: ObjectDescription, marker_field: str) -> list[str]:
    """Return the fields to read. System fields are always visible."""
    return [name for name in FIELDS if name in NEEDED or name in task.fields] + task.visible([marker_field])


def to_fields(push: TaskPush, task: ObjectDescription, marker_field: str) -> dict[str, Any]:
    """Return the fields to write. A task that is created gets all of them and the marker."""
    values, creates = push.values, push.remote_id is None
    written: dict[TaskField, tuple[str, Any]] = {
        TaskField.SUBJECT: ("Subject", values.subject),
        TaskField.STATUS: ("Status", STATUSES.get(values.status)),
        TaskField.PRIORITY: ("Priority", PRIORITIES.get(values.priority)),
        TaskField.DUE: ("ActivityDate", values.due.isoformat() if values.due else None),
        TaskField.DETAILS: ("Description", values.details or None),
        TaskField.OWNER: ("OwnerId", values.owner_id),
        TaskField.PERSON: ("WhoId", values.person_id),
    }
    if creates:
        fields = {name: value for name, value in written.values() if value is not None}
    else:
        fields = {written[each][0]: written[each][1] for each in push.fields}
        if fields.get("OwnerId", "") is None:
            del fields["OwnerId"]
    if task.marker(marker_field):
        return fields | ({marker_field: push.marker} if creates else {})
    if creates or "Description" in fields:
        fields["Description"] = with_marker(values.details, push.marker, length_of(task))
    return fields


def length_of(task: ObjectDescription) -> int:
    """Return how long a Description can be."""
    described = task.fields.get("Description")
    return described.length if described and described.length else MAX_DESCRIPTION


def with_marker(details: str, marker: str, length: int) -> str:
    """Return details with the marker as the last line, cut so that both fit."""
    line = f"Touchline id: {marker}"
    return f"{details[: max(0, length - len(line) - 2)]}\n\n{line}" if details else line


def without_marker(description: str) -> tuple[str, str | None]:
    """Return the details and the marker of a Description."""
    found = MARKER_LINE.search(description)
    return (description[: found.start()].rstrip(), found["marker"]) if found else (description, None)


def from_row(row: Mapping[str, Any], marker_field: str) -> RemoteTask:
    """Return the task of a record. Raises CrmError."""
    details, marker = without_marker(text(row.get("Description")))
    statuses = {name: status for status, name in STATUSES.items()}
    priorities = {name: priority for priority, name in PRIORITIES.items()}
    field_marker = text(row.get(marker_field))
    return RemoteTask(
        remote_id=record_id(row.get("Id")),
        values=TaskValues(
            subject=text(row.get("Subject")),
            status=statuses.get(text(row.get("Status")), RemoteStatus.OTHER),
            priority=priorities.get(text(row.get("Priority")), RemotePriority.OTHER),
            due=day(row.get("ActivityDate")),
            details=details,
            owner_id=whole_id(row.get("OwnerId")),
            person_id=whole_id(row.get("WhoId")),
        ),
        marker=(field_marker if _is_marker(field_marker) else None) or marker,
        created_at=instant(row.get("CreatedDate")),
        changed_at=instant(row.get("SystemModstamp")),
        kind=KINDS.get(text(row.get("TaskSubtype")) or "Task", RemoteTaskKind.OTHER),
        is_deleted=row.get("IsDeleted") is True,
    )


def _is_marker(value: str) -> bool:
    return bool(re.fullmatch(r"[!-~]{1,80}", value, re.ASCII))


def from_rows(rows: Iterable[Mapping[str, Any]], marker_field: str) -> list[RemoteTask]:
    """Return the tasks of records. Raises CrmError."""
    return [from_row(row, marker_field) for row in rows]
