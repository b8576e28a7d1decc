"""Senders, pauses of channel accounts, and the slots of throttles."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import WorkspaceRow, varchar


class Sender(WorkspaceRow):
    """A sender: name, address, time zone and channel. ``email_key`` is as in ``Person``.

    ``title`` is the job title. ``signature`` is HTML, which ``append_signature`` appends to templates without it.

    At most ``throttle_emails`` are sent in any ``throttle_seconds``, and at most ``daily_cap`` in any
    24 hours. ``limited_until`` is the end of the last wait for such a limit, which allowed ``limited_emails`` in
    ``limited_seconds``.
    """

    name = varchar(200)
    email = varchar(320)
    email_key = varchar(320, default="")
    zone = varchar(64)
    channel = varchar(64)
    channel_config: Any = fields.JSONField(default=dict)
    throttle_emails = fields.IntField(null=True)
    throttle_seconds = fields.IntField(null=True)
    daily_cap = fields.IntField(null=True)
    limited_until = fields.DatetimeField(null=True)
    limited_emails = fields.IntField(null=True)
    limited_seconds = fields.IntField(null=True)
    title = varchar(200, default="", db_default="")
    signature = fields.TextField(default="", db_default="")
    append_signature = fields.BooleanField(default=True, db_default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "sender"
        unique_together = (("workspace_id", "email"),)


class AccountPause(Model):
    """A pause of a channel account after errors. Several workspaces may use one account."""

    account = varchar(200, primary_key=True)
    paused_at = fields.DatetimeField(null=True)
    until = fields.DatetimeField()
    code = varchar(64)
    detail = fields.TextField(default="")
    failures = fields.IntField(default=1)

    class Meta:
        table = "account_pause"


class ThrottleSlot(Model):
    """The slot that one email takes in the rate limit of its sender, from the commit before its transmission.

    ``ended_at`` is when the mail server answered; the windows of the throttle count from then.
    """

    id = varchar(primary_key=True)
    sender_id = varchar()
    send_id = varchar()
    began_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "departure"
