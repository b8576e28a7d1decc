"""Templates and categories."""

from typing import Any

from tortoise import fields

from api.models.columns import WorkspaceRow, varchar


class Category(WorkspaceRow):
    """A label that sorts templates and campaigns."""

    name = varchar(200)
    created_at = fields.DatetimeField()

    class Meta:
        table = "category"
        unique_together = (("workspace_id", "name"),)


class Template(WorkspaceRow):
    """The content of an email, with dynamic fields.

    ``transactional``: its emails also go to addresses that have unsubscribed.
    """

    category: Any = fields.ForeignKeyField("touchline.Category", null=True, on_delete=fields.SET_NULL)
    category_id: str | None
    name = varchar(200)
    subject = fields.TextField(default="")
    html = fields.TextField(default="")
    text = fields.TextField(null=True)
    transactional = fields.BooleanField(default=False, db_default=False)
    archived_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1, db_default=1)
    created_at = fields.DatetimeField()

    class Meta:
        table = "template"
