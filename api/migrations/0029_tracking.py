"""Campaigns track opens and clicks. Those have tables of their own, so that the table of emails stays small."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from api.states import Tracking

ENGAGEMENT = (
    "CREATE TABLE engagement (id VARCHAR(40) NOT NULL PRIMARY KEY, workspace_id VARCHAR(40) NOT NULL"
    " REFERENCES workspace (id) ON DELETE CASCADE, person_id VARCHAR(40) NOT NULL, opened_at {instant},"
    " open_reported_at {instant}, opens INT NOT NULL DEFAULT 0, machine_opens INT NOT NULL DEFAULT 0,"
    " clicked_at {instant}, clicks INT NOT NULL DEFAULT 0, machine_clicks INT NOT NULL DEFAULT 0)"
)
CLICK = (
    "CREATE TABLE click (id VARCHAR(40) NOT NULL PRIMARY KEY, workspace_id VARCHAR(40) NOT NULL"
    " REFERENCES workspace (id) ON DELETE CASCADE, send_id VARCHAR(40) NOT NULL, url TEXT NOT NULL,"
    " at {instant} NOT NULL, machine VARCHAR(40), reported BOOL NOT NULL DEFAULT false)"
)
CLICK_INDEX = "CREATE INDEX click_email ON click (send_id, at)"


async def create_engagement(apps: Any, editor: Any) -> None:
    await editor.client.execute_script(ENGAGEMENT.format(instant=_instant(editor)))


async def create_click(apps: Any, editor: Any) -> None:
    await editor.client.execute_script(CLICK.format(instant=_instant(editor)))
    await editor.client.execute_script(CLICK_INDEX)


def _instant(editor: Any) -> str:
    return "TIMESTAMPTZ" if editor.client.capabilities.dialect == "postgres" else "TIMESTAMP"


class CreateEngagement(ops.RunPython):
    undo = "DROP TABLE engagement"


class CreateClick(ops.RunPython):
    undo = "DROP TABLE click"


class Migration(migrations.Migration):
    dependencies = [("touchline", "0028_resumes")]
    initial = False

    operations = [
        ops.AddField(
            "Campaign",
            "tracking",
            fields.CharEnumField(Tracking, default=Tracking.OFF, db_default=Tracking.OFF, max_length=20),
        ),
        CreateEngagement(create_engagement),
        CreateClick(create_click),
    ]
