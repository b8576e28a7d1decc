"""Filters that users save under a name."""

from typing import Any

from tortoise import fields

from api.command_center import SavedFilterKind
from api.models.columns import WorkspaceRow, varchar


class SavedFilter(WorkspaceRow):
    """A named filter of a list. ``conditions`` are the input of GraphQL as JSON, which is checked again at each use."""

    name = varchar(100)
    kind = fields.CharEnumField(SavedFilterKind, max_length=20)
    conditions: Any = fields.JSONField(default=dict)
    created_at = fields.DatetimeField()

    class Meta:
        table = "saved_filter"
        unique_together = (("workspace_id", "kind", "name"),)
