"""Emails."""

from typing import Any

from tortoise import fields

from api.models.columns import StepRow, varchar
from api.states import BounceKind, SendStatus


class Send(StepRow):
    """One email to one person: of a step of a campaign, or a one-off email, which has no enrollment and no step.

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
    # When it last became FAILED, by the workspace's clock. It stays if the email gets another status.
    failed_at = fields.DatetimeField(null=True)
    reason = varchar(64, null=True)
    detail = fields.TextField(default="")
    bounce = fields.CharEnumField(BounceKind, null=True, max_length=10)
    bounced_at = fields.DatetimeField(null=True)
    replied_at = fields.DatetimeField(null=True)
    archived = fields.BooleanField(default=False)
    held = fields.BooleanField(default=False, db_default=False)
    # When it was created, by the workspace's clock; null in rows of earlier releases.
    created_at = fields.DatetimeField(null=True)
    # What reports count, beside the columns above. The date of the last attempt, in ``zone``.
    attempted_on = fields.DateField(null=True)
    # The template of the last attempt, "" if it had none; null before the first, and in rows of earlier releases.
    template_id = varchar(null=True)
    # Replies by people, automatic ones not included.
    replies = fields.IntField(default=0, db_default=0)
    # When the campaign ended as a success by a reply to this email, or because a rep marked it as one.
    succeeded_at = fields.DatetimeField(null=True)
    # When the recipient of this email unsubscribed, and when they marked it as spam.
    unsubscribed_at = fields.DatetimeField(null=True)
    complained_at = fields.DatetimeField(null=True)
    # The row of ``allowed_times`` with the ranges in which the send option lets it be sent; null: at any time.
    allowed_times_id = varchar(64, null=True)

    class Meta:
        table = "send"
        unique_together = (("enrollment_id", "step_id"),)
