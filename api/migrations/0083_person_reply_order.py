"""The index of people by their last reply has the ids in the order of their bytes, as PostgreSQL needs it for pages."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops


class RecreateIndex(ops.RunPython):
    """The index with ids in another order. SQLite compares bytes in any case."""

    def __init__(self) -> None:
        super().__init__(self._create, self._restore)

    def undo(self, postgres: bool) -> list[str]:
        """Return the statements that restore the earlier index."""
        return _statements("id")

    async def _create(self, apps: Any, editor: Any) -> None:
        is_postgres = editor.client.capabilities.dialect == "postgres"
        await _run(editor, _statements('id COLLATE "C"' if is_postgres else "id"))

    async def _restore(self, apps: Any, editor: Any) -> None:
        await _run(editor, _statements("id"))


def _statements(order: str) -> list[str]:
    columns = f"(workspace_id, replied_at, {order})"
    return [
        "DROP INDEX person_replied",
        f"CREATE INDEX person_replied ON person {columns} WHERE replied_at IS NOT NULL",
    ]


async def _run(editor: Any, statements: list[str]) -> None:
    for each in statements:
        await editor.client.execute_script(each)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0082_token_roles")]
    initial = False

    operations = [RecreateIndex()]
