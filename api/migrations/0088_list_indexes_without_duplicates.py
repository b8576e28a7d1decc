"""PostgreSQL does not look for equal keys in the indexes of lists of emails and events: each key ends with the row's id.

Whenever a page of such an index was full, PostgreSQL compared all its entries in order to merge equal ones, and found
none. Only the indexes whose rows dispatch writes are changed. The indexes are not rebuilt, so this takes no time.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEXES = (
    "send_waiting",
    "send_due",
    "send_sent",
    "send_failed",
    "send_reason",
    "send_sender",
    "send_step",
    "send_step_sender",
    "send_one_off",
    "event_listed",
    "event_person",
    "event_campaign",
    "event_campaign_kind",
    "event_kind",
)


class StopMerging(ops.RunPython):
    """Let PostgreSQL no longer merge equal keys of these indexes. SQLite never does."""

    def __init__(self) -> None:
        super().__init__(self._stop, self._resume)

    @staticmethod
    def undo(postgres: bool) -> list[str]:
        """Return the statements that restore the default."""
        return [f"ALTER INDEX {name} RESET (deduplicate_items)" for name in INDEXES] if postgres else []

    @staticmethod
    async def _stop(apps: Any, editor: Any) -> None:
        if editor.client.capabilities.dialect == "postgres":
            for name in INDEXES:
                await editor.client.execute_script(f"ALTER INDEX {name} SET (deduplicate_items = off)")

    @classmethod
    async def _resume(cls, apps: Any, editor: Any) -> None:
        for statement in cls.undo(editor.client.capabilities.dialect == "postgres"):
            await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0087_one_email_trigger")]
    initial = False

    operations = [StopMerging()]
