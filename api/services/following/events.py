"""The events that a client follows, and the place in the Live Feed from which it follows them."""

from dataclasses import dataclass, replace
from typing import Any

from api.codes.request_errors.requests import RequestCode
from api.models import Send, Task
from api.services.common.lists.filters import FILTER, check_dates, check_ids, id_condition
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.services.following.event_filter_index import COLUMNS, EventFilter
from api.sorts import CreatedSort, Order
from api.store.engine.rows import find, not_found
from api.store.events.event_dates import of_clock, written_before, written_from
from api.store.events.event_feed import BEGINNING, Place, newest, number_after, place_of
from api.store.events.event_lists import filtered
from api.store.events.event_order import settled
from strategies import Refusal

__all__ = ["BEGINNING", "EventFilter", "FollowedEvents", "cursor", "event_list", "follow"]

MAX_MISSED = 100_000
"""Events that may have happened since the place from which a client resumes."""


@dataclass(frozen=True, slots=True)
class FollowedEvents:
    """The events that a client follows."""

    filter: EventFilter
    place: Place
    """The client has all events up to here."""


async def follow(context: WorkspaceContext, chosen: EventFilter, after: str | None) -> FollowedEvents:
    """Return the events to follow: those after the event ``after``, or, if it is None, those from now on.

    Raises Refusal if the workspace has no such event, or if too many have happened since.
    """
    chosen = _usable(context, chosen)
    if after is None:
        upto, _ = await settled()
        return FollowedEvents(chosen, Place(upto))
    place = await place_of(context.workspace_id, id_condition(after))
    if place is None:
        raise not_found("event", after, ("after",))
    if await number_after(context.workspace_id, place, MAX_MISSED + 1) > MAX_MISSED:
        raise Refusal.of(RequestCode.CURSOR_TOO_OLD, ("after",), limit=MAX_MISSED)
    return FollowedEvents(chosen, place)


async def event_list(
    context: WorkspaceContext, chosen: EventFilter, order: Order[CreatedSort] | None = None
) -> RowList:
    """Return the events that meet a filter, in the order in which a client can follow them; by default newest first."""
    chosen = _usable(context, chosen)
    columns: list[tuple[str, str]] = [
        (column, id_condition(value))
        for name, column in COLUMNS.items()
        if (value := getattr(chosen, name)) is not None
    ]
    if not chosen.person_id:
        columns += await _person(context, chosen)
    listing = await filtered(context.workspace_id, chosen.kinds, columns)
    if chosen.by_clock:
        listing = of_clock(listing, chosen.created_from, chosen.created_before)
    elif chosen.created_from is not None:
        listing = await written_from(listing, chosen.created_from)
    if chosen.created_before is not None and not chosen.by_clock:
        listing = await written_before(listing, chosen.created_before)
    descending = order is None or order.descending
    return RowList(listing.sorted_by(listing.key, descending=descending))


def _usable(context: WorkspaceContext, chosen: EventFilter) -> EventFilter:
    """Return a filter that knows whose clock its instants are of. Raises Refusal if it makes no sense."""
    check_dates("event", FILTER, "createdFrom", chosen.created_from, "createdBefore", chosen.created_before)
    check_ids(chosen, FILTER)
    has_dates = chosen.created_from is not None or chosen.created_before is not None
    return replace(chosen, by_clock=has_dates and context.workspace.sandbox)


async def _person(context: WorkspaceContext, chosen: EventFilter) -> list[tuple[str, str]]:
    """Return the person of the email or task of a filter: the index of people finds its events."""
    for model, row_id in ((Send, chosen.email_id), (Task, chosen.task_id)):
        if row_id is not None:
            row: Any = await find(model, context.workspace_id, row_id)
            return [("person_id", row.person_id if row else "")]
    return []


async def cursor(context: WorkspaceContext) -> str:
    """Return the newest event up to which every event can be read now."""
    upto, _ = await settled()
    place = await newest(context.workspace_id, upto)
    return BEGINNING if place is None else place.id
