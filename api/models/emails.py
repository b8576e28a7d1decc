"""Emails: the send ledger."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import NO_OWN_INDEX, key, workspace_key
from api.states import BounceKind, SendStatus


class Send(Model):
    """One email to one person. ``due_at`` is when it is sent, ``planned_*`` are the plan's date and time.

    ``subject`` and ``html`` are what a rep wrote, and are sent as they are; in rows that an earlier release wrote
    (``written_as_template``) they are templates.
    """

    id = key(primary_key=True)
    workspace: Any = workspace_key(**NO_OWN_INDEX)
    workspace_id: str
    enrollment: Any = fields.ForeignKeyField("touchline.Enrollment", on_delete=fields.RESTRICT)
    enrollment_id: str
    step: Any = fields.ForeignKeyField("touchline.Step", on_delete=fields.RESTRICT)
    step_id: str
    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    sender_id: str
    sandbox = fields.BooleanField(default=False)
    by_hand = fields.BooleanField(default=False)
    subject = fields.TextField(null=True)
    html = fields.TextField(null=True)
    written_as_template = fields.BooleanField(default=False, db_default=False)
    status = fields.CharEnumField(SendStatus, default=SendStatus.SCHEDULED, max_length=20)
    due_at = fields.DatetimeField()
    planned_at = fields.DatetimeField()
    planned_date = fields.DateField()
    planned_time = key(8)
    zone = key(64)
    explanation: Any = fields.JSONField(default=list)
    attempt_id = key(40, null=True)
    lease_until = fields.DatetimeField(null=True)
    attempts = fields.IntField(default=0)
    doubts = fields.IntField(default=0, db_default=0)
    message_id = key(400, null=True)
    recipient = key(320, null=True)
    sent_at = fields.DatetimeField(null=True)
    reason = key(64, null=True)
    detail = fields.TextField(default="")
    bounce = fields.CharEnumField(BounceKind, null=True, max_length=10)
    bounced_at = fields.DatetimeField(null=True)
    archived = fields.BooleanField(default=False)
    held = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "send"
        unique_together = (("enrollment_id", "step_id"),)
        # Beside it: send_waiting, send_held, send_leased and send_in_doubt, partial ones of the migrations.
        indexes = (("workspace_id", "status", "due_at"),)
