"""The local time that a rep chose for an email."""

import datetime as dt
from typing import Any

import strawberry

from api.services.enrollments.timelines.chosen_times import zoned_time


@strawberry.type(description="A local time in a time zone that a rep chose for an email.")
class ChosenTime:
    date: dt.date = strawberry.field(description="The calendar date that the rep chose, in `zone`.")
    time: str = strawberry.field(description="The time of day, HH:MM:SS, in `zone`.")
    zone: str = strawberry.field(description="IANA time zone, such as `America/New_York`.")
    skipped: bool = strawberry.field(
        description="Whether the clocks of `zone` skip this time. The email is sent later by the length of the gap."
    )
    repeated: bool = strawberry.field(
        description="Whether this time occurs twice in `zone` on that date. The email is sent at the first of the two."
    )


def chosen_time_of(explanation: Any) -> ChosenTime | None:
    """Return the local time that a rep chose last, by the email's explanation. None if there is none."""
    chosen = zoned_time(explanation)
    if chosen is None:
        return None
    wall = chosen.moment.wall
    return ChosenTime(
        date=wall.date(),
        time=wall.time().isoformat(),
        zone=chosen.moment.zone,
        skipped=chosen.moment.skipped,
        repeated=chosen.moment.repeated,
    )
