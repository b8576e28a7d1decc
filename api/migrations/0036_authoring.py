"""Campaigns have a status, campaigns and templates a version and an archive, and steps can have content of their own.

``launched_at`` and ``finished_at`` are facts from which the status follows, so that no list counts people.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

STATUS = (
    "CASE WHEN archived_at IS NOT NULL THEN 'ARCHIVED' WHEN ending_at IS NOT NULL THEN 'ENDING'"
    " WHEN paused_at IS NOT NULL AND resume_requested_at IS NULL THEN 'PAUSED' WHEN launched_at IS NULL THEN 'DRAFT'"
    " WHEN finished_at IS NOT NULL THEN 'FINISHED' ELSE 'RUNNING' END"
)
"""As in store/campaigns/campaign_status.py: a database uses the index only for the same expression."""
INDEXES = {
    "campaign_status": "campaign (workspace_id, ({status}), id{bytes}) WHERE deleted_at IS NULL",
    "campaign_unfinished": "campaign (id) WHERE launched_at IS NOT NULL AND finished_at IS NULL",
}


class CreateIndex(ops.RunPython):
    """An index whose texts are in the order of bytes, as cursors need it."""

    def __init__(self, name: str, columns: str) -> None:
        self.undo = f"DROP INDEX {name}"

        async def create(apps: Any, editor: Any) -> None:
            order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
            index = columns.format(status=STATUS, bytes=order)
            await editor.client.execute_script(f"CREATE INDEX {name} ON {index}")

        super().__init__(create)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0035_outside_campaigns")]
    initial = False

    operations = [
        ops.AddField("Campaign", "launched_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "finished_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "archived_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "deleted_at", fields.DatetimeField(null=True)),
        ops.AddField("Campaign", "version", fields.IntField(default=1, db_default=1)),
        ops.AddField("Template", "archived_at", fields.DatetimeField(null=True)),
        ops.AddField("Template", "version", fields.IntField(default=1, db_default=1)),
        ops.AddField("Step", "html", fields.TextField(null=True, unique=False)),
        ops.AddField("Step", "text", fields.TextField(null=True, unique=False)),
        ops.RunSQL(
            sql="UPDATE campaign SET launched_at = (SELECT min(enrollment.launched_at) FROM enrollment"
            " WHERE enrollment.campaign_id = campaign.id)",
            reverse_sql="UPDATE campaign SET launched_at = NULL",
        ),
        *(CreateIndex(name, columns) for name, columns in INDEXES.items()),
    ]
