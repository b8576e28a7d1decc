"""The draft of a task's email has a version, and the time at which it was saved."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


async def add_saved_at(apps: Any, editor: Any) -> None:
    instant = "TIMESTAMPTZ" if editor.client.capabilities.dialect == "postgres" else "TIMESTAMP"
    await editor.client.execute_script(f"ALTER TABLE written_email ADD COLUMN saved_at {instant}")


class AddSavedAt(ops.RunPython):
    undo = "ALTER TABLE written_email DROP COLUMN saved_at"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0036_authoring")]
    initial = False

    operations = [
        ops.AddField("Task", "draft_version", fields.IntField(default=0, db_default=0)),
        AddSavedAt(add_saved_at),
    ]
