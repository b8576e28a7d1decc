"""The Live Feed: events, written in the transaction of the change that they report.

A new kind of event is one more member of ``EventKind``. One of the functions below makes its line: about a workspace, a
campaign, an enrollment, an email or a task. ``write`` writes lines.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from api.codes.events.event_kinds import EventKind
from api.ids import new_id
from api.store.engine.sql import Records, execute
from api.store.events.event_actor import actor_of
from api.store.events.event_order import next_position
from api.store.events.event_wake import event_written

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
    "actor": "text",
}
EMAIL_COLUMNS = ("workspace_id", "person_id", "enrollment_id", "step_id", "id")
"""The columns of an email or a task that its events name."""
ENROLLMENT_COLUMNS = ("workspace_id", "campaign_id", "person_id", "id")
GETTERS: dict[tuple[str, ...], Callable[[Any], tuple[Any, ...]]] = {
    names: attrgetter(*names) for names in (EMAIL_COLUMNS, ENROLLMENT_COLUMNS)
}
Data = dict[str, Any] | None
"""The values of an event, as its kind documents them."""
WITH_CAMPAIGN = ", ".join(COLUMNS).replace(
    "campaign_id",
    "coalesce(campaign_id, (SELECT campaign_id FROM enrollment WHERE enrollment.id = r.enrollment_id)) AS campaign_id",
)
"""The columns of events, with the campaign of an enrollment where an event does not name it."""
MAX_INSERT_EVENTS = 2_000
"""The most events of one statement."""


class Line(NamedTuple):
    """One event that is not written yet, in the order of the columns after ``id``."""

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


def workspace_event(
    workspace_id: str, kind: EventKind, at: datetime, *, data: Data = None, person_id: str | None = None
) -> Line:
    """Return an event about a workspace, or about an address and the person who has it."""
    return Line(workspace_id, kind, at, person_id=person_id, data=_json(data))


def campaign_event(
    workspace_id: str,
    campaign_id: str,
    kind: EventKind,
    at: datetime,
    *,
    data: Data = None,
    step_id: str | None = None,
) -> Line:
    """Return an event about a campaign, or about one of its steps."""
    return Line(workspace_id, kind, at, campaign_id, step_id=step_id, data=_json(data))


def enrollment_event(enrollment: object, kind: EventKind, at: datetime, *, data: Data = None) -> Line:
    """Return an event about an enrollment: a model or a row with ``id``, and the ids of campaign and person."""
    workspace, campaign, person, own = _values(enrollment, ENROLLMENT_COLUMNS)
    return Line(workspace, kind, at, campaign, person, own, data=_json(data))


def email_event(
    email: object, kind: EventKind, at: datetime, *, data: Data = None, campaign_id: str | None = None
) -> Line:
    """Return an event about an email: a model or a row with ``id``, and the ids of person, enrollment and step."""
    workspace, person, enrollment, step, own = _values(email, EMAIL_COLUMNS)
    return Line(workspace, kind, at, campaign_id, person, enrollment, step, own, data=_json(data))


def task_event(
    task: object, kind: EventKind, at: datetime, *, data: Data = None, campaign_id: str | None = None
) -> Line:
    """Return an event about a task: a model or a row with ``id``, and the ids of person, enrollment and step."""
    workspace, person, enrollment, step, own = _values(task, EMAIL_COLUMNS)
    return Line(workspace, kind, at, campaign_id, person, enrollment, step, task_id=own, data=_json(data))


def _json(data: Data) -> str:
    return json.dumps(data) if data else "{}"


def _values(about: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return columns of a row or attributes of a model."""
    if hasattr(about, "keys"):  # asyncpg's rows are not a Mapping
        return tuple([about[name] for name in names])
    return GETTERS[names](about)


def _row(line: Line) -> tuple[Any, ...]:
    return (new_id("evt"), *line, actor_of(line.kind, line.data))


async def write(events: Sequence[Line]) -> None:
    """Write events. Call inside the transaction of the change that they report."""
    names = ", ".join(COLUMNS)
    for start in range(0, len(events), MAX_INSERT_EVENTS):
        rows = Records(COLUMNS, [_row(line) for line in events[start : start + MAX_INSERT_EVENTS]])
        position = await next_position()
        read = names if all(line.campaign_id or not line.enrollment_id for line in events) else WITH_CAMPAIGN
        await execute(f"INSERT INTO event ({names}, position) SELECT {read}, {position} FROM {rows.table(1)}", rows)
    if events:
        event_written()
