"""The people of a group, of an import, who bounced and who replied have indexes in the order of their ids.

The index of groups takes the place of the constraint, whose index has the ids in the order of the database's locale.
On SQLite the constraint and the primary key of imports have the order of bytes already.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

ONCE = "uid_group_membe_people__949e95"
BYTES = ' COLLATE "C"'
POSTGRES_INDEXES = [
    f"ALTER TABLE group_member DROP CONSTRAINT {ONCE}",
    f"CREATE UNIQUE INDEX group_member_once ON group_member (people_group_id, person_id{BYTES})",
    f"CREATE INDEX imported_person_listed ON imported_person (people_import_id, person_id{BYTES})",
]
POSTGRES_UNDO = [
    "DROP INDEX imported_person_listed",
    "DROP INDEX group_member_once",
    f"ALTER TABLE group_member ADD CONSTRAINT {ONCE} UNIQUE (people_group_id, person_id)",
]


class CreateIndexes(ops.RunPython):
    """The indexes of both databases, and those of PostgreSQL."""

    def __init__(self) -> None:
        super().__init__(self._create, self._restore)

    def undo(self, postgres: bool) -> list[str]:
        """Return the statements that restore the earlier indexes."""
        return [
            "DROP INDEX person_replied_listed",
            "DROP INDEX person_bounced",
            "CREATE INDEX person_bounced ON person (workspace_id) WHERE bounced_at IS NOT NULL",
            *(POSTGRES_UNDO if postgres else []),
        ]

    async def _create(self, apps: Any, editor: Any) -> None:
        postgres = _is_postgres(editor)
        columns, present = f"(workspace_id, id{BYTES if postgres else ''})", "IS NOT NULL AND erased_at IS NULL"
        await _run(
            editor,
            [
                "DROP INDEX person_bounced",
                f"CREATE INDEX person_bounced ON person {columns} WHERE bounced_at {present}",
                f"CREATE INDEX person_replied_listed ON person {columns} WHERE replied_at {present}",
                *(POSTGRES_INDEXES if postgres else []),
            ],
        )

    async def _restore(self, apps: Any, editor: Any) -> None:
        await _run(editor, self.undo(_is_postgres(editor)))


def _is_postgres(editor: Any) -> bool:
    return bool(editor.client.capabilities.dialect == "postgres")


async def _run(editor: Any, statements: list[str]) -> None:
    for each in statements:
        await editor.client.execute_script(each)


class Migration(migrations.Migration):
    dependencies = [("touchline", "0085_group_names")]
    initial = False

    operations = [CreateIndexes()]
