"""Finds tasks: those that changed, those that were deleted, and those that Touchline may have created.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_getdeleted.htm and
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_getdeleted.htm (seconds are ignored, the
window lasts more than a minute and begins at most 15 days ago, latestDateCovered begins the next one)
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.salesforce.records.description import Descriptions, ObjectDescription
from plugins.crms.salesforce.records.tasks import from_rows, visible_fields
from plugins.crms.salesforce.rest_api import soql
from plugins.crms.salesforce.rest_api.queries import (
    Page,
    all_rows,
    first_page,
    newest_change,
    next_page,
    round_time,
    rows_in,
)
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.ids import TASK, whole_id
from plugins.crms.salesforce.transport.json_reading import instant, record, record_id, records
from plugins.crms.tasks import DeletedTask, DeletedTasks, RemoteTask, TaskPage

MINUTE = timedelta(minutes=1)
CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far Salesforce's CreatedDate can be before the time at which Touchline began to write."""


class TaskSearch:
    """The tasks of one connection."""

    def __init__(self, rest: RestClient, descriptions: Descriptions) -> None:
        self.rest, self.descriptions = rest, descriptions
        self.marker_field = rest.settings.marker_field

    async def changed(self, since: datetime, cursor: str | None) -> TaskPage:
        """Return tasks in the order of their changes. Raises CrmError.

        The cursor has the path of the next page, and the last change. Salesforce forgets the path after some time:
        then the query begins at the last change.
        """
        path, start = _parsed(cursor, since)
        try:
            page = await next_page(self.rest, path) if path else await self._first(start)
        except CrmError as error:
            if not path or error.code not in {CrmCode.REQUEST_INVALID, CrmCode.NOT_FOUND}:
                raise
            page = await self._first(start)
        newest = None
        if page.next_path and not cursor:
            newest = await newest_change(self.rest, "Task", start)
            page = await self._first(start)  # nothing that is older than ``newest`` may be missing
        tasks = from_rows(page.rows, self.marker_field)
        last = max((each.changed_at for each in tasks), default=start)
        following = json.dumps([page.next_path, last.isoformat()]) if page.next_path else None
        return TaskPage(tasks, following, round_time(self.rest, newest or last))

    async def deleted(self, since: datetime, until: datetime) -> DeletedTasks:
        """Return the deleted tasks of a window. Raises CrmError.

        The window ends now, at the latest, by Salesforce's clock, which the description of Task has shown.
        """
        await self.descriptions.of(self.rest, "Task")
        until = min(until, self.rest.server_time())
        start, end = since.replace(second=0, microsecond=0), until.replace(second=0, microsecond=0)
        if end - start <= MINUTE:
            start = end - 2 * MINUTE
        query = {"start": start.isoformat(), "end": end.isoformat()}
        body = record(await self.rest.get("sobjects/Task/deleted/", query))
        tasks = [
            DeletedTask(record_id(each.get("id")), instant(each.get("deletedDate")))
            for each in records(body.get("deletedRecords"))
        ]
        covered = min(max(instant(body.get("latestDateCovered")), start), end)
        return DeletedTasks(tasks, covered)

    async def by_ids(self, remote_ids: Sequence[str]) -> list[RemoteTask]:
        """Return the tasks of ids, deleted ones included. Raises CrmError."""
        ids = [whole for each in remote_ids if (whole := whole_id(each)) and whole.startswith(TASK)]
        if not ids:
            return []
        fields = visible_fields(await self.descriptions.of(self.rest, "Task"), self.marker_field)
        rows = await rows_in(self.rest, fields, "Task", "Id", ids, deleted=True)
        return from_rows(rows, self.marker_field)

    async def by_markers(self, markers: Sequence[str], since: datetime) -> list[RemoteTask]:
        """Return the tasks of markers, deleted ones included. Raises CrmError.

        Without a field for the marker, it is in the Description, which SOQL cannot filter. So all tasks are read that
        the connection's user has created since then.
        """
        if not markers:
            return []
        task = await self.descriptions.of(self.rest, "Task")
        fields = visible_fields(task, self.marker_field)
        if task.marker(self.marker_field):
            rows = await rows_in(self.rest, fields, "Task", self.marker_field, markers, deleted=True)
        else:
            query = soql.select(fields, "Task", await self._created_by_me(task, since), "ORDER BY CreatedDate, Id")
            rows = await all_rows(self.rest, query, deleted=True)
        given_markers = set(markers)
        return [each for each in from_rows(rows, self.marker_field) if each.marker in given_markers]

    async def _first(self, since: datetime) -> Page:
        fields = visible_fields(await self.descriptions.of(self.rest, "Task"), self.marker_field)
        condition = f"SystemModstamp >= {soql.instant(since)}"
        return await first_page(self.rest, soql.select(fields, "Task", condition, "ORDER BY SystemModstamp, Id"))

    async def _created_by_me(self, task: ObjectDescription, since: datetime) -> str:
        await self.rest.ensure_token()
        condition = f"CreatedDate >= {soql.instant(since + self.rest.skew - CLOCK_TOLERANCE)}"
        user = whole_id(self.rest.identity[1])
        return (
            f"{condition} AND CreatedById = {soql.text(user)}" if user and "CreatedById" in task.fields else condition
        )


def _parsed(cursor: str | None, since: datetime) -> tuple[str, datetime]:
    """Return the path and the last change of a cursor. An unknown cursor begins again."""
    try:
        path, last = json.loads(cursor or "")
        return str(path), max(since, datetime.fromisoformat(last))
    except (ValueError, TypeError):
        return "", since
