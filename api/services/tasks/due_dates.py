"""Check the due dates that users choose."""

from datetime import date, datetime

from api.codes.refusals.tasks import TaskCode
from api.codes.request_errors.inputs import InputCode
from api.services.common.inputs.inputs import Path
from strategies import Refusal
from strategies.calendar import local

LAST_YEAR = 2199
"""The last year of a due date, as for all dates and times in requests."""


def checked_due_date(due: date, zone: str, now: datetime, path: Path) -> date:
    """Return a due date that is today or later in a time zone. Raises Refusal."""
    today = local(now, zone).date()
    if due.year > LAST_YEAR:
        raise Refusal.of(InputCode.INVALID_INSTANT, path)
    if due < today:
        raise Refusal.of(TaskCode.DUE_DATE_IN_PAST, path, date=due.isoformat(), today=today.isoformat(), zone=zone)
    return due
