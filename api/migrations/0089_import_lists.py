"""The imports of a workspace have an index in the order of their ids, for the list of imports."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops


class CreateIndex(ops.RunPython):
    """The index. PostgreSQL compares ids in the order of their bytes, as SQLite does in any case."""

    def __init__(self) -> None:
        super().__init__(self._create, self._drop)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statement that drops the index."""
        return ["DROP INDEX people_import_listed"]

    @staticmethod
    async def _create(apps: Any, editor: Any) -> None:
        order = 'id COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else "id"
        await editor.client.execute_script(
            f"CREATE INDEX people_import_listed ON people_import (workspace_id, {order})"
        )

    @classmethod
    async def _drop(cls, apps: Any, editor: Any) -> None:
        for statement in cls.undo(editor.client.capabilities.dialect == "postgres"):
            await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0088_list_indexes_without_duplicates")]
    initial = False

    operations = [CreateIndex()]
