"""The list of events by a filter, the newest first. Each filter has an index that has its events in this order."""

from collections.abc import Collection, Sequence

from api.codes.events.event_kinds import EventKind
from api.models import Event
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.sort_keys import SortKey

BY_POSITION = SortKey("position", int)
FREQUENT = (EventKind.CAMPAIGN_LAUNCHED, EventKind.CAMPAIGN_FINISHED, EventKind.EMAIL_SENT, EventKind.TASK_CREATED)
"""Kinds that launching and dispatch write for each person. The index of kinds does not have them."""
RARE = "kind NOT IN ({})".format(", ".join(f"'{kind}'" for kind in FREQUENT))
"""The condition of the indexes of kinds. A statement needs it word for word."""
OF_OURS = ", ".join(f"'{kind}'" for kind in EventKind if kind is not EventKind.OTHER)


def filtered(
    workspace_id: str,
    kinds: Collection[EventKind] | None,
    columns: Sequence[tuple[str, str]],
) -> Listing:
    """Return the events of some kinds whose columns have these values."""
    listing = Listing(Event, BY_POSITION, descending=True).equal(workspace_id=workspace_id)
    for column, value in columns:
        listing = listing.equal(**{column: value})
    if kinds is None:
        return listing
    if any(column == "person_id" for column, _ in columns):  # a person has few events
        return listing.either(Condition(_any_of(kinds)))
    return listing.either(*map(_condition, sorted(kinds)))


def _condition(kind: EventKind) -> Condition:
    if kind is EventKind.OTHER:
        return Condition(f"kind NOT IN ({OF_OURS})")
    return Condition(f"kind = '{kind}'" + ("" if kind in FREQUENT else f" AND {RARE}"))


def _any_of(kinds: Collection[EventKind]) -> str:
    ours = ", ".join(f"'{kind}'" for kind in sorted(kinds) if kind is not EventKind.OTHER)
    parts = [f"kind IN ({ours})"] * bool(ours) + [f"kind NOT IN ({OF_OURS})"] * (EventKind.OTHER in kinds)
    return f"({' OR '.join(parts) or 'FALSE'})"
