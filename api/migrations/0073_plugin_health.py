"""The health of plugins that have failed, so that all processes stop asking one that fails too often."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


class Migration(migrations.Migration):
    dependencies = [("touchline", "0072_missing_options")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE plugin_health",
            name="PluginHealth",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=120)),
                ("package", fields.CharField(max_length=200)),
                ("fault_code", fields.CharField(max_length=64)),
                ("fault_sentence", fields.TextField(unique=False)),
                ("fault_at", fields.DatetimeField()),
                ("faults", fields.IntField(default=0)),
                ("counted_from", fields.DatetimeField(null=True)),
                ("pauses", fields.IntField(default=0)),
                ("paused_until", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "plugin_health",
                "app": "touchline",
                "pk_attr": "id",
                "table_description": "The health of a plugin that has failed.",
            },
            bases=["Model"],
        ),
    ]
