"""The Live Feed."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import NO_OWN_INDEX, key, workspace_key


class Event(Model):
    """One entry of the Live Feed. It is stored in the same transaction as the change it reports."""

    id = key(primary_key=True)
    workspace: Any = workspace_key(**NO_OWN_INDEX, db_constraint=False)
    workspace_id: str
    kind = key(40)
    at = fields.DatetimeField()
    campaign_id = key(null=True)
    person_id = key(null=True)
    enrollment_id = key(null=True)
    step_id = key(null=True)
    send_id = key(null=True)
    task_id = key(null=True)
    data: Any = fields.JSONField(default=dict)

    class Meta:
        table = "event"
        indexes = (("workspace_id", "id"),)
