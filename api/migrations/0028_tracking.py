"""Campaigns track opens and clicks. What recipients did has tables of its own, so that the table of emails stays small."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from api.states import Tracking

ENGAGEMENT = (
    "CREATE TABLE engagement (id VARCHAR(40) NOT NULL PRIMARY KEY, workspace_id VARCHAR(40) NOT NULL"
    " REFERENCES workspace (id) ON DELETE CASCADE, person_id VARCHAR(40) NOT NULL, {times},"
    " opens INT NOT NULL DEFAULT 0, machine_opens INT NOT NULL DEFAULT 0, clicks INT NOT NULL DEFAULT 0,"
    " machine_clicks INT NOT NULL DEFAULT 0)"
)
CLICK = (
    "CREATE TABLE click (id VARCHAR(40) NOT NULL PRIMARY KEY, workspace_id VARCHAR(40) NOT NULL"
    " REFERENCES workspace (id) ON DELETE CASCADE, send_id VARCHAR(40) NOT NULL, url TEXT NOT NULL,"
    " at {instant} NOT NULL, machine VARCHAR(40), reported BOOL NOT NULL DEFAULT false)"
)
TIMES = ("opened_at", "open_reported_at", "clicked_at")
INDEXES = ("CREATE INDEX click_email ON click (send_id, at)", "CREATE INDEX engagement_person ON engagement (person_id)")


async def create_tables(apps: Any, editor: Any) -> None:
    postgres = editor.client.capabilities.dialect == "postgres"
    instant = "TIMESTAMPTZ" if postgres else "TIMESTAMP"
    times = ", ".join(f"{name} {instant}" for name in TIMES)
    for statement in (ENGAGEMENT.format(times=times), CLICK.format(instant=instant), *INDEXES):
        await editor.client.execute_script(statement)


class CreateTables(ops.RunPython):
    undo = "DROP TABLE click; DROP TABLE engagement"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0027_unsubscribing")]
    initial = False

    operations = [
        ops.AddField(
            "Campaign",
            "tracking",
            fields.CharEnumField(Tracking, default=Tracking.OFF, db_default=Tracking.OFF, max_length=20),
        ),
        CreateTables(create_tables),
    ]
