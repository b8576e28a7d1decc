"""Every statement that a GraphQL query runs finds its rows by an index, in the order in which it returns them.

So its cost depends on what it returns, not on the size of the tables. The documents come from the schema: a new list or
filter is checked as soon as it exists.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument
from tortoise.connection import get_connection

from api.graphql.schema import schema
from api.store.engine.database import is_postgres
from benchmarks.lists import client_of, queries
from benchmarks.populated import Size, populate, refresh_statistics

GROWING = {
    "send", "task", "enrollment", "person", "event", "suppression", "suppression_change", "left_out", "launch_audience",
    "import_refusal", "launch", "campaign", "step", "written_email", "departure", "people_import",
}  # fmt: skip
"""Tables that grow with use. The others have a few rows for each workspace, or are read by their key."""
MAX_WASTED_ROWS = 250
"""Rows that a statement may read and not return: a page and what is needed to know whether more follow."""
SORTED_WHEN_READ = {
    "person_id = ": "A person has few enrollments.",
    "FROM email_count": "A workspace has a few rows of counts.",
    "json_each(": "The rows of a page's rows, such as the steps of campaigns.",
    "= ANY(": "The same.",
}
"""Statements that sort what they have read, and why that is little."""
DEPTH = 3
SIZE = Size(20_000)


def selection(kind: GraphQLObjectType, depth: int) -> str:
    """Return a selection of all fields of a type that need no argument, so many levels deep."""
    return " ".join(filter(None, (_field(name, field, depth) for name, field in kind.fields.items())))


def _field(name: str, field: GraphQLField, depth: int) -> str:
    if any(is_required_argument(each) for each in field.args.values()):
        return ""
    page = "(first: 2)" if "first" in field.args else ""
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return name + page
    if depth == 0 or not isinstance(kind, GraphQLObjectType):
        return ""
    inner = selection(kind, depth - 1)
    return f"{name}{page} {{ {inner} }}" if inner else ""


def documents() -> Iterator[str]:
    """Yield every list with all that it contains, and every list with each of its filters."""
    query = schema._schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        if "first" in field.args:
            yield f"{{ {_field(name, field, DEPTH)} }}"
    for text in queries("a", SIZE).values():
        yield f"{{ {text} }}"


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a workspace of 20,000 emails, beside another workspace."""
    workspace = await populate(SIZE, "a")
    await populate(Size(1_000), "b")
    await refresh_statistics()
    async with client_of(workspace) as found:
        yield found


async def statements(client: httpx.AsyncClient, document: str, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Return the SELECT statements that a query runs, with their values."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        answer = (await client.post("/graphql", json={"query": document})).json()
    assert "errors" not in answer, (document, answer["errors"])
    found = [record.args for record in caplog.records if record.name == "tortoise.db_client" and record.args]
    return {args[0]: args[1] or [] for args in found if isinstance(args, tuple) and "SELECT" in str(args[0])[:30]}


async def test_no_query_scans_or_sorts_a_table_that_grows(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    problems: dict[str, str] = {}
    checked = 0
    for document in documents():
        for statement, values in (await statements(client, document, caplog)).items():
            checked += 1
            sorted_when_read = any(part in statement for part in SORTED_WHEN_READ)
            check = _postgres_problems if is_postgres() else _sqlite_problems
            for problem in await check(statement, values, sorted_when_read=sorted_when_read):
                problems[f"{problem}: {statement[-300:]}"] = document[:80]
    assert checked > 60
    assert problems == {}


async def _postgres_problems(statement: str, values: list[Any], *, sorted_when_read: bool) -> list[str]:
    async with get_connection("default").acquire_connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            # PostgreSQL scans a table of a few rows anyway. Here it does so only if it has to.
            await connection.execute("SET LOCAL enable_seqscan = off")
            text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        finally:
            await transaction.rollback()
    found = []
    for node in _nodes(json.loads(text)[0]["Plan"]):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING:
            found.append(f"scans {node['Relation Name']}")
        if node["Node Type"] in {"Sort", "Incremental Sort"} and not sorted_when_read:
            sorted_rows = node["Plans"][0]["Actual Rows"]
            if sorted_rows > MAX_WASTED_ROWS or not _is_bounded(node):
                found.append(f"sorts {sorted_rows} rows")
        if node.get("Rows Removed by Filter", 0) > MAX_WASTED_ROWS:
            found.append(f"reads {node['Rows Removed by Filter']} rows in vain")
    return found


def _is_bounded(node: dict[str, Any]) -> bool:
    """Say whether what is sorted comes from LIMITs, or is one row for each value of a list."""
    return all(any(inner["Node Type"] in {"Limit", "Append", "Function Scan"} for inner in _nodes(each))
               or "Index Cond" in json.dumps(each) for each in node["Plans"])  # fmt: skip


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


async def _sqlite_problems(statement: str, values: list[Any], *, sorted_when_read: bool) -> list[str]:
    rows = await get_connection("default").execute_query_dict(f"EXPLAIN QUERY PLAN {statement}", values)
    plan = [row["detail"] for row in rows]
    # SQLite scans a table of a few rows anyway, once it knows the number. PostgreSQL's plans show those.
    found = [line for line in plan if line.startswith("SCAN ") and line.split()[1] in GROWING - {"campaign", "step"}]
    sorts = [line for line in plan if "TEMP B-TREE" in line]
    # The parts of a merged list were read up to a LIMIT, and may be sorted once more.
    if len(sorts) > plan.count("SCAN part") and not sorted_when_read:
        found += sorts
    return found
