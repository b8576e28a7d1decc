"""Jobs that any process may go on with: whoever takes one owns it until its lease ends."""

from datetime import datetime, timedelta
from typing import TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

Row = TypeVar("Row", bound=Model)


async def take(
    waiting: QuerySet[Row], now: datetime, lease: timedelta, column: str = "lease_until", failures: str = "failures"
) -> Row | None:
    """Take one of the rows that nobody works on, and return it whole. ``now`` is the real time, UTC.

    It counts as a failure until there is progress: the process may not live to say so.
    """
    for row in await waiting.only("id", column, failures):
        until = getattr(row, column)
        # A lease that is longer than any was given before the clock was set back.
        if until is not None and now < until <= now + 2 * lease:
            continue
        # Only as it was seen: of several processes one gets it.
        if await waiting.filter(id=row.pk, **{column: until}).update(
            **{column: now + lease, failures: getattr(row, failures) + 1}
        ):
            return await type(row).get(id=row.pk)
    return None
