"""The steps that use a template are found by an index."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops


async def create_index(apps: Any, editor: Any) -> None:
    order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
    await editor.client.execute_script(
        f"CREATE INDEX step_template ON step (template_id, id{order}) WHERE removed_at IS NULL"
    )


class CreateIndex(ops.RunPython):
    undo = "DROP INDEX step_template"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0048_own_messages")]
    initial = False

    operations = [CreateIndex(create_index)]
