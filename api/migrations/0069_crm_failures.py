"""Failed writes to a CRM are listed by category, and people are imported from a CRM."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

INDEXES = {
    "crm_change_category": "crm_change (workspace_id, category, failed_at, id{bytes}) WHERE failed_at IS NOT NULL",
    "crm_change_object": "crm_change (workspace_id, object_id)",
}
ROWS = (
    "CREATE TABLE crm_import_row (people_import_id VARCHAR(40) NOT NULL REFERENCES people_import (id) ON DELETE CASCADE,"
    " row INT NOT NULL, remote_id VARCHAR(100) NOT NULL, kind VARCHAR(20) NOT NULL, account_id VARCHAR(100),"
    " email_key VARCHAR(320) NOT NULL, url VARCHAR(500) NOT NULL, opted_out BOOLEAN NOT NULL,"
    " PRIMARY KEY (people_import_id, row))"
)


class CreateRows(ops.RunSQL):
    undo = "DROP TABLE crm_import_row"


class CreateIndex(ops.RunPython):
    """An index whose texts are in the order of bytes, as cursors need it."""

    def __init__(self, name: str, columns: str) -> None:
        self.undo = f"DROP INDEX {name}"

        async def create(apps: Any, editor: Any) -> None:
            order = ' COLLATE "C"' if editor.client.capabilities.dialect == "postgres" else ""
            await editor.client.execute_script(f"CREATE INDEX {name} ON {columns.format(bytes=order)}")

        super().__init__(create)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0068_imported_people")]
    initial = False

    operations = [
        CreateRows(sql=ROWS, reverse_sql=CreateRows.undo),
        ops.AddField("PeopleImport", "crm_source", fields.JSONField(null=True)),
        *(CreateIndex(name, columns) for name, columns in INDEXES.items()),
    ]
