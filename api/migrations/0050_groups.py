"""Groups of people, and the group into which an import puts its people."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

INDEXES = {
    "people_group_list": "people_group (workspace_id, id{bytes})",
    "group_member_list": "group_member (people_group_id, id{bytes})",
    "group_member_person": "group_member (person_id)",
}


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


def parent(name: str, model: str) -> tuple[str, Any]:
    return name, fields.ForeignKeyField(
        f"touchline.{model}", source_field=f"{name}_id", db_constraint=True, to_field="id", on_delete=OnDelete.CASCADE
    )


def identifier() -> tuple[str, Any]:
    return "id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)


def options(table: str, unique: tuple[str, str], description: str) -> dict[str, Any]:
    return {
        "table": table,
        "app": "touchline",
        "unique_together": (unique,),
        "pk_attr": "id",
        "table_description": description,
    }


class Migration(migrations.Migration):
    dependencies = [("touchline", "0049_template_use")]
    initial = False

    operations = [
        CreateTable(
            "DROP TABLE people_group",
            name="PeopleGroup",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                ("name", fields.CharField(max_length=200)),
                ("people", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField()),
            ],
            options=options("people_group", ("workspace_id", "name"), "A group of people."),
            bases=["WorkspaceRow"],
        ),
        CreateTable(
            "DROP TABLE group_member",
            name="GroupMember",
            fields=[
                identifier(),
                parent("workspace", "Workspace"),
                parent("people_group", "PeopleGroup"),
                parent("person", "Person"),
                ("added_at", fields.DatetimeField()),
            ],
            options=options("group_member", ("people_group_id", "person_id"), "One person in one group."),
            bases=["WorkspaceRow"],
        ),
        ops.AddField("PeopleImport", "people_group_id", fields.CharField(null=True, max_length=40)),
        *(CreateIndex(name, columns) for name, columns in INDEXES.items()),
    ]
