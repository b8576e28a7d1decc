"""The order in which a PostgreSQL database sorts texts. Comparing ids by the rules of a language is expensive."""

from tortoise.connection import get_connection

LANGUAGE_ORDER_WARNING = (
    "the database sorts texts by the rules of a language, so each email needs twice the CPU of PostgreSQL;"
    " docs/operations.md shows under Many machines how to create a database that sorts by bytes"
)
BY_LANGUAGE_SQL = "SELECT 'a' < 'B' AS by_language"
"""Languages put small letters beside their capitals. Byte order has all capitals first."""


async def sorts_by_language() -> bool:
    """Say whether the open PostgreSQL database sorts texts by the rules of a language, and not by bytes."""
    (row,) = await get_connection("default").execute_query_dict(BY_LANGUAGE_SQL)
    return bool(row["by_language"])
