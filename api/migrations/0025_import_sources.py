"""The file of a running import moves to a table of its own, in pieces.

Each chunk of an import updates its progress. On SQLite that rewrote the row with the file in it, up to 50 MB.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLE = (
    "CREATE TABLE import_source (people_import_id VARCHAR(40) NOT NULL REFERENCES people_import (id) ON DELETE CASCADE,"
    " position INT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (people_import_id, position))"
)
# Imports that are under way keep their file, as one piece.
MOVE = "INSERT INTO import_source SELECT id, 1, source FROM people_import WHERE source <> ''"
# Only tests move back; their files have one piece.
MOVE_BACK = (
    "UPDATE people_import SET source = coalesce((SELECT text FROM import_source"
    " WHERE people_import_id = people_import.id AND position = 1), '')"
)


class CreateSources(ops.RunSQL):
    undo = "DROP TABLE import_source"


class MoveSources(ops.RunSQL):
    undo = MOVE_BACK


class RemoveSource(ops.RemoveField):
    """Drop the column in place. Tortoise would make a new table on SQLite, and lose the rows that refer to it."""

    undo = "ALTER TABLE people_import ADD COLUMN source TEXT NOT NULL DEFAULT ''"

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        if state_editor:
            await state_editor.client.execute_script("ALTER TABLE people_import DROP COLUMN source")


class Migration(migrations.Migration):
    dependencies = [("touchline", "0024_expiry")]
    initial = False

    operations = [
        CreateSources(sql=TABLE, reverse_sql="DROP TABLE import_source"),
        MoveSources(sql=MOVE, reverse_sql=MOVE_BACK),
        RemoveSource("PeopleImport", "source"),
    ]
