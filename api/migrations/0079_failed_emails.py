"""Emails have the time at which they failed last, by which they are sorted.

An email that failed without an event has failed because its person was erased, or with its last attempt.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class CreateIndex(ops.RunPython):
    """The index of the list. Its ids are in the order of their bytes, as cursors need it."""

    undo = "DROP INDEX send_failed"

    def __init__(self) -> None:
        super().__init__(self._create, self._drop)

    @staticmethod
    async def _create(apps: Any, editor: Any) -> None:
        order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
        await editor.client.execute_script(
            f"CREATE INDEX send_failed ON send (workspace_id, status, archived, failed_at, id{order})"
            " WHERE failed_at IS NOT NULL"
        )

    @staticmethod
    async def _drop(apps: Any, editor: Any) -> None:
        await editor.client.execute_script(CreateIndex.undo)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0078_send_history")]
    initial = False

    operations = [
        ops.AddField("Send", "failed_at", fields.DatetimeField(null=True)),
        ops.RunSQL(
            sql="UPDATE send SET failed_at = coalesce((SELECT max(event.at) FROM event"
            " WHERE event.person_id = send.person_id AND event.kind = 'EMAIL_FAILED' AND event.send_id = send.id),"
            " (SELECT erased_at FROM person WHERE person.id = send.person_id), due_at) WHERE status = 'FAILED'",
            reverse_sql="UPDATE send SET failed_at = NULL",
        ),
        CreateIndex(),
    ]
