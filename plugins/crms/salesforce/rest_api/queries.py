"""Runs SOQL and pages through its results.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm and
…/resources_queryall.htm (with deleted records)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from plugins.crms.salesforce.rest_api import soql
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.json_reading import instant, invalid, record, records, text

NEXT = re.compile(r"/services/data/v\d{2,3}\.0/query(?:All)?/[\w-]{1,200}", re.ASCII)
MAX_PAGES = 2_000
SETTLED = timedelta(minutes=5)
"""How long after its timestamp a change can become visible, because its transaction ends later."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the path of the next ones, or an empty text."""

    rows: list[dict[str, Any]]
    next_path: str


async def first_page(rest: RestClient, query: str, *, deleted: bool = False) -> Page:
    """Run a query. Raises CrmError."""
    return _read(await rest.get("queryAll" if deleted else "query", {"q": query}))


async def next_page(rest: RestClient, path: str) -> Page:
    """Return the next records of a query. Raises CrmError."""
    if not NEXT.fullmatch(path):
        raise invalid("nextRecordsUrl is not a path of the API")
    return _read(await rest.get(path))


async def all_rows(rest: RestClient, query: str, *, deleted: bool = False) -> list[dict[str, Any]]:
    """Return all records of a query. Raises CrmError."""
    page = await first_page(rest, query, deleted=deleted)
    rows = page.rows
    for _ in range(MAX_PAGES):
        if not page.next_path:
            return rows
        page = await next_page(rest, page.next_path)
        rows += page.rows
    raise invalid(f"a query has more than {MAX_PAGES:,} pages")


async def rows_in(
    rest: RestClient, fields: list[str], sobject: str, column: str, values: Iterable[str], *, deleted: bool = False
) -> list[dict[str, Any]]:
    """Return the records whose column has one of the values. Raises CrmError."""
    rows: list[dict[str, Any]] = []
    for chunk in soql.lists(values):
        rows += await all_rows(rest, soql.select(fields, sobject, f"{column} IN {chunk}"), deleted=deleted)
    return rows


async def newest_change(rest: RestClient, sobject: str, since: datetime) -> datetime:
    """Return the time of the last change of an object, at the earliest ``since``. Raises CrmError."""
    condition = f"SystemModstamp >= {soql.instant(since)}"
    query = soql.select(["Id", "SystemModstamp"], sobject, condition, "ORDER BY SystemModstamp DESC LIMIT 1")
    return max((instant(row.get("SystemModstamp")) for row in await all_rows(rest, query)), default=since)


def round_time(rest: RestClient, newest: datetime) -> datetime:
    """Return the time at which the next round can begin, less the caller's overlap.

    It is at most some minutes later than the last change. So a change is not missed if the clock of the records differs
    from that of the answers.
    """
    rest.saw_time(newest)
    return min(rest.server_time(), newest + SETTLED)


def _read(body: object) -> Page:
    found = record(body)
    path = "" if found.get("done") is True else text(found.get("nextRecordsUrl"))
    if not path and found.get("done") is not True:
        raise invalid("a query is not done and has no nextRecordsUrl")
    return Page(records(found.get("records")), path)
