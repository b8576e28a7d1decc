"""The keys of requests that clients may repeat."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar


class RequestKey(WorkspaceRow):
    """A request that was carried out under a key of its client. It is stored in the transaction of its changes.

    ``digest`` is that of the input. ``result_ids`` are the ids of the rows that the request created, in the order of
    its answer. ``created_at`` is real time, even in a sandbox.
    """

    operation = varchar(40)
    key = varchar(100)
    digest = varchar(64)
    result_ids: Any = fields.JSONField()
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "request_key"
        unique_together = (("workspace_id", "operation", "key"),)
