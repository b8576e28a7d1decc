"""A table for the place of the database, so that Touchline recognizes a restored backup."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


class Migration(migrations.Migration):
    dependencies = [("touchline", "0091_replies_without_message_id")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE database_home",
            name="DatabaseHome",
            fields=[
                ("id", fields.IntField(primary_key=True, unique=True, db_index=True, generated=False)),
                ("place", fields.CharField(max_length=100)),
                ("timeline", fields.IntField(null=True)),
            ],
            options={"table": "database_home", "app": "touchline", "pk_attr": "id"},
            bases=["Model"],
        )
    ]
