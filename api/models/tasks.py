"""Reps' tasks."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import NO_OWN_INDEX, key, workspace_key
from api.states import Priority, TaskStatus
from strategies import StepType


class Task(Model):
    """Human work for one person of a campaign."""

    id = key(primary_key=True)
    workspace: Any = workspace_key(**NO_OWN_INDEX)
    workspace_id: str
    enrollment: Any = fields.ForeignKeyField("touchline.Enrollment", on_delete=fields.RESTRICT)
    enrollment_id: str
    step: Any = fields.ForeignKeyField("touchline.Step", on_delete=fields.RESTRICT)
    step_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    assignee: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    assignee_id: str
    sandbox = fields.BooleanField(default=False)
    type = fields.CharEnumField(StepType, max_length=20)
    name = key(300)
    details = fields.TextField(default="")
    priority = fields.CharEnumField(Priority, default=Priority.NORMAL, max_length=10)
    status = fields.CharEnumField(TaskStatus, default=TaskStatus.OPEN, max_length=20)
    due_date = fields.DateField()
    expires_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)
    explanation: Any = fields.JSONField(default=list)

    class Meta:
        table = "task"
        unique_together = (("enrollment_id", "step_id"),)
        indexes = (("workspace_id", "status", "due_date"), ("status", "expires_at"))
