"""Events get a position, which ascends in the order of commits as far as readers can tell, and an actor.

Ids ascend in the order of writing, but transactions commit in another order. On PostgreSQL a sequence gives positions,
and each writing transaction holds an advisory lock that bounds the positions that it may take; see
store/events/event_order.py. SQLite has one writer at a time, which counts in a table of one row.

Events of earlier releases have position 0: among them the order of ids stays. The list of events has the order of
positions, so its index takes the place of the one by ids.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

async def keep_order(apps: Any, editor: Any) -> None:
    postgres = editor.client.capabilities.dialect == "postgres"
    statements = ["CREATE TABLE IF NOT EXISTS event_position (id INTEGER PRIMARY KEY, last BIGINT NOT NULL)"]
    if postgres:
        # The first position is 2: a sequence that was never called says 1 as well as one that was called once.
        statements = ["CREATE SEQUENCE IF NOT EXISTS event_position AS BIGINT", "SELECT setval('event_position', 1)"]
    order = 'id COLLATE "C"' if postgres else "id"
    statements += [
        "DROP INDEX IF EXISTS event_listed",
        f"CREATE INDEX event_listed ON event (workspace_id, position, {order})",
    ]
    for statement in statements:
        await editor.client.execute_script(statement)


class KeepOrder(ops.RunPython):
    """Positions from now on, and the index of the list."""

    undo = "DROP INDEX event_listed"

    def __init__(self) -> None:
        super().__init__(keep_order)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0046_one_off_emails")]
    initial = False

    operations = [
        ops.AddField("Event", "position", fields.BigIntField(default=0, db_default=0)),
        ops.AddField("Event", "actor", fields.CharField(null=True, max_length=250)),
        KeepOrder(),
    ]
