"""Columns that several tables have."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


def varchar(length: int = 40, **options: Any) -> Any:
    """Return a VARCHAR column of up to ``length`` characters."""
    return fields.CharField(max_length=length, **options)


def workspace_key(**options: Any) -> Any:
    """Return the foreign key to the workspace."""
    return fields.ForeignKeyField("touchline.Workspace", **options)


class WorkspaceRow(Model):
    """A row that belongs to a workspace."""

    id = varchar(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str

    class Meta:
        abstract = True


class PersonRow(WorkspaceRow):
    """A row about one person."""

    person: Any = fields.ForeignKeyField("touchline.Person", on_delete=fields.RESTRICT)
    person_id: str
    sandbox = fields.BooleanField(default=False)

    class Meta:
        abstract = True


class StepRow(PersonRow):
    """An email or a task: one step of a campaign for one person. Outside campaigns, both columns are null."""

    enrollment: Any = fields.ForeignKeyField("touchline.Enrollment", null=True, on_delete=fields.RESTRICT)
    enrollment_id: str | None
    step: Any = fields.ForeignKeyField("touchline.Step", null=True, on_delete=fields.RESTRICT)
    step_id: str | None

    class Meta:
        abstract = True
