"""One-off emails store which of their copies have gone out, so that no later attempt repeats them.

The copies of emails that were sent before count as gone out: an earlier release has not stored which were rejected.
"""

import json
from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

COPIES = (
    "SELECT one_off_email.id, cc, bcc, lower(recipient) AS recipient FROM one_off_email"
    " JOIN send ON send.id = one_off_email.id WHERE sent_at IS NOT NULL"
)


class AddReached(ops.RunPython):
    """The addresses that have got a copy, as a list in JSON."""

    undo = "ALTER TABLE one_off_email DROP COLUMN reached"

    def __init__(self) -> None:
        async def add(apps: Any, editor: Any) -> None:
            is_postgres = editor.client.capabilities.dialect == "postgres"
            kind, place = ("JSONB", "$") if is_postgres else ("JSON", "?")
            await editor.client.execute_script(
                f"ALTER TABLE one_off_email ADD COLUMN reached {kind} NOT NULL DEFAULT '[]'"
            )
            update = f"UPDATE one_off_email SET reached = {place}1 WHERE id = {place}2"
            for row in await editor.client.execute_query_dict(COPIES):
                copies = [each for name in ("cc", "bcc") for each in _list(row[name])]
                reached = [each for each in copies if each.lower() != row["recipient"]]
                if reached:
                    await editor.client.execute_query(update, [json.dumps(reached), row["id"]])

        super().__init__(add)


def _list(value: Any) -> list[str]:
    """Return a stored list: PostgreSQL may return it as text too."""
    return json.loads(value) if isinstance(value, str) else list(value)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0055_person_facts")]
    initial = False

    operations = [AddReached()]
