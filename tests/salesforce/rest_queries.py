"""Resources that find records: SOQL with paging, and the changes and deletions of a window.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm, …/resources_queryall.htm,
…/headers_queryoptions.htm (batches of 200 to 2,000), …/resources_getdeleted.htm, …/resources_getupdated.htm and
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_getdeleted.htm
"""

import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.salesforce.errors import ApiError
from tests.salesforce.org import Org, Record
from tests.salesforce.soql_parser import parse
from tests.salesforce.soql_run import run
from tests.salesforce.values import read_datetime, write_datetime
from tests.salesforce.wire import Answer, Request

MAX_BATCH = 2_000
MIN_BATCH = 200
MAX_CURSORS = 10
"""Older cursors of a user end."""
DELETION_DAYS = 15
UPDATE_DAYS = 30


class QueryResources:
    """The resources, of one org."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.cursors: dict[str, list[Record]] = {}
        self._numbers = itertools.count(1)

    def query(self, request: Request, user: str, version: str, deleted: bool) -> Answer:
        """GET /query?q=… and /queryAll?q=…"""
        records, number = run(self.org, parse(request.query.get("q", "")), deleted)
        if number is not None:
            return Answer(200, {"totalSize": number, "done": True, "records": []})
        locator = f"01g{next(self._numbers):015d}"
        batch = self._batch(request)
        if len(records) > batch:
            self.cursors[locator] = records
            for old in list(self.cursors)[:-MAX_CURSORS]:
                del self.cursors[old]
        return self._page(records, locator, 0, batch, version)

    def query_more(self, request: Request, user: str, version: str, locator: str) -> Answer:
        """GET the nextRecordsUrl of an answer."""
        name, _, start = locator.rpartition("-")
        if name not in self.cursors or not start.isdigit():
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(self.cursors[name], name, int(start), self._batch(request), version)

    def deleted(self, request: Request, user: str, name: str) -> Answer:
        """GET /sobjects/NAME/deleted: what is in the recycle bin, with the minute rounding of the documentation."""
        start, end = self._window(request, DELETION_DAYS)
        if self.org.purged_until and start < self.org.purged_until:
            raise ApiError("INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
        rows = self._within(name, start, end, gone=True)
        found = [{"id": row["Id"], "deletedDate": write_datetime(row["SystemModstamp"])} for row in rows]
        earliest = self.org.purged_until or self.org.time() - timedelta(days=DELETION_DAYS)
        return Answer(
            200,
            {
                "deletedRecords": found,
                "earliestDateAvailable": write_datetime(earliest),
                "latestDateCovered": write_datetime(self._covered(end)),
            },
        )

    def updated(self, request: Request, user: str, name: str) -> Answer:
        """GET /sobjects/NAME/updated"""
        start, end = self._window(request, UPDATE_DAYS)
        rows = self._within(name, start, end, gone=False)
        return Answer(
            200, {"ids": [row["Id"] for row in rows], "latestDateCovered": write_datetime(self._covered(end))}
        )

    def _within(self, name: str, start: datetime, end: datetime, *, gone: bool) -> Iterable[Record]:
        end = self._covered(end)
        self.org.sobject(name)
        return [row for row in self.org.rows(name) if row["IsDeleted"] is gone and start <= row["SystemModstamp"] < end]

    def _window(self, request: Request, days: int) -> tuple[datetime, datetime]:
        """Return the window. Seconds are ignored, and it must last more than a minute."""
        try:
            start, end = (
                read_datetime(request.query[name].replace(" ", "+")).replace(second=0) for name in ("start", "end")
            )
        except (KeyError, ValueError):
            raise ApiError("INVALID_REPLICATION_DATE", "start and end must be ISO 8601 dates and times") from None
        now = self.org.time()
        if end - start < timedelta(minutes=1):
            raise ApiError("INVALID_REPLICATION_DATE", "endDate must be more than one minute after startDate")
        if start < now - timedelta(days=days):
            raise ApiError("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
        if start > now:
            raise ApiError("INVALID_REPLICATION_DATE", "startDate cannot be in the future")
        return start, end

    def _covered(self, end: datetime) -> datetime:
        limits = [end, self.org.time().replace(second=0, microsecond=0)]
        if self.org.transactions_since:
            limits.append(self.org.transactions_since.replace(second=0, microsecond=0))
        return min(limits)

    def _page(self, records: list[Record], locator: str, start: int, batch: int, version: str) -> Answer:
        body: dict[str, Any] = {"totalSize": len(records), "done": start + batch >= len(records)}
        if not body["done"]:
            body["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{start + batch}"
        return Answer(200, body | {"records": records[start : start + batch]})

    def _batch(self, request: Request) -> int:
        option = request.headers.get("sforce-query-options", "").partition("=")[2].strip()
        return min(MAX_BATCH, max(MIN_BATCH, int(option))) if option.isdigit() else MAX_BATCH
