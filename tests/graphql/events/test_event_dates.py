"""Lists of events of a period: by the time of writing, and in a sandbox by its clock."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api import ids
from api.codes.events.event_kinds import EventKind
from api.graphql.events.events import EventFilter, read_filter
from api.models import Event
from api.services.following.event_filter_index import EventFilter as FollowedFilter
from tests.client import Client, new_client

BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgres"], indirect=True)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIST = """query($filter: EventFilter, $last: Int) {
  events(filter: $filter, last: $last) { nodes { id } totalCount totalCountIsExact } }"""
NUMBERS = itertools.count()


def written(moment: datetime) -> str:
    """Return an id of an event that is written at a moment."""
    return f"{ids.first_id('evt', moment)[:-4]}{next(NUMBERS):04}"


async def fill(workspace_id: str) -> list[Event]:
    """Write an event every seven minutes, in positions of another order than their ids."""
    rows = []
    for number in range(60):
        at = AT + timedelta(minutes=7 * (number // 3))
        rows.append(
            Event(
                id=written(at + timedelta(seconds=40 * (2 - number % 3))),
                workspace_id=workspace_id,
                kind=EventKind.OPENED if number % 2 else EventKind.EMAIL_SENT,
                at=at - timedelta(days=number % 5),
                person_id="per_1" if number % 4 else None,
                position=0 if number < 9 else number,
                data={},
            )
        )
    await Event.bulk_create(rows)
    return rows


def periods() -> Iterator[tuple[datetime | None, datetime | None]]:
    """Yield periods that begin and end between, at and beside the events."""
    moments = [AT + timedelta(minutes=minutes, seconds=seconds) for minutes in (-99, 0, 7, 33, 70, 133, 999)
               for seconds in (0, 40)]  # fmt: skip
    far = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    yield from ((moment, None) for moment in moments + far)
    yield from ((None, moment) for moment in moments + far)
    yield from itertools.combinations(moments[::3], 2)


async def compare(client: Client, rows: list[Event], chosen: dict[str, Any], filter_: FollowedFilter) -> None:
    """Check that a list, its count and a subscription have the same events."""
    wanted = [row.id for row in sorted(rows, key=lambda row: (row.position, row.id)) if filter_.matches(row)]
    found = (await client.ask(LIST, filter=chosen))["events"]
    assert [node["id"] for node in reversed(found["nodes"])] == wanted[-50:], chosen
    assert (found["totalCount"], found["totalCountIsExact"]) == (len(wanted), True), chosen
    last = (await client.ask(LIST, filter=chosen, last=2))["events"]["nodes"]
    assert [node["id"] for node in reversed(last)] == wanted[:2], chosen


def conditions(first: datetime | None, before: datetime | None) -> dict[str, Any]:
    """Return the filter of a period as a client sends it."""
    given = {"createdFrom": first, "createdBefore": before}
    return {name: value.isoformat().rjust(25, "0") for name, value in given.items() if value}


@BOTH
async def test_events_of_a_period_are_those_with_its_ids(client: Client) -> None:
    real = await new_client(client.http, AT, sandbox=False)
    rows = await fill(real.workspace.id)
    await fill(client.workspace.id)
    for first, before in periods():
        filter_ = read_filter(EventFilter(created_from=first, created_before=before))
        await compare(real, rows, conditions(first, before), filter_)
    narrow = read_filter(EventFilter(created_from=AT, created_before=AT + timedelta(hours=1), person_id="per_1"))
    chosen = conditions(AT, AT + timedelta(hours=1)) | {"personId": "per_1"}
    await compare(real, rows, chosen, narrow)
    inside = [row for row in rows if narrow.matches(row)]
    assert 0 < len(inside) < 27
    assert any(row.at < AT for row in inside)


@BOTH
async def test_events_of_a_period_in_a_sandbox_are_those_of_its_clock(client: Client) -> None:
    rows = await fill(client.workspace.id)
    for first, before in periods():
        await compare(client, rows, conditions(first, before), FollowedFilter(None, *[None] * 4, first, before, True))


async def test_an_empty_period_is_refused(client: Client) -> None:
    for before in (AT, AT - timedelta(1)):
        answer = await client.raw(LIST, {"filter": conditions(AT, before)})
        (error,) = answer["errors"]
        assert (error["extensions"]["code"], error["extensions"]["path"]) == (
            "EMPTY_DATE_RANGE",
            ["filter", "createdBefore"],
        )
