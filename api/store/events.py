"""The Live Feed: events, written in the transaction of what they tell."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from api.ids import new_id
from api.store.sql import Records, recordset, run

COLUMNS = {
    "id": "text",
    "workspace_id": "text",
    "kind": "text",
    "at": "timestamptz",
    "campaign_id": "text",
    "person_id": "text",
    "enrollment_id": "text",
    "step_id": "text",
    "send_id": "text",
    "task_id": "text",
    "data": "jsonb",
}
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the feed, not yet written."""

    workspace_id: str
    kind: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    campaign_id: str | None = None
    person_id: str | None = None
    enrollment_id: str | None = None
    step_id: str | None = None
    send_id: str | None = None
    task_id: str | None = None


def event(
    workspace_id: str, kind: str, at: datetime, *, data: dict[str, Any] | None = None, **about: str | None
) -> Line:
    """Make an event, not yet written. ``about`` names rows: campaign_id, person_id, enrollment_id, step_id, …"""
    return Line(workspace_id, kind, at, data or {}, **about)


async def write(events: list[Line]) -> None:
    """Write events. Call inside the transaction of what they tell."""
    names = ", ".join(COLUMNS)
    for start in range(0, len(events), CHUNK):
        rows = [(new_id("evt"), *_cells(line)) for line in events[start : start + CHUNK]]
        await run(f"INSERT INTO event ({names}) SELECT {names} FROM {recordset(1, COLUMNS)}", Records(COLUMNS, rows))


def _cells(line: Line) -> tuple[Any, ...]:
    data = json.dumps(line.data) if line.data else "{}"
    return (
        line.workspace_id, line.kind, line.at, line.campaign_id, line.person_id, line.enrollment_id, line.step_id,
        line.send_id, line.task_id, data,
    )  # fmt: skip
