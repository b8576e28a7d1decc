"""Addresses are compared by mailbox: keys are computed again, and senders get one.

Whatever was suppressed stays so; api/store/people/address_upgrade.py says how, and reports what an operator should look at.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from api.clock import system_clock
from api.store.people import address_upgrade
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute

COLUMN = "email_key"


class AddFieldOnce(ops.AddField):
    """Add a column unless it is there: a process killed behind the commit has not noted that this was applied."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor and not await _has_column():
            await super().database_forward(app_label, old_state, new_state, state_editor)


async def _has_column() -> bool:
    found = (
        "SELECT 1 AS found FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND table_name = 'sender' AND column_name = $1"
        if is_postgres()
        else "SELECT 1 AS found FROM pragma_table_info('sender') WHERE name = $1"
    )
    return bool(await execute(found, COLUMN))


async def compute_keys(apps: Any, editor: Any) -> None:
    await address_upgrade.compute_suppressions()
    await address_upgrade.compute_people(system_clock())
    await address_upgrade.keep_recipients()
    await address_upgrade.compute_senders()


class Migration(migrations.Migration):
    dependencies = [("touchline", "0017_launched_revisions")]
    initial = False

    operations = [
        AddFieldOnce("Sender", COLUMN, fields.CharField(max_length=320, default="", db_default="")),
        ops.RunSQL(
            sql="CREATE INDEX IF NOT EXISTS sender_email_key ON sender (workspace_id, email_key)",
            reverse_sql="DROP INDEX sender_email_key",
        ),
        ops.RunPython(compute_keys),
    ]
