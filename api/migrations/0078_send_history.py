"""The history that send options can read: what became of a workspace's emails, by hour of the week."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = (
    "CREATE TABLE send_history (id VARCHAR(40) NOT NULL PRIMARY KEY, workspace_id VARCHAR(40) NOT NULL"
    " REFERENCES workspace (id) ON DELETE CASCADE, counted_at {instant} NOT NULL, checked_at {instant} NOT NULL,"
    " counts TEXT NOT NULL, UNIQUE (workspace_id, counted_at))"
)


async def create(apps: Any, editor: Any) -> None:
    instant = "TIMESTAMPTZ" if editor.client.capabilities.dialect == "postgres" else "TIMESTAMP"
    await editor.client.execute_script(TABLE.format(instant=instant))


class CreateSendHistory(ops.RunPython):
    undo = "DROP TABLE send_history"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0077_allowed_times")]
    initial = False

    operations = [CreateSendHistory(create)]
