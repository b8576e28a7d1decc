"""Indexes for the filters and orders of people and emails.

The indexes of emails have the status and whether it is archived before the date, so that a page of a folder reads no
other rows. Lists of emails are no longer in the order of ids. Emails on their way are not in these indexes: each change
of a status writes to every index that has the row, and there are few of them, which another index has.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

DUE = "status, archived, due_at, id{bytes}"
AT_REST = "status NOT IN ('CLAIMED', 'TRANSMITTING')"
INDEXES = {
    "send_due": f"send (workspace_id, {DUE}) WHERE {AT_REST}",
    "send_sent": "send (workspace_id, status, archived, sent_at, id{bytes}) WHERE sent_at IS NOT NULL",
    "send_step": f"send (step_id, {DUE}) WHERE {AT_REST}",
    "send_sender": f"send (sender_id, {DUE}) WHERE {AT_REST}",
    "send_reason": "send (workspace_id, reason, due_at, id{bytes}) WHERE reason IS NOT NULL",
    "person_first_name": "person (workspace_id, lower(first_name{bytes}), id{bytes})",
    "person_last_name": "person (workspace_id, lower(last_name{bytes}), id{bytes})",
    "person_company": "person (workspace_id, lower(company{bytes}), id{bytes})",
}
REPLACED = ("send_folder", "send_listed")


class CreateIndex(ops.RunPython):
    """An index whose texts are in the order of bytes, as cursors need it."""

    def __init__(self, name: str, columns: str) -> None:
        self.undo = f"DROP INDEX {name}"

        async def create(apps: Any, editor: Any) -> None:
            order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
            await editor.client.execute_script(f"CREATE INDEX {name} ON {columns.format(bytes=order)}")

        super().__init__(create)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0037_drafts")]
    initial = False

    operations = [
        *(CreateIndex(name, columns) for name, columns in INDEXES.items()),
        *(ops.RunSQL(sql=f"DROP INDEX IF EXISTS {name}") for name in REPLACED),
    ]
