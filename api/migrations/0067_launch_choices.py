"""A background launch stores the choices for single people: their send time, their times of day and their sender."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops


async def create_choices(apps: Any, editor: Any) -> None:
    postgres = editor.client.capabilities.dialect == "postgres"
    instant, document = ("TIMESTAMPTZ", "JSONB") if postgres else ("TIMESTAMP", "JSON")
    await editor.client.execute_script(
        "CREATE TABLE launch_choice (launch_id VARCHAR(40) NOT NULL REFERENCES launch (id) ON DELETE CASCADE,"
        f" person_id VARCHAR(40) NOT NULL, send_at {instant}, times {document} NOT NULL,"
        " sender_id VARCHAR(40) NOT NULL, PRIMARY KEY (launch_id, person_id))"
    )


class CreateChoices(ops.RunPython):
    undo = "DROP TABLE launch_choice"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0066_crm_opt_out_times")]
    initial = False

    operations = [CreateChoices(create_choices)]
