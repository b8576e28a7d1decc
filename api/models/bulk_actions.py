"""Actions on many emails or tasks at once."""

from typing import Any

from tortoise import fields

from api.command_center import BulkActionKind, BulkActionStatus
from api.models.columns import WorkspaceRow, varchar


class BulkAction(WorkspaceRow):
    """A bulk action in the background, and its progress.

    The table ``bulk_item`` has the ids of its items, numbered from 1 (see store/bulk_actions.py).
    """

    kind = fields.CharEnumField(BulkActionKind, max_length=30)
    arguments: Any = fields.JSONField(default=dict)
    status = fields.CharEnumField(BulkActionStatus, default=BulkActionStatus.RUNNING, max_length=20)
    total = fields.IntField()
    processed = fields.IntField(default=0)
    done = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    problem = fields.TextField(null=True)

    class Meta:
        table = "bulk_action"


class BulkRefusal(WorkspaceRow):
    """An item that a bulk action did not change, and why."""

    bulk_action: Any = fields.ForeignKeyField("touchline.BulkAction", on_delete=fields.CASCADE)
    bulk_action_id: str
    item_id = varchar(200)
    code = varchar(64)
    message = fields.TextField()
    path: Any = fields.JSONField(default=list)

    class Meta:
        table = "bulk_refusal"
