"""Bulk actions, saved filters, and tasks about an email."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from api.command_center import BulkActionKind, BulkActionStatus

ITEMS = (
    "CREATE TABLE bulk_item (bulk_action_id VARCHAR(40) NOT NULL REFERENCES bulk_action (id) ON DELETE CASCADE,"
    " position INT NOT NULL, item_id VARCHAR(200) NOT NULL, PRIMARY KEY (bulk_action_id, position))"
)
INDEXES = {
    "bulk_action_list": "bulk_action (workspace_id, id{bytes})",
    "bulk_refusal_list": "bulk_refusal (bulk_action_id, id{bytes})",
    "saved_filter_list": "saved_filter (workspace_id, id{bytes})",
}


class CreateItems(ops.RunSQL):
    undo = "DROP TABLE bulk_item"


class CreateTable(ops.CreateModel):
    def __init__(self, undo: str, **values: Any) -> None:
        super().__init__(**values)
        self.undo = undo


class CreateIndex(ops.RunPython):
    """An index whose texts are in the order of bytes, as cursors need it."""

    def __init__(self, name: str, columns: str) -> None:
        self.undo = f"DROP INDEX {name}"

        async def create(apps: Any, editor: Any) -> None:
            order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
            await editor.client.execute_script(f"CREATE INDEX {name} ON {columns.format(bytes=order)}")

        super().__init__(create)


def identifier() -> Any:
    return ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40))


def parent(name: str, model: str) -> Any:
    return (
        name,
        fields.ForeignKeyField(
            f"touchline.{model}", source_field=f"{name}_id", db_constraint=True, to_field="id",
            on_delete=OnDelete.CASCADE,
        ),
    )  # fmt: skip


def options(table: str, description: str, **more: Any) -> dict[str, Any]:
    return {"table": table, "app": "touchline", "pk_attr": "id", "table_description": description, **more}


class Migration(migrations.Migration):
    dependencies = [("touchline", "0041_reports")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE bulk_action",
            name="BulkAction",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                ("kind", fields.CharEnumField(enum_type=BulkActionKind, max_length=30)),
                ("arguments", fields.JSONField(default=dict)),
                (
                    "status",
                    fields.CharEnumField(
                        default=BulkActionStatus.RUNNING, enum_type=BulkActionStatus, max_length=20
                    ),
                ),
                ("total", fields.IntField()),
                ("processed", fields.IntField(default=0)),
                ("done", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField()),
                ("finished_at", fields.DatetimeField(null=True)),
                ("problem", fields.TextField(null=True, unique=False)),
            ],
            options=options("bulk_action", "A bulk action in the background, and its progress."),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE bulk_refusal",
            name="BulkRefusal",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                parent("bulk_action", "BulkAction"),
                ("item_id", fields.CharField(max_length=200)),
                ("code", fields.CharField(max_length=64)),
                ("message", fields.TextField(unique=False)),
                ("path", fields.JSONField(default=list)),
            ],
            options=options("bulk_refusal", "An item that a bulk action did not change, and why."),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE saved_filter",
            name="SavedFilter",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                ("name", fields.CharField(max_length=100)),
                ("kind", fields.CharField(max_length=20)),
                ("conditions", fields.JSONField(default=dict)),
                ("created_at", fields.DatetimeField()),
            ],
            options=options(
                "saved_filter", "A named filter of a list.", unique_together=(("workspace_id", "kind", "name"),)
            ),
            bases=["WorkspaceRow"],
        ),
        CreateItems(sql=ITEMS, reverse_sql="DROP TABLE bulk_item"),
        ops.AddField("Task", "about_send_id", fields.CharField(null=True, max_length=40)),
        *(CreateIndex(name, columns) for name, columns in INDEXES.items()),
    ]
