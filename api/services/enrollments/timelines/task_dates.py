"""Due dates of a campaign's tasks: by its plan, and as a rep has moved them."""

from datetime import date

from api.models import Task


def campaign_date(task: Task) -> date:
    """Return the due date by the campaign's plan. A rep may have given the task another ``due_date``."""
    return task.planned_date or task.due_date


def moved_dates(task: Task, planned: date) -> tuple[date, date | None]:
    """Return ``due_date`` and ``planned_date`` of an open task that the campaign plans for another date.

    A later date that a rep has chosen stays.
    """
    if task.planned_date is not None and task.due_date > planned:
        return task.due_date, planned
    return planned, None
