"""Tasks of reps."""

from typing import Any

from tortoise import fields

from api.models.columns import StepRow, varchar
from api.states import Priority, TaskStatus
from strategies import StepType


class Task(StepRow):
    """Work of a rep for one person: a call, an InMail, a custom task or an email by hand.

    A task is a step of a campaign, or it was created by hand. Then it has no enrollment, step and campaign.
    ``due_date`` is a date in the time zone of the enrollment, or of the assignee if there is none. ``planned_date`` is
    the campaign's due date if a rep has changed ``due_date``; null if not. ``outcome``, ``call_reason`` and ``note``
    are what the rep wrote on completing it.
    """

    campaign_id = varchar(null=True)
    about_send_id = varchar(null=True)
    """The email that a task created by hand is about, such as the one that was clicked."""
    assignee: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    assignee_id: str
    type = fields.CharEnumField(StepType, max_length=20)
    name = varchar(300)
    details = fields.TextField(default="")
    priority = fields.CharEnumField(Priority, default=Priority.NORMAL, max_length=10)
    status = fields.CharEnumField(TaskStatus, default=TaskStatus.OPEN, max_length=20)
    due_date = fields.DateField()
    planned_date = fields.DateField(null=True)
    expires_at = fields.DatetimeField(null=True)
    held = fields.BooleanField(default=False)
    """Whether the campaign is paused, so that the task cannot expire. A pause sets it in the background.

    It keeps these tasks out of the index by which the tick loop finds the next expiry. A resume clears it.
    """
    paused_seconds = fields.BigIntField(default=0, db_default=0)
    """The ``paused_seconds`` of the campaign that ``expires_at`` allows for. A task with another number cannot expire.

    If ``expires_at`` is calculated during a pause, the number has the part of the pause that is over. After a resume, a
    job adds the difference to ``expires_at``, once for each task.
    """
    done_at = fields.DatetimeField(null=True)
    # The date of ``done_at`` in the time zone of ``due_date``. Reports count the task on it.
    done_on = fields.DateField(null=True)
    outcome = varchar(100, null=True)
    call_reason = varchar(100, null=True)
    note = fields.TextField(default="", db_default="")
    draft_version = fields.IntField(default=0, db_default=0)
    """Counts the changes of the draft of the task's email, which is in the table ``written_email``."""
    explanation: Any = fields.JSONField(default=list)

    class Meta:
        table = "task"
        unique_together = (("enrollment_id", "step_id"),)
