"""The migration of the indexes of lists, on populated tables: PostgreSQL merges no keys that end with an id."""

from api.store.emails.email_conditions import EmailFilter
from api.store.emails.email_lists import emails
from api.store.engine.database import is_postgres, migrate
from api.store.engine.listing.listing import Window
from api.store.engine.sql import execute
from benchmarks.populated import Size, populate
from tests.migrations.migrating import before

MIGRATION = "0088_list_indexes_without_duplicates"
OF_LISTS = (
    "SELECT indexrelid::regclass::text AS name, coalesce(reloptions::text, '') LIKE '%deduplicate_items=off%' AS off"
    " FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE indrelid IN ('send'::regclass, 'event'::regclass) AND NOT indisunique"
    " AND pg_get_indexdef(indexrelid, indnkeyatts, true) = 'id'"
)
"""The indexes of emails and events whose last column is the id, and whether PostgreSQL leaves equal keys in them."""


async def off() -> set[bool]:
    rows = await execute(OF_LISTS) if is_postgres() else []
    assert len(rows) >= 14 or not is_postgres()
    return {row["off"] for row in rows}


async def test_lists_are_the_same_after_the_migration(database: str) -> None:
    workspace = await populate(Size(500), "a")

    async def listed() -> list[str]:
        rows, _ = await (await emails(workspace.id, EmailFilter(), None)).page(Window(1_000), ())
        return [row.id for row in rows]

    found = await listed()
    assert len(found) == 500
    assert await off() <= {True}
    names = await before(MIGRATION)
    assert await off() <= {False}
    assert await migrate() == names
    assert await off() <= {True}
    assert await listed() == found
