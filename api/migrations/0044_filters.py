"""Indexes for the filters and orders of lists that are not of people and emails."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

NAME = "(workspace_id, lower(name{bytes}), id{bytes})"
INDEXES = {
    "campaign_name": f"campaign {NAME} WHERE deleted_at IS NULL",
    "campaign_category": "campaign (category_id, id{bytes})",
    "campaign_sender": "campaign (sender_id, id{bytes})",
    "template_name": f"template {NAME}",
    "template_category": "template (category_id, id{bytes})",
    "category_name": f"category {NAME}",
    "sender_name": f"sender {NAME}",
    "suppression_dated": (
        "suppression (workspace_id, source, unsubscribed_at, id{bytes}) WHERE unsubscribed_at IS NOT NULL"
    ),
    "launch_status": "launch (workspace_id, status, id{bytes})",
    "left_out_code": "left_out (launch_id, code, id{bytes})",
    "incoming_event_kind": "incoming_event (workspace_id, kind, result, id{bytes}) WHERE workspace_id IS NOT NULL",
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
    dependencies = [("touchline", "0043_sent_contents")]
    initial = False

    operations = [CreateIndex(name, columns) for name, columns in INDEXES.items()]
