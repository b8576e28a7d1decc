"""The events of a period, by their ids: these ascend with the time at which an event was written.

Lists of events are in the order of positions, and no index has the time. But an event that was written minutes later
than another has a greater position. So the ids near the ends of a period give the positions between which its events
are, and the list reads only these. Events near the ends are compared with the ids themselves.
"""

from datetime import UTC, datetime, timedelta

from api import ids
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.sql import execute, in_byte_order

MAX_DELAY = timedelta(minutes=5)
"""The longest time between the making of an event's id and of its position, with the difference of machines' clocks.

The statement that writes an event takes its position, so a transaction may last longer. Ids use the machine's clock, or
the database's if the two differ by more than a minute.
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_id(moment: datetime) -> str:
    """Return the smallest id of an event that is written at a moment."""
    return ids.first_id("evt", max(moment, EPOCH))


async def written_from(listing: Listing, moment: datetime) -> Listing:
    """Return the events of a list that were written at a moment or later."""
    rows = await execute(
        "SELECT position FROM event WHERE id < $1 ORDER BY id DESC LIMIT 1",
        first_id(max(moment, EPOCH + MAX_DELAY) - MAX_DELAY),
    )
    if rows:
        listing = listing.where("position >= {}", rows[0]["position"])
    return listing.where(f"{in_byte_order('id')} >= {{}}", first_id(moment))


async def written_before(listing: Listing, moment: datetime) -> Listing:
    """Return the events of a list that were written before a moment."""
    later = datetime.max.replace(tzinfo=UTC) - MAX_DELAY
    rows = await execute(
        "SELECT position FROM event WHERE id >= $1 ORDER BY id LIMIT 1", first_id(min(moment, later) + MAX_DELAY)
    )
    if rows:
        listing = listing.where("position <= {}", rows[0]["position"])
    return listing.where(f"{in_byte_order('id')} < {{}}", first_id(moment))


def of_clock(listing: Listing, first: datetime | None, before: datetime | None) -> Listing:
    """Return the events of a list in a period of a sandbox's clock, which ids do not know."""
    conditions = [Condition(f"at {sign} {{}}", (moment,)) for sign, moment in ((">=", first), ("<", before)) if moment]
    return listing.only_if(*conditions)
