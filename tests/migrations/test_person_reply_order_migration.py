"""The migration that recreates the index of people by their last reply, on populated tables, forward and back."""

from api.store.engine.database import is_postgres, migrate
from api.store.engine.sql import execute
from benchmarks.populated import Size, populate
from benchmarks.populated_lists import populate_lists
from tests.migrations.migrating import before


async def index() -> str:
    """Return the statement that creates the index."""
    if is_postgres():
        (row,) = await execute("SELECT indexdef AS sql FROM pg_indexes WHERE indexname = 'person_replied'")
    else:
        (row,) = await execute("SELECT sql FROM sqlite_master WHERE name = 'person_replied'")
    return str(row["sql"])


async def test_the_index_is_recreated_in_the_order_of_pages(database: str) -> None:
    size = Size(500)
    workspace = await populate(size, "a")
    await populate_lists(size, "a", workspace.id)
    people = "SELECT id, replied_at FROM person ORDER BY id"
    rows = [dict(row) for row in await execute(people)]
    names = await before("0083_person_reply_order")
    assert 'COLLATE "C"' not in await index()
    assert await migrate() == names
    assert ('COLLATE "C"' in await index()) is is_postgres()
    assert [dict(row) for row in await execute(people)] == rows
    assert sum(row["replied_at"] is not None for row in rows) == size.people // 10
