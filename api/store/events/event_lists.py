"""The list of events by a filter, the newest first. Each filter has an index in this order.

``OTHER`` means the kinds of later releases and of packages. The index of kinds lists those of a workspace.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from api.codes.events.event_kinds import EventKind
from api.models import Event
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.sort_keys import SortKey
from api.store.engine.sql import execute

BY_POSITION = SortKey("position", int)
FREQUENT = (EventKind.CAMPAIGN_LAUNCHED, EventKind.CAMPAIGN_FINISHED, EventKind.EMAIL_SENT, EventKind.TASK_CREATED)
"""Kinds that launching and dispatch write for each person. The index of kinds does not have them."""
RARE = "kind NOT IN ({})".format(", ".join(f"'{kind}'" for kind in FREQUENT))
"""The condition of the indexes of kinds. A statement needs it word for word."""
OURS = [kind for kind in EventKind if kind is not EventKind.OTHER]
OF_OURS = ", ".join(f"'{kind}'" for kind in OURS)
NEXT_KIND = f"(SELECT kind FROM event WHERE workspace_id = $1 AND {{}} {RARE} ORDER BY kind LIMIT 1)"
RARE_KINDS = (
    f"WITH RECURSIVE found(kind) AS (SELECT {NEXT_KIND.format('')} UNION ALL"
    f" SELECT {NEXT_KIND.format('kind > found.kind AND')} FROM found WHERE found.kind IS NOT NULL)"
    " SELECT kind FROM found WHERE kind IS NOT NULL"
)
"""SQL: the kinds of a workspace's events in the index of kinds. It reads one entry of each kind."""


async def filtered(
    workspace_id: str,
    kinds: Collection[EventKind] | None,
    columns: Sequence[tuple[str, str]],
) -> Listing:
    """Return the events of some kinds whose columns have these values."""
    listing = Listing(Event, BY_POSITION, descending=True).equal(workspace_id=workspace_id)
    listing = replace(listing, counted_by=tuple(listing.order()))
    for column, value in columns:
        listing = listing.equal(**{column: value})
    if kinds is None:
        return listing
    if any(column == "person_id" for column, _ in columns):  # a person has few events
        return listing.either(Condition(_any_of(kinds)))
    conditions = [_condition(kind) for kind in sorted(kinds) if kind is not EventKind.OTHER]
    if EventKind.OTHER in kinds:
        found = [row["kind"] for row in await execute(RARE_KINDS, workspace_id)]
        conditions += [Condition(f"kind = {{}} AND {RARE}", (kind,)) for kind in found if kind not in OURS]
    return listing.either(*conditions)


def _condition(kind: EventKind) -> Condition:
    return Condition(f"kind = '{kind}'" + ("" if kind in FREQUENT else f" AND {RARE}"))


def _any_of(kinds: Collection[EventKind]) -> str:
    ours = ", ".join(f"'{kind}'" for kind in sorted(kinds) if kind is not EventKind.OTHER)
    parts = [f"kind IN ({ours})"] * bool(ours) + [f"kind NOT IN ({OF_OURS})"] * (EventKind.OTHER in kinds)
    return f"({' OR '.join(parts) or 'FALSE'})"
