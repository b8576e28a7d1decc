"""A database that is filled quickly is the same as one that is filled with its indexes and foreign keys in place."""

import re
from collections import Counter
from typing import Any

import pytest

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from benchmarks import bulk_filling
from benchmarks.populated import Size, populate
from benchmarks.populated_lists import populate_lists

SIZE = Size(500)
COUNTERS = {
    "email_count": "status, archived, emails",
    "report_count": "scope, day, scheduled, delivered, failed, bounced_soft, in_doubt, tasks_open, tasks_done, opened",
    "report_cell": "day, scheduled, delivered, failed, bounced_soft, in_doubt, tasks_open, tasks_done, opened",
    "report_reason": "scope, day, measure, reason, number",
}
SPELLING = re.compile(r"::(character varying|text)|[()\[\]]")
"""What PostgreSQL writes in another way when it reads and writes a definition again."""


async def definitions() -> set[str]:
    """Return the indexes and constraints, whether constraints are checked, and the settings of SQLite."""
    if not is_postgres():
        indexes = await execute("SELECT name || coalesce(sql, '') AS text FROM sqlite_master")
        settings = [await execute(f"PRAGMA {name}") for name in bulk_filling.SQLITE_SETTINGS]
        return {row["text"] for row in indexes} | {str(dict(row)) for (row,) in settings}
    found = await execute(
        "SELECT indexdef AS text FROM pg_indexes WHERE schemaname = 'public' UNION ALL"
        " SELECT conrelid::regclass || conname || convalidated || pg_get_constraintdef(oid) FROM pg_constraint"
    )
    return {SPELLING.sub("", row["text"]) for row in found}


async def counters(workspace_id: str) -> dict[str, Counter[Any]]:
    """Return the counters of a workspace, without ids."""
    found = {}
    for table, columns in COUNTERS.items():
        rows = await execute(f"SELECT {columns} FROM {table} WHERE workspace_id = $1", workspace_id)
        found[table] = Counter(str(dict(row)) for row in rows)
    return found


async def test_counters_indexes_and_constraints_are_as_usual(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_filling, "POSTGRES_SETTINGS", {})  # other tests use the same server
    before = await definitions()
    slow = await populate(SIZE, "a")
    await populate_lists(SIZE, "a", slow.id)
    async with bulk_filling.bulk_filling():
        assert len(before) - len(await definitions()) > 40
        quick = await populate(SIZE, "b")
        await populate_lists(SIZE, "b", quick.id)
    assert await definitions() == before
    expected = await counters(slow.id)
    assert all(expected.values())
    assert await counters(quick.id) == expected
