"""Events of emails name their campaign, and the list of events has an index for each filter.

Launching and dispatch write events for each person, so the indexes of kinds leave out the most frequent ones.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

RARE = "kind NOT IN ('CAMPAIGN_LAUNCHED', 'CAMPAIGN_FINISHED', 'EMAIL_SENT', 'TASK_CREATED')"
INDEXES = {
    "event_person": "event (person_id, position, id{bytes}) WHERE person_id IS NOT NULL",
    "event_campaign": "event (campaign_id, position, id{bytes}) WHERE campaign_id IS NOT NULL",
    "event_campaign_kind": f"event (campaign_id, kind, position, id{{bytes}}) WHERE campaign_id IS NOT NULL AND {RARE}",
    "event_kind": f"event (workspace_id, kind, position, id{{bytes}}) WHERE {RARE}",
}


class CreateIndex(ops.RunPython):
    """An index whose texts are in the order of bytes, as cursors need it."""

    def __init__(self, name: str, columns: str) -> None:
        self.undo = f"DROP INDEX {name}"

        async def create(apps: Any, editor: Any) -> None:
            order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
            await editor.client.execute_script(f"CREATE INDEX {name} ON {columns.format(bytes=order)}")

        super().__init__(create)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0052_command_center")]
    initial = False

    operations = [
        ops.RunSQL(
            sql="UPDATE event SET campaign_id = (SELECT campaign_id FROM enrollment WHERE enrollment.id = enrollment_id)"
            " WHERE campaign_id IS NULL AND enrollment_id IS NOT NULL",
            reverse_sql="UPDATE event SET campaign_id = campaign_id",
        ),
        *(CreateIndex(name, columns) for name, columns in INDEXES.items()),
    ]
