"""Read the Live Feed forwards: the events after a place, in the order of ``store/events/event_order.py``."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from api.models import Event
from api.store.engine.database import is_postgres
from api.store.engine.row_reader import columns_of, read_statement
from api.store.engine.sql import execute, in_byte_order, of_workspace

BEGINNING = "evt_00000000000000000000000000"
"""The id of no event, for the place before the first one."""
END = "evt_~"
"""Comes after the id of every event."""


class Place(NamedTuple):
    """A place in the feed of a workspace: after the event with this position and id."""

    position: int
    id: str = END


async def place_of(workspace_id: str, event_id: str) -> Place | None:
    """Return the place after an event; None if the workspace has no such event."""
    if event_id == BEGINNING:
        return Place(-1)
    rows = await execute(f"SELECT position FROM event WHERE id = $1 AND {of_workspace(2)}", event_id, workspace_id)
    return Place(rows[0]["position"], event_id) if rows else None


async def newest(workspace_id: str, upto: int) -> Place | None:
    """Return the place after the newest event up to a position; None if there is none."""
    order = f"position DESC, {in_byte_order('id')} DESC"
    statement = f"SELECT position, id FROM event WHERE workspace_id = $1 AND position <= $2 ORDER BY {order} LIMIT 1"
    rows = await execute(statement, workspace_id, upto)
    return Place(rows[0]["position"], rows[0]["id"]) if rows else None


async def number_after(workspace_id: str, place: Place, most: int) -> int:
    """Return how many events follow a place, counted up to ``most``."""
    found = f"SELECT 1 FROM event WHERE workspace_id = $1 AND {_after('$2', '$3')} LIMIT {most}"
    (row,) = await execute(f"SELECT count(*) AS number FROM ({found}) AS found", workspace_id, *place)
    return int(row["number"])


async def read_after(workspace_id: str, place: Place, upto: int, limit: int) -> list[Any]:
    """Return the first events after a place, up to a settled position. Read-only rows."""
    where = f"workspace_id = $1 AND {_after('$2', '$3')} AND position <= $4"
    order = f"position, {in_byte_order('id')}"
    statement = f"SELECT {columns_of(Event)} FROM event WHERE {where} ORDER BY {order} LIMIT {limit}"
    return await read_statement(Event, statement, workspace_id, *place, upto)


async def read_each(places: Mapping[str, Place], upto: int, limit: int) -> Mapping[str, Sequence[Any]]:
    """Return the first events after a place of each workspace, up to a settled position. Read-only rows.

    PostgreSQL reads them in one statement. SQLite, whose statements cost no round trip, reads each workspace by itself.
    """
    if not is_postgres():
        return {key: await read_after(key, place, upto, limit) for key, place in places.items()}
    columns = columns_of(Event, "event")
    statement = (
        f"SELECT found.* FROM unnest($1::text[], $2::bigint[], $3::text[]) AS place(workspace, position, id)"
        f" CROSS JOIN LATERAL (SELECT {columns} FROM event WHERE event.workspace_id = place.workspace"
        f" AND {_after('place.position', 'place.id', 'event.')} AND event.position <= $4"
        f" ORDER BY event.position, {in_byte_order('event.id')} LIMIT {limit}) AS found"
    )
    arrays = [list(places), [place.position for place in places.values()], [place.id for place in places.values()]]
    found: dict[str, list[Any]] = {key: [] for key in places}
    for row in await read_statement(Event, statement, *arrays, upto):
        found[row.workspace_id].append(row)
    return {key: sorted(rows, key=lambda row: (row.position, row.id)) for key, rows in found.items()}


def _after(position: str, event_id: str, table: str = "") -> str:
    return f"({table}position, {in_byte_order(f'{table}id')}) > ({position}, {event_id})"
