"""Groups have an index by name, by which they are sorted."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops


class CreateIndex(ops.RunPython):
    """The index of the list. Its texts are in the order of their bytes, as cursors need it."""

    undo = "DROP INDEX people_group_name"

    def __init__(self) -> None:
        super().__init__(self._create, self._drop)

    @staticmethod
    async def _create(apps: Any, editor: Any) -> None:
        order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
        columns = f"(workspace_id, lower(name{order}), id{order})"
        await editor.client.execute_script(f"CREATE INDEX people_group_name ON people_group {columns}")

    @staticmethod
    async def _drop(apps: Any, editor: Any) -> None:
        await editor.client.execute_script(CreateIndex.undo)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0084_trigger_lists")]
    initial = False

    operations = [CreateIndex()]
