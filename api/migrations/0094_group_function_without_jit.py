"""Commit groups of emails without the just-in-time compiler of PostgreSQL.

Events take their position from a sequence, which PostgreSQL can only scan. Before PostgreSQL 18, ``enable_seqscan``
adds so much to the cost of that scan that each group would be compiled anew, for a multiple of the time that it takes.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

FUNCTION = "commit_email_group"


class SetFunction(ops.RunPython):
    """The setting of the function. SQLite has no functions."""

    def __init__(self) -> None:
        super().__init__(self._set, self._reset)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statements that undo the setting."""
        return [f"ALTER FUNCTION {FUNCTION} RESET jit"] if postgres else []

    @staticmethod
    async def _set(apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            await editor.client.execute_script(f"ALTER FUNCTION {FUNCTION} SET jit = off")

    @classmethod
    async def _reset(cls, apps: Any, editor: Any) -> None:
        for statement in cls.undo(editor.client.capabilities.dialect == "postgres"):
            await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0093_email_group_function")]
    initial = False

    operations = [SetFunction()]
