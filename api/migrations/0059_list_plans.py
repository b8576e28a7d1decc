"""Emails of a campaign and a sender, or with a reason and a status, have an index; so do people who are not erased.

A count of people reads the index alone, because it no longer looks up whether each person was erased.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

DUE = "status, archived, due_at, id{bytes}"
AT_REST = "status NOT IN ('CLAIMED', 'TRANSMITTING')"
PRESENT = "WHERE erased_at IS NULL"
PEOPLE = {
    "person_listed": "person (workspace_id, id{bytes})",
    "person_company": "person (workspace_id, lower(company{bytes}), id{bytes})",
}
BEFORE = PEOPLE | {"send_reason": "send (workspace_id, reason, due_at, id{bytes}) WHERE reason IS NOT NULL"}
AFTER = {name: f"{columns} {PRESENT}" for name, columns in PEOPLE.items()} | {
    "send_reason": f"send (workspace_id, reason, {DUE}) WHERE reason IS NOT NULL AND {AT_REST}",
    "send_step_sender": f"send (step_id, sender_id, {DUE}) WHERE {AT_REST}",
}


class ReplaceIndex(ops.RunPython):
    """An index in place of another one of its name. Its texts are in the order of bytes, as cursors need it."""

    def __init__(self, name: str, before: str | None, after: str) -> None:
        self.name, self.before, self.after = name, before, after
        super().__init__(self._change(after), self._change(before))

    def undo(self, postgres: bool) -> list[str]:
        """Return the statements that bring the index before this migration back."""
        return self._statements(self.before, postgres)

    def _change(self, columns: str | None) -> Any:
        async def change(apps: Any, editor: Any) -> None:
            for statement in self._statements(columns, editor.client.capabilities.dialect == "postgres"):
                await editor.client.execute_script(statement)

        return change

    def _statements(self, columns: str | None, postgres: bool) -> list[str]:
        order = ' COLLATE "C"' if postgres else ""
        drop = f"DROP INDEX IF EXISTS {self.name}"
        return [drop] if columns is None else [drop, f"CREATE INDEX {self.name} ON {columns.format(bytes=order)}"]


class Migration(migrations.Migration):
    dependencies = [("touchline", "0058_crm_sync")]
    initial = False

    operations = [ReplaceIndex(name, BEFORE.get(name), columns) for name, columns in AFTER.items()]
