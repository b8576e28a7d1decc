"""Suppressed addresses, and the history of each."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import NO_OWN_INDEX, key, workspace_key
from api.states import SuppressionChangeKind, SuppressionSource


class Suppression(Model):
    """An address that has unsubscribed from a workspace, independent of the person. ``email_key`` is as in ``Person``.

    ``unsubscribed_at`` is null after the address was resubscribed. The other columns say why it last unsubscribed.
    """

    id = key(primary_key=True)
    workspace: Any = workspace_key(**NO_OWN_INDEX)
    workspace_id: str
    email = key(320)
    email_key = key(320)
    unsubscribed_at = fields.DatetimeField(null=True)
    source = fields.CharEnumField(SuppressionSource, max_length=20)
    reason = fields.TextField(default="")

    class Meta:
        table = "suppression"
        unique_together = (("workspace_id", "email_key"),)


class SuppressionChange(Model):
    """One change of a suppression: the address unsubscribed or was resubscribed."""

    id = key(primary_key=True)
    workspace: Any = workspace_key(**NO_OWN_INDEX)
    workspace_id: str
    suppression: Any = fields.ForeignKeyField("touchline.Suppression", on_delete=fields.CASCADE)
    suppression_id: str
    kind = fields.CharEnumField(SuppressionChangeKind, max_length=20)
    at = fields.DatetimeField()
    source = fields.CharEnumField(SuppressionSource, max_length=20)
    reason = fields.TextField(default="")
    actor = key(200, default="")

    class Meta:
        table = "suppression_change"
        indexes = (("suppression_id", "id"),)
