"""Campaigns and their steps."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import key, workspace_key
from api.states import OnExpiry, OnReply, Priority
from strategies import StepType


class Campaign(Model):
    """An ordered list of steps, each on a day, and the settings of their run."""

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    sender_id: str
    category: Any = fields.ForeignKeyField("touchline.Category", null=True, on_delete=fields.SET_NULL)
    category_id: str | None
    name = key(200)
    skip_weekends = fields.BooleanField(default=False)
    remove_on_bounce = fields.BooleanField(default=True)
    on_reply = fields.CharEnumField(OnReply, default=OnReply.END, max_length=20)
    use_recipient_zone = fields.BooleanField(default=False)
    task_expiry_days = fields.IntField(null=True)
    on_task_expiry = fields.CharEnumField(OnExpiry, default=OnExpiry.WAIT, max_length=20)
    in_doubt_resends = fields.IntField(default=0, db_default=0)
    paused_at = fields.DatetimeField(null=True)
    resumed_at = fields.DatetimeField(null=True)
    # When the last pause began: what was due then goes out when it ends on the same day.
    last_paused_at = fields.DatetimeField(null=True)
    # The pause or resume whose emails are still to be put on hold or released.
    holds = key(null=True)
    # Counts the edits that may move someone; while ``editing``, some people are still to be resolved by the last one.
    revision = fields.IntField(default=0, db_default=0)
    edited_at = fields.DatetimeField(null=True)
    editing = fields.BooleanField(default=False, db_default=False)
    # Since when the campaign is being ended for everyone. None of its emails is sent meanwhile.
    ending_at = fields.DatetimeField(null=True)
    # Why the last attempt at the pause, resume, edit or ending failed.
    job_problem = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "campaign"


class Step(Model):
    """One step of a campaign. ``number`` counts from 1 through the whole campaign.

    A step that someone has gone through is removed by its ``removed_at`` and stays in the record. Whoever was launched
    before ``added_revision`` of the campaign may have passed it: no clock decides that, since several things happen in
    one second, and a sandbox's clock stands still.
    """

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    campaign: Any = fields.ForeignKeyField("touchline.Campaign", on_delete=fields.CASCADE)
    campaign_id: str
    number = fields.IntField()
    day = fields.IntField()
    type = fields.CharEnumField(StepType, max_length=20)
    name = key(200, default="")
    send_option = key(64, null=True)
    config: Any = fields.JSONField(default=dict)
    follow_up = fields.BooleanField(default=False)
    template: Any = fields.ForeignKeyField("touchline.Template", null=True, on_delete=fields.RESTRICT)
    template_id: str | None
    subject = fields.TextField(null=True)
    notes = fields.TextField(default="")
    priority = fields.CharEnumField(Priority, default=Priority.NORMAL, max_length=10)
    added_at = fields.DatetimeField(null=True)
    added_revision = fields.IntField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "step"
        indexes = (("campaign_id", "number"),)
