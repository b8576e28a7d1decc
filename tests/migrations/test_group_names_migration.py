"""The migration that adds the index of groups by name, on populated tables."""

from api.store.engine.database import migrate
from api.store.engine.sql import execute
from benchmarks.populated import Size, populate
from benchmarks.populated_lists import populate_lists
from tests.migrations.migrating import before


async def test_groups_stay_and_get_their_index(database: str) -> None:
    size = Size(500)
    workspace = await populate(size, "a")
    await populate_lists(size, "a", workspace.id)
    statement = "SELECT id, name, people FROM people_group ORDER BY id"
    groups = [dict(row) for row in await execute(statement)]
    names = await before("0085_group_names")
    assert await migrate() == names
    assert [dict(row) for row in await execute(statement)] == groups
    assert [row["people"] for row in groups] == [size.people // 10]
    await execute("DROP INDEX people_group_name")  # fails if it does not exist
