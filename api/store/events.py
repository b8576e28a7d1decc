"""The Live Feed: events, written in the transaction of what they tell."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from api.codes.event_kinds import EventKind
from api.ids import new_id
from api.store.engine.sql import Records, run

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


class Line(NamedTuple):
    """One line of the feed, not yet written, in the order of the columns behind ``id``."""

    workspace_id: str
    kind: EventKind
    at: datetime
    campaign_id: str | None = None
    person_id: str | None = None
    enrollment_id: str | None = None
    step_id: str | None = None
    send_id: str | None = None
    task_id: str | None = None
    data: str = "{}"


def event(
    workspace_id: str, kind: EventKind, at: datetime, *, data: dict[str, Any] | None = None, **about: str | None
) -> Line:
    """Make an event, not yet written. ``about`` names rows: campaign_id, person_id, enrollment_id, step_id, …"""
    return Line(workspace_id, kind, at, data=json.dumps(data) if data else "{}", **about)


async def write(events: list[Line]) -> None:
    """Write events. Call inside the transaction of what they tell."""
    names = ", ".join(COLUMNS)
    for start in range(0, len(events), CHUNK):
        rows = Records(COLUMNS, [(new_id("evt"), *line) for line in events[start : start + CHUNK]])
        await run(f"INSERT INTO event ({names}) SELECT {names} FROM {rows.table(1)}", rows)
