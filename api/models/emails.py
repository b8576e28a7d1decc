"""Emails."""

from typing import Any

from tortoise import fields

from api.models.columns import StepRow, varchar
from api.states import BounceKind, SendStatus


class Send(StepRow):
    """One email of a campaign to one person.

    ``due_at`` is when it is sent or retried. ``planned_at`` is the time of the plan; ``planned_date`` and
    ``planned_time`` are the same in ``zone``. ``subject`` and ``html`` are a rep's text, which is sent unchanged; with
    ``written_as_template``, which an earlier release set, they are templates. ``by_hand``: a rep sends it from a task.
    ``held``: the email is on hold, because its campaign is paused or an edit is being applied.
    """

    sender: Any = fields.ForeignKeyField("touchline.Sender", on_delete=fields.RESTRICT)
    sender_id: str
    by_hand = fields.BooleanField(default=False)
    subject = fields.TextField(null=True)
    html = fields.TextField(null=True)
    written_as_template = fields.BooleanField(default=False, db_default=False)
    status = fields.CharEnumField(SendStatus, default=SendStatus.SCHEDULED, max_length=20)
    due_at = fields.DatetimeField()
    planned_at = fields.DatetimeField()
    planned_date = fields.DateField()
    planned_time = varchar(8)
    zone = varchar(64)
    explanation: Any = fields.JSONField(default=list)
    attempt_id = varchar(40, null=True)
    lease_until = fields.DatetimeField(null=True)
    attempts = fields.IntField(default=0)
    doubts = fields.IntField(default=0, db_default=0)
    message_id = varchar(400, null=True)
    recipient = varchar(320, null=True)
    sent_at = fields.DatetimeField(null=True)
    reason = varchar(64, null=True)
    detail = fields.TextField(default="")
    bounce = fields.CharEnumField(BounceKind, null=True, max_length=10)
    bounced_at = fields.DatetimeField(null=True)
    replied_at = fields.DatetimeField(null=True)
    archived = fields.BooleanField(default=False)
    held = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "send"
        unique_together = (("enrollment_id", "step_id"),)
