"""Rows in one parameter arrive as they were given, on both databases."""

import pytest

from api.store.engine.sql import Records, execute

UNUSUAL = ("", " ", "NULL", "null", '"', '""', "\\", '\\"', "a,b", '","', "{}", "{a}", "line\nbreak", "ß☂", "'", "$1")


@pytest.mark.parametrize("missing", [None, "present"])
async def test_texts_arrive_unchanged(database: None, missing: str | None) -> None:
    """Quotes, backslashes, braces and the word NULL are text, and only None is NULL."""
    rows = [(number, text, missing if number == 1 else "same") for number, text in enumerate(UNUSUAL)]
    records = Records({"number": "int", "value": "text", "other": "text"}, rows)
    found = await execute(f"SELECT number, value, other FROM {records.table(1)} ORDER BY number", records)
    assert [tuple(row.values()) for row in found] == rows


@pytest.mark.parametrize("text", UNUSUAL)
async def test_one_text_arrives_unchanged(database: None, text: str) -> None:
    """The first column is an array even for one row."""
    records = Records({"value": "text"}, [(text,)])
    assert [row["value"] for row in await execute(f"SELECT value FROM {records.table(1)}", records)] == [text]


async def test_no_rows(database: None) -> None:
    """No rows are no rows, not one of nulls."""
    records = Records({"value": "text", "other": "text"}, [])
    assert not await execute(f"SELECT value FROM {records.table(1)}", records)
