"""Arguments for the time at which an email is sent: an instant, or a local time in a time zone."""

import datetime as dt
from typing import Annotated

import strawberry

from api.codes.refusals.launches import LaunchCode
from api.services.enrollments.timelines.chosen_times import LocalTime
from strategies import Refusal


@strawberry.input(
    description="A local time in a time zone. If the clocks skip it, the email is sent later by the length of the gap. "
    "If it occurs twice, the first one counts. `Email.chosenTime` shows which happened. After a change of the tz "
    "database the email keeps the local time."
)
class LocalTimeInput:
    date: dt.date = strawberry.field(description="Date in `zone`, such as `2026-03-05`.")
    time: str = strawberry.field(description="Time of day in `zone`, HH:MM or HH:MM:SS, such as `09:30`.")
    zone: str = strawberry.field(description="IANA time zone, such as `America/New_York`.")


AtLocal = Annotated[
    LocalTimeInput | None,
    strawberry.argument(
        description="The send time as a local time in a time zone, in place of `at`. It must not be in the past."
    ),
]


def send_time(at: dt.datetime | None, at_local: LocalTimeInput | None) -> dt.datetime | LocalTime | None:
    """Return the time that a client gave, None for now. Raises Refusal if both are given."""
    if at_local is None:
        return at
    if at is not None:
        raise Refusal.of(LaunchCode.SEND_AT_AMBIGUOUS, ("atLocal",), case="local")
    return LocalTime(at_local.date, at_local.time, at_local.zone)
