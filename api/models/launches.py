"""Background launches, and the people whom they left out."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import key, workspace_key
from api.states import LaunchStatus


class Launch(Model):
    """A background launch and its progress. ``times`` are new wall times by step id.

    Its audience is in the table launch_audience, numbered from 1, as far as it is not processed; see store/launches.py.
    Those enrolled since a resume are launched at ``resumed_at``.
    """

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.RESTRICT)
    campaign_id: str
    status = fields.CharEnumField(LaunchStatus, default=LaunchStatus.RUNNING, max_length=20)
    total = fields.IntField()
    processed = fields.IntField(default=0)
    enrolled = fields.IntField(default=0)
    left_out = fields.IntField(default=0)
    launched_at = fields.DatetimeField()
    send_at = fields.DatetimeField(null=True)
    times: Any = fields.JSONField(default=dict)
    resumed_at = fields.DatetimeField(null=True)
    # The campaign's revision when it began, or was last resumed.
    revision = fields.IntField(default=0, db_default=0)
    paused_with_campaign = fields.BooleanField(default=False, db_default=False)
    again = fields.BooleanField(default=False, db_default=False)
    problem = fields.TextField(null=True)

    class Meta:
        table = "launch"
        indexes = (("campaign_id", "status"),)


class LeftOut(Model):
    """A person whom a background launch did not enroll, and why. ``person_id`` can be an id that does not exist."""

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    launch: Any = fields.ForeignKeyField("touchline.Launch", on_delete=fields.CASCADE)
    launch_id: str
    person_id = key(200)
    code = key(64)

    class Meta:
        table = "left_out"
        indexes = (("launch_id", "code"),)
