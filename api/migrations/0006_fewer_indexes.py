"""Every row that is written pays for each index: those go that a longer one of the same table begins with as well.

On PostgreSQL, an event no longer locks its workspace's row, one of which all senders' events share.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

REDUNDANT = {
    "idx_event_workspa_fa0a02": "event",
    "idx_send_workspa_230502": "send",
    "idx_task_workspa_999b28": "task",
    "idx_person_workspa_7e3f9b": "person",
}


async def unlock(apps: Any, editor: Any) -> None:
    if editor.client.capabilities.dialect != "postgres":
        return  # SQLite has one writer at a time
    constraints = await editor.client.execute_query_dict(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'event'::regclass AND contype = 'f'"
    )
    for constraint in constraints:
        await editor.client.execute_script(f'ALTER TABLE event DROP CONSTRAINT "{constraint["conname"]}"')


class Migration(migrations.Migration):
    dependencies = [("touchline", "0005_pauses")]
    initial = False

    operations = [
        *(
            ops.RunSQL(sql=f'DROP INDEX "{index}"', reverse_sql=f'CREATE INDEX "{index}" ON "{table}" (workspace_id)')
            for index, table in REDUNDANT.items()
        ),
        ops.RunPython(unlock),
    ]
