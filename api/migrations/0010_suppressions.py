"""Unsubscribing hangs on the address: who had unsubscribed is carried over, and the person's own column goes.

The index finds a person's enrollments, which ending them and launching again ask for.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from api.states import SuppressionChangeKind, SuppressionSource

WHY = "Unsubscribed before addresses were recorded; carried over from the person."
CARRY_OVER = (
    "INSERT INTO suppression (id, workspace_id, email, email_key, unsubscribed_at, source, reason)"
    " SELECT 'sup' || substr(id, 4), workspace_id, email, email_key, unsubscribed_at, 'UPGRADE', '{why}'"
    " FROM person WHERE unsubscribed_at IS NOT NULL",
    "INSERT INTO suppression_change (id, workspace_id, suppression_id, kind, at, source, reason, actor)"
    " SELECT 'chg' || substr(id, 4), workspace_id, id, 'UNSUBSCRIBED', unsubscribed_at, 'UPGRADE', '{why}', ''"
    " FROM suppression",
)


async def carry_over(apps: Any, editor: Any) -> None:
    for statement in CARRY_OVER:
        await editor.client.execute_script(statement.format(why=WHY))


class RemoveColumn(ops.RemoveField):
    """Drop a column in place. Tortoise would make a new table on SQLite, and lose the rows that refer to it."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor:
            await state_editor.client.execute_script("ALTER TABLE person DROP COLUMN unsubscribed_at")


def _workspace() -> Any:
    return fields.ForeignKeyField(
        "touchline.Workspace", source_field="workspace_id", db_constraint=True, to_field="id", on_delete=OnDelete.CASCADE
    )


class Migration(migrations.Migration):
    dependencies = [("touchline", "0009_rep_texts")]
    initial = False

    operations = [
        ops.CreateModel(
            name="Suppression",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("workspace", _workspace()),
                ("email", fields.CharField(max_length=320)),
                ("email_key", fields.CharField(max_length=320)),
                ("unsubscribed_at", fields.DatetimeField(null=True)),
                ("source", fields.CharEnumField(enum_type=SuppressionSource, max_length=20)),
                ("reason", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "suppression",
                "app": "touchline",
                "unique_together": (("workspace_id", "email_key"),),
                "pk_attr": "id",
                "table_description": "An address that has unsubscribed from a workspace, whoever has it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SuppressionChange",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("workspace", _workspace()),
                (
                    "suppression",
                    fields.ForeignKeyField(
                        "touchline.Suppression",
                        source_field="suppression_id",
                        db_constraint=True,
                        to_field="id",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharEnumField(enum_type=SuppressionChangeKind, max_length=20)),
                ("at", fields.DatetimeField()),
                ("source", fields.CharEnumField(enum_type=SuppressionSource, max_length=20)),
                ("reason", fields.TextField(default="", unique=False)),
                ("actor", fields.CharField(default="", max_length=200)),
            ],
            options={
                "table": "suppression_change",
                "app": "touchline",
                "indexes": [Index(fields=["suppression_id", "id"])],
                "pk_attr": "id",
                "table_description": "One change of a suppression: the address has unsubscribed, or may be written to.",
            },
            bases=["Model"],
        ),
        ops.RunPython(carry_over),
        RemoveColumn("Person", "unsubscribed_at"),
        ops.AddField("Send", "recipient", fields.CharField(null=True, max_length=320)),
        ops.AddField("PeopleImport", "suppressed", fields.IntField(default=0, db_default=0)),
        ops.RunSQL(
            sql="CREATE INDEX enrollment_person ON enrollment (person_id, campaign_id)",
            reverse_sql="DROP INDEX enrollment_person",
        ),
    ]
