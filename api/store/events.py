"""The Live Feed: events, written in the transaction of the change that they report."""

import json
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from api.codes.event_kinds import EventKind
from api.ids import new_id
from api.store.engine.sql import Records, Row, execute

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


def event(
    workspace_id: str, kind: EventKind, at: datetime, *, data: dict[str, Any] | None = None, **about: str | None
) -> Line:
    """Make an event, not yet written. ``about`` names rows: campaign_id, person_id, enrollment_id, step_id, …"""
    return Line(workspace_id, kind, at, data=json.dumps(data) if data else "{}", **about)


class Email(Protocol):
    """A send, or the columns of it that an event names."""

    @property
    def id(self) -> str:
        """The send's id."""

    @property
    def workspace_id(self) -> str:
        """The workspace's id."""

    @property
    def person_id(self) -> str:
        """The person's id."""

    @property
    def enrollment_id(self) -> str:
        """The enrollment's id."""

    @property
    def step_id(self) -> str:
        """The step's id."""


def email_event(
    email: Email, kind: EventKind, at: datetime, *, data: dict[str, Any] | None = None, campaign_id: str | None = None
) -> Line:
    """Make an event about an email, not yet written."""
    return Line(
        email.workspace_id,
        kind,
        at,
        campaign_id,
        email.person_id,
        email.enrollment_id,
        email.step_id,
        email.id,
        data=json.dumps(data) if data else "{}",
    )


def row_event(
    row: Row, kind: EventKind, at: datetime, *, data: dict[str, Any] | None = None, **about: str | None
) -> Line:
    """Make an event about a row that has a person, an enrollment and a step. ``about`` names further rows."""
    ids = {name: row[name] for name in ("person_id", "enrollment_id", "step_id")}
    return event(row["workspace_id"], kind, at, data=data, **ids, **about)


async def write(events: list[Line]) -> None:
    """Write events. Call inside the transaction of the change that they report."""
    names = ", ".join(COLUMNS)
    for start in range(0, len(events), MAX_INSERT_EVENTS):
        rows = Records(COLUMNS, [(new_id("evt"), *line) for line in events[start : start + MAX_INSERT_EVENTS]])
        await execute(f"INSERT INTO event ({names}) SELECT {names} FROM {rows.table(1)}", rows)
