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
    # Ascends in the order in which readers can see events; see store/events/event_order.py. 0 in rows of earlier
    # releases.
    position = fields.BigIntField(default=0, db_default=0)
    # The actor, as store/events/event_actor.py writes it; null in rows of earlier releases.
    actor = varchar(250, null=True)

    class Meta:
        table = "event"
