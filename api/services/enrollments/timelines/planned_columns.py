"""The columns of an email with its time: when it is due, its planned time, and how that was calculated."""

from datetime import datetime
from typing import Any

from api.services.enrollments.timelines.explanations import notes_to_json
from api.store.dispatch.allowed_time_rows import allowed_times_id
from strategies.calendar import local
from strategies.timeline.records import PlannedSend


def planned_columns(planned: PlannedSend) -> dict[str, Any]:
    """Return the columns of an automatic email, which is due at the time that its send option has calculated.

    Call ``keep`` of ``store/dispatch/allowed_time_rows.py`` in the transaction that writes them.
    """
    return {
        "due_at": planned.instant,
        "planned_at": planned.instant,
        "planned_date": planned.date,
        "planned_time": planned.time.isoformat(),
        "zone": planned.zone,
        "explanation": notes_to_json(planned.notes),
        "allowed_times_id": allowed_times_id(planned.allowed),
    }


def chosen_columns(at: datetime, zone: str) -> dict[str, Any]:
    """Return the columns of an email for which a rep chose a time (UTC). The explanation is not among them."""
    shown = local(at, zone)
    return {
        "due_at": at,
        "planned_at": at,
        "planned_date": shown.date(),
        "planned_time": shown.time().isoformat(),
        "zone": zone,
    }
