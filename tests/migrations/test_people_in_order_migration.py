"""The migration that adds indexes of people in the order of ids, on populated tables, forward and back."""

import pytest

from api.store.engine.database import is_postgres, migrate
from api.store.engine.sql import execute
from benchmarks.populated import Size, populate
from benchmarks.populated_lists import populate_lists
from tests.migrations.migrating import before


async def indexes() -> set[str]:
    """Return the names of all indexes."""
    names = "indexname AS name FROM pg_indexes" if is_postgres() else "name FROM sqlite_master WHERE type = 'index'"
    return {row["name"] for row in await execute(f"SELECT {names}")}


async def test_groups_and_imports_stay_and_get_their_indexes(database: str) -> None:
    size = Size(500)
    workspace = await populate(size, "a")
    await populate_lists(size, "a", workspace.id)
    now = await indexes()
    statement = "SELECT people_group_id, person_id FROM group_member ORDER BY person_id"
    members = [dict(row) for row in await execute(statement)]
    names = await before("0086_people_in_order")
    added = {"person_replied_listed", *({"group_member_once", "imported_person_listed"} if is_postgres() else ())}
    assert added <= now - await indexes()  # later migrations add others
    assert await migrate() == names
    assert await indexes() == now
    assert [dict(row) for row in await execute(statement)] == members
    assert len(members) == size.people // 10
    with pytest.raises(Exception, match=r"(?i)unique"):  # nobody is in a group twice
        await execute(
            "INSERT INTO group_member (id, workspace_id, people_group_id, person_id, added_at) SELECT 'mem_again',"
            " workspace_id, people_group_id, person_id, added_at FROM group_member LIMIT 1"
        )
