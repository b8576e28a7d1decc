"""The audience of a launch is stored before the launch, so it no longer refers to one."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

STATEMENTS = {
    "postgres": ("ALTER TABLE launch_audience DROP CONSTRAINT IF EXISTS launch_audience_launch_id_fkey",),
    # SQLite cannot drop a foreign key: this makes a new table of the same rows. No other table refers to it.
    "sqlite": (
        "CREATE TABLE new_audience (launch_id VARCHAR(40) NOT NULL, position INT NOT NULL,"
        " person_id VARCHAR(200) NOT NULL, PRIMARY KEY (launch_id, position))",
        "INSERT INTO new_audience SELECT launch_id, position, person_id FROM launch_audience",
        "DROP TABLE launch_audience",
        "ALTER TABLE new_audience RENAME TO launch_audience",
    ),
}


async def drop_reference(apps: Any, editor: Any) -> None:
    for statement in STATEMENTS[editor.client.capabilities.dialect]:
        await editor.client.execute_script(statement)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0030_mailboxes")]
    initial = False

    operations = [ops.RunPython(drop_reference)]
