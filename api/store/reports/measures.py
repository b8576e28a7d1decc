"""The measures that reports count, and their subjects.

A cell is the smallest unit: a campaign, step, sender, template and day ("" for none). Triggers, which the migration
``reports`` creates, append each change of a cell to the table ``report_delta`` in the transaction of the change.
``folding`` adds the changes to ``report_cell`` and to the sums by subject in ``report_count`` and ``report_reason``.
Readers add what is not folded yet, so that a number is always right.
"""

from datetime import date
from enum import StrEnum

NO_DAY = date.min
"""The day of counts of people, which have no day. In ``report_count``, also the day of the sum of all days."""
KEYS = {
    "workspace_id": "text",
    "campaign_id": "text",
    "step_id": "text",
    "sender_id": "text",
    "template_id": "text",
    "day": "date",
}
"""The columns that identify a cell, with their SQL types."""
EMAIL_MEASURES = (
    "scheduled", "delivered", "bounced_hard", "bounced_soft", "failed", "in_doubt", "replied", "replies",
    "unsubscribed", "complained", "succeeded", "opened", "opens", "clicked", "clicks", "machine_opens",
    "machine_clicks",
)  # fmt: skip
TASK_MEASURES = ("tasks_open", "tasks_done", "tasks_skipped", "tasks_expired", "tasks_cancelled")
PEOPLE_MEASURES = ("people_active", "people_finished", "people_succeeded", "people_ended")
MEASURES = (*EMAIL_MEASURES, *TASK_MEASURES, *PEOPLE_MEASURES)
"""All numbers of a cell, each the name of a column."""
MEASURES_WITH_REASON = ("failed", "people_ended")
"""The numbers that ``report_reason`` also has by reason."""


class Scope(StrEnum):
    """The kind of a subject that has counts."""

    WORKSPACE = "WORKSPACE"
    CAMPAIGN = "CAMPAIGN"
    STEP = "STEP"
    SENDER = "SENDER"
    TEMPLATE = "TEMPLATE"

    @property
    def column(self) -> str:
        """The column of a cell that has the subject's id."""
        return f"{self.value.lower()}_id"


def pivot() -> str:
    """Return the SQL of one column for each measure, from rows with ``measure`` and ``number``."""
    return ", ".join(
        f"CAST(coalesce(sum(number) FILTER (WHERE measure = '{name}'), 0) AS bigint) AS {name}" for name in MEASURES
    )
