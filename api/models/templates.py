"""Templates and categories."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from api.models.columns import key, workspace_key


class Category(Model):
    """A label that sorts templates and campaigns."""

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    name = key(200)
    created_at = fields.DatetimeField()

    class Meta:
        table = "category"
        unique_together = (("workspace_id", "name"),)


class Template(Model):
    """The content of an email, with dynamic fields."""

    id = key(primary_key=True)
    workspace: Any = workspace_key()
    workspace_id: str
    category: Any = fields.ForeignKeyField("touchline.Category", null=True, on_delete=fields.SET_NULL)
    category_id: str | None
    name = key(200)
    subject = fields.TextField(default="")
    html = fields.TextField(default="")
    text = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "template"
