"""The filter of events."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.engine.enums.table_enums import EventKind
from api.graphql.sort_orders import CreatedOrder
from api.services.following import events


@strawberry.input(description="Selects events that match every given field. An empty list of kinds matches none.")
class EventFilter:
    kinds: list[EventKind] | None = strawberry.field(
        default=None,
        description="Only events of one of these kinds, such as `[REPLIED, CLICKED]`. If left out, of every kind. "
        "`OTHER` selects the events of installed packages.",
    )
    campaign_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only events that belong to the campaign with this `id`."
    )
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only events about the person with this `id`."
    )
    email_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only events about the email with this `id`."
    )
    task_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only events about the task with this `id`."
    )
    created_from: datetime | None = strawberry.field(
        default=None,
        description="Only events that were written at this instant or later, with an offset; in a sandbox by its "
        "clock. An open or a click that a provider reports late is written after its `at`.",
    )
    created_before: datetime | None = strawberry.field(
        default=None,
        description="Only events that were written before this instant, with an offset; in a sandbox by its clock.",
    )


def read_filter(chosen: EventFilter | None) -> events.EventFilter:
    """Return a filter as services take it."""
    if chosen is None:
        return events.EventFilter()
    kinds = None if chosen.kinds is None else frozenset(chosen.kinds)
    return events.EventFilter(
        kinds,
        chosen.campaign_id,
        chosen.person_id,
        chosen.email_id,
        chosen.task_id,
        chosen.created_from,
        chosen.created_before,
    )


EventsWhere = Annotated[
    EventFilter | None,
    strawberry.argument(description="Only events that meet this filter. If left out, all events."),
]
EventsOrderBy = Annotated[
    CreatedOrder | None,
    strawberry.argument(description="The order of the list. If left out, the newest first."),
]
