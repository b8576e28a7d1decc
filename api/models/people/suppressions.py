"""Suppressed addresses, and the history of each."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar
from api.states import SuppressionChangeKind, SuppressionSource, UnsubscribeReason


class Suppression(WorkspaceRow):
    """An address that gets no emails of a workspace, whether or not a person has it. ``email_key`` is as in ``Person``.

    ``unsubscribed_at`` is null after the address was resubscribed. ``source`` and ``reason`` say why it last
    unsubscribed.
    """

    email = varchar(320)
    email_key = varchar(320)
    unsubscribed_at = fields.DatetimeField(null=True)
    source = fields.CharEnumField(SuppressionSource, max_length=20)
    reason = fields.TextField(default="")

    class Meta:
        table = "suppression"
        unique_together = (("workspace_id", "email_key"),)


class SuppressionChange(WorkspaceRow):
    """One change of a suppression: the address unsubscribed or was resubscribed.

    ``recipient_reason`` and ``recipient_comment`` are what the recipient chose and wrote on the unsubscribe page.
    """

    suppression: Any = fields.ForeignKeyField("touchline.Suppression", on_delete=fields.CASCADE)
    suppression_id: str
    kind = fields.CharEnumField(SuppressionChangeKind, max_length=20)
    at = fields.DatetimeField()
    source = fields.CharEnumField(SuppressionSource, max_length=20)
    reason = fields.TextField(default="")
    actor = varchar(200, default="")
    recipient_reason = fields.CharEnumField(UnsubscribeReason, null=True, max_length=20)
    recipient_comment = fields.TextField(default="", db_default="")

    class Meta:
        table = "suppression_change"
        indexes = (("suppression_id", "id"),)
