"""Tasks of reps."""

from typing import Any

from tortoise import fields

from api.models.columns import StepRow, varchar
from api.states import Priority, TaskStatus
from strategies import StepType


class Task(StepRow):
    """A step of a campaign that a rep does for one person: a call, an InMail, a custom task or an email by hand.

    ``due_date`` is a date in the time zone of the enrollment.
    """

    assignee: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    assignee_id: str
    type = fields.CharEnumField(StepType, max_length=20)
    name = varchar(300)
    details = fields.TextField(default="")
    priority = fields.CharEnumField(Priority, default=Priority.NORMAL, max_length=10)
    status = fields.CharEnumField(TaskStatus, default=TaskStatus.OPEN, max_length=20)
    due_date = fields.DateField()
    expires_at = fields.DatetimeField(null=True)
    held = fields.BooleanField(default=False)
    """Whether the campaign is paused, so that the task cannot expire. A pause sets it in the background.

    It keeps these tasks out of the index by which the tick loop finds the next expiry. A resume clears it.
    """
    paused_seconds = fields.BigIntField(default=0, db_default=0)
    """The ``paused_seconds`` of the campaign that ``expires_at`` allows for. A task with another number cannot expire.

    After a resume, a job adds the difference to ``expires_at``, once for each task.
    """
    done_at = fields.DatetimeField(null=True)
    explanation: Any = fields.JSONField(default=list)

    class Meta:
        table = "task"
        unique_together = (("enrollment_id", "step_id"),)
