"""Test emails, which users send to themselves."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class CreateTable(ops.CreateModel):
    undo = "DROP TABLE test_email"


def _reference(model: str) -> Any:
    return fields.ForeignKeyField(
        f"touchline.{model}",
        source_field=f"{model.lower()}_id",
        db_constraint=True,
        to_field="id",
        on_delete=OnDelete.CASCADE,
    )


class Migration(migrations.Migration):
    dependencies = [("touchline", "0050_groups")]
    initial = False

    operations = [
        CreateTable(
            name="TestEmail",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("workspace", _reference("Workspace")),
                ("sender", _reference("Sender")),
                ("recipient", fields.CharField(max_length=320)),
                ("outcome", fields.CharField(null=True, max_length=20)),
                ("reason", fields.CharField(null=True, max_length=64)),
                ("detail", fields.TextField(default="", unique=False)),
                ("at", fields.DatetimeField()),
            ],
            options={
                "table": "test_email",
                "app": "touchline",
                "indexes": [("workspace_id", "at")],
                "pk_attr": "id",
                "table_description": "Test emails, which users send to themselves.",
            },
            bases=["WorkspaceRow"],
        ),
    ]
