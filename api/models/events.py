"""The Live Feed."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar, workspace_key


class Event(WorkspaceRow):
    """One entry of the Live Feed. It is stored in the same transaction as the change it reports."""

    workspace: Any = workspace_key(db_constraint=False)
    kind = varchar(40)
    at = fields.DatetimeField()
    campaign_id = varchar(null=True)
    person_id = varchar(null=True)
    enrollment_id = varchar(null=True)
    step_id = varchar(null=True)
    send_id = varchar(null=True)
    task_id = varchar(null=True)
    data: Any = fields.JSONField(default=dict)
    # Ascends in the order in which readers can see events; store/events/event_order.py. 0 before it was kept.
    position = fields.BigIntField(default=0, db_default=0)
    # Who did it, as services/feed/actors.py writes it; null before it was kept.
    actor = varchar(250, null=True)

    class Meta:
        table = "event"
