"""What the statements of a request read: rows on PostgreSQL, instructions of its virtual machine on SQLite."""

import json
import logging
import sqlite3
from typing import Any

import pytest
from tortoise.connection import get_connection

from api.store.engine.database import is_postgres
from benchmarks.one_person import Journey

COUNTED = ("SELECT", "UPDATE", "DELETE", "WITH")
"""Statements that can be repeated. PostgreSQL estimates the rows of others, and SQLite's are not counted."""
STEPS_PER_CALL = 50
Costs = dict[tuple[str, str], int]
"""Costs by request and statement."""


async def costs_of(database: str, journey: Journey, document: str, caplog: pytest.LogCaptureFixture) -> dict[str, int]:
    """Send a document. Returns the costs of its statements, which are carried out once more for that."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        await journey.ask(document)
    return await recorded_costs(database, caplog)


async def recorded_costs(database: str, caplog: pytest.LogCaptureFixture) -> dict[str, int]:
    """Return the costs of the statements in the log, which are carried out once more for that."""
    costs: dict[str, int] = {}
    for statement, values in _statements(caplog):
        costs[statement] = max(costs.get(statement, 0), await _cost(database, statement, values))
    return costs


def _statements(caplog: pytest.LogCaptureFixture) -> list[tuple[str, list[Any]]]:
    found = [record.args for record in caplog.records if record.name == "tortoise.db_client" and record.args]
    return [
        (str(args[0]).removeprefix("/* rows */ "), list(args[1] or []))
        for args in found
        if isinstance(args, tuple) and len(args) > 1
    ]


async def _cost(database: str, statement: str, values: list[Any]) -> int:
    repeated = statement.startswith(COUNTED)
    if not repeated and not statement.startswith("INSERT"):
        return 0
    if is_postgres():
        return await _rows_read(statement, values, repeated=repeated)
    return _instructions(database.removeprefix("sqlite://"), statement, values) if repeated else 0


async def _rows_read(statement: str, values: list[Any], *, repeated: bool) -> int:
    """Return the rows that PostgreSQL reads from tables. Nothing is changed."""
    if statement.startswith("INSERT") and values and isinstance(values[0], (list, tuple)):
        return 0  # many rows of values
    async with get_connection("default").acquire_connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("SET LOCAL enable_seqscan = off")
            analyze = "ANALYZE, " if repeated else ""
            text = await connection.fetchval(f"EXPLAIN ({analyze}FORMAT JSON) {statement}", *values)
        finally:
            await transaction.rollback()
    return sum(_read_by(node, repeated=repeated) for node in _nodes(json.loads(text)[0]["Plan"]))


def _read_by(node: dict[str, Any], *, repeated: bool) -> int:
    if "Relation Name" not in node or "Scan" not in node["Node Type"]:
        return 0
    if not repeated:
        return int(node["Plan Rows"])
    removed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for each in plan.get("Plans", ()) for inner in _nodes(each))]


def _instructions(file: str, statement: str, values: list[Any]) -> int:
    """Return about how many instructions SQLite carries out. Nothing is changed."""
    calls = 0

    def count() -> int:
        nonlocal calls
        calls += 1
        return 0

    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("BEGIN")
        connection.set_progress_handler(count, STEPS_PER_CALL)
        connection.execute(statement, values).fetchall()
        connection.set_progress_handler(None, 0)
        connection.execute("ROLLBACK")
    finally:
        connection.close()
    return calls * STEPS_PER_CALL
