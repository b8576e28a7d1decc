"""The keys of requests that clients may repeat."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


class Migration(migrations.Migration):
    dependencies = [("touchline", "0033_hand_tasks")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE request_key",
            name="RequestKey",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                (
                    "workspace",
                    fields.ForeignKeyField(
                        "touchline.Workspace", source_field="workspace_id", db_constraint=True, to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("operation", fields.CharField(max_length=40)),
                ("key", fields.CharField(max_length=100)),
                ("digest", fields.CharField(max_length=64)),
                ("result_ids", fields.JSONField()),
                ("created_at", fields.DatetimeField(db_index=True)),
            ],
            options={
                "table": "request_key",
                "app": "touchline",
                "unique_together": (("workspace_id", "operation", "key"),),
                "pk_attr": "id",
                "table_description": "The keys of requests that clients may repeat.",
            },
            bases=["WorkspaceRow"],
        ),
    ]  # fmt: skip
