"""The plans of statements: which of them scan or sort a table that grows."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tortoise.connection import get_connection

from api.store.engine.database import is_postgres

Statements = dict[str, list[Any]]
"""Statements with the values of their last run."""
GROWING = {
    "send", "task", "enrollment", "person", "event", "suppression", "suppression_change", "left_out", "launch_audience",
    "import_source", "import_refusal", "launch", "campaign", "step", "written_email", "departure", "people_import",
    "incoming_event", "reply", "crm_change", "crm_task", "crm_person", "crm_activity", "crm_import_row",
}  # fmt: skip
"""Tables that grow with use. The others have a few rows for each workspace, or are read by their key."""
MAX_WASTED_ROWS = 250
"""Rows that a statement may read and not return: a page and what is needed to know whether more follow."""
SORTED_WHEN_READ = {
    "person_id = ": "A person has few enrollments.",
    "FROM email_count": "A workspace has a few rows of counts.",
    "FROM report_delta": "A subject has a row of counts for each day, and changes are folded every few seconds.",
    "status IN ('CLAIMED', 'TRANSMITTING')": "Few emails are on their way at a time.",
    "FROM job WHERE finished_at IS NULL": "Few jobs are open at a time.",
    "json_each(": "The rows of a page's rows, such as the steps of campaigns.",
    "= ANY(": "The same.",
}
"""Statements that sort what they have read, and why that is little."""

SMALL_INDEXES = (
    "send_in_doubt", "send_leased", "send_held", "departure_open", "incoming_event_failed", "enrollment_changed",
)  # fmt: skip
"""Partial indexes with few entries: of emails that are in doubt, on their way, or on hold, of failed mails, and of
people about whom a fact has changed."""


@contextmanager
def recorded(caplog: pytest.LogCaptureFixture) -> Iterator[Statements]:
    """Collect the statements that run in the block."""
    caplog.clear()
    found: Statements = {}
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        yield found
    for record in caplog.records:
        if record.name == "tortoise.db_client" and isinstance(record.args, tuple) and len(record.args) == 2:
            statement = str(record.args[0]).removeprefix("/* rows */ ")
            if statement.split(None, 1)[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}:
                found[statement] = list(record.args[1] or [])  # type: ignore[call-overload]


async def problems(statements: Statements, *, sorts: bool = True) -> set[str]:
    """Return what is wrong with the plans of statements, with the end of each.

    Without ``sorts``, SQLite may sort what an index has found: it does not say how many those are. PostgreSQL does.
    """
    found = set()
    check = _postgres_problems if is_postgres() else _sqlite_problems
    for statement, values in statements.items():
        sorted_when_read = any(part in statement for part in SORTED_WHEN_READ) or (not sorts and not is_postgres())
        for problem in await check(statement, values, sorted_when_read=sorted_when_read):
            found.add(f"{problem}: {statement[-600:]}")
    return found


async def index_conditions(statement: str, values: list[Any]) -> list[tuple[str, str]]:
    """Return the indexes that PostgreSQL reads, each with its condition. SQLite's are not returned."""
    if not is_postgres():
        return []
    return [(node["Index Name"], node.get("Index Cond", "")) for node in await _plan(statement, values)
            if "Index Name" in node]  # fmt: skip


async def _plan(statement: str, values: list[Any]) -> list[dict[str, Any]]:
    """Return the nodes of PostgreSQL's plan."""
    async with get_connection("default").acquire_connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            # PostgreSQL scans a table of a few rows anyway. Here it does so only if it has to.
            await connection.execute("SET LOCAL enable_seqscan = off")
            text = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
        finally:
            await transaction.rollback()
    return [*_nodes(json.loads(text)[0]["Plan"])]


async def _postgres_problems(statement: str, values: list[Any], *, sorted_when_read: bool) -> list[str]:
    found = []
    for node in await _plan(statement, values):
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
    found = [
        line
        for line in plan
        if line.startswith("SCAN ")
        and line.split()[1] in GROWING - {"campaign", "step"}
        and not line.endswith(SMALL_INDEXES)
    ]
    sorts = [line for line in plan if "TEMP B-TREE" in line]
    # The parts of a merged list were read up to a LIMIT, and may be sorted once more.
    if len(sorts) > plan.count("SCAN part") and not sorted_when_read:
        found += sorts
    return found
