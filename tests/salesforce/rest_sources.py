"""Resources that describe the org, and those that list people: reports and list views.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm,
…/resources_sobject_describe.htm, …/resources_listviewresults.htm, …/resources_listviews.htm and
https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics/
sforce_analytics_rest_api_getreportrundata.htm (up to 2,000 detail rows, then allData is false)
"""

from dataclasses import dataclass
from typing import Any

from tests.salesforce.errors import ApiError, not_found
from tests.salesforce.ids import PREFIXES, read_id
from tests.salesforce.org import Org
from tests.salesforce.wire import Answer, Request

MAX_REPORT_ROWS = 2_000
DEFAULT_ROWS = 25


@dataclass
class Report:
    """A saved report of leads or contacts."""

    name: str
    ids: list[str]
    groups: int = 0
    """0: a tabular report. Else a summary report whose rows are in so many groups."""


@dataclass
class ListView:
    """A list view of leads or contacts."""

    name: str
    sobject: str
    ids: list[str]
    reports_to: str | None = None
    """The contact of a column ReportsToId, which comes first. The hidden column Id comes last."""


class SourceResources:
    """The resources, of one org."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.reports: dict[str, Report] = {}
        self.list_views: dict[str, ListView] = {}

    def add_report(self, report: Report) -> str:
        """Save a report and return its id."""
        kind = "SUMMARY" if report.groups else "TABULAR"
        report_id = self.org.create("Report", {"Name": report.name, "Format": kind}, system=True)
        self.reports[report_id] = report
        return report_id

    def add_list_view(self, view: ListView) -> str:
        """Save a list view and return its id."""
        values = {"Name": view.name, "DeveloperName": view.name.replace(" ", "_"), "SobjectType": view.sobject}
        view_id = self.org.create("ListView", values, system=True)
        self.list_views[view_id] = view
        return view_id

    def describe(self, request: Request, user: str, name: str) -> Answer:
        """GET /sobjects/NAME/describe"""
        return Answer(200, self.org.sobject(name).describe(PREFIXES[name]))

    def limits(self, request: Request, user: str, used: int, limit: int) -> Answer:
        """GET /limits"""
        return Answer(
            200,
            {
                "DailyApiRequests": {"Max": limit, "Remaining": max(0, limit - used)},
                "DataStorageMB": {"Max": 10_240, "Remaining": 10_000},
            },
        )

    def report(self, request: Request, user: str, report_id: str) -> Answer:
        """GET /analytics/reports/ID?includeDetails=true"""
        report = self.reports.get(read_id(report_id) or "")
        if report is None:
            raise ApiError("NOT_FOUND", "The report does not exist, or you do not have access to it.", status=404)
        rows = [self._report_row(record_id) for record_id in report.ids[:MAX_REPORT_ROWS]]
        details = request.query.get("includeDetails") == "true"
        groups: dict[str, Any] = {"T!T": {"aggregates": [{"label": str(len(rows)), "value": len(rows)}]}}
        if report.groups:
            for number in range(report.groups):
                groups[f"{number}!T"] = {"rows": rows[number :: report.groups] if details else [], "aggregates": []}
        elif details:
            groups["T!T"]["rows"] = rows
        columns = ["LAST_NAME", "EMAIL"]
        return Answer(
            200,
            {
                "allData": len(report.ids) <= MAX_REPORT_ROWS,
                "hasDetailRows": details,
                "factMap": groups,
                "reportMetadata": {
                    "id": read_id(report_id),
                    "name": report.name,
                    "reportFormat": "SUMMARY" if report.groups else "TABULAR",
                    "detailColumns": columns,
                },
                "reportExtendedMetadata": {
                    "detailColumnInfo": {name: {"label": name.title(), "dataType": "string"} for name in columns}
                },
            },
        )

    def views(self, request: Request, user: str, name: str) -> Answer:
        """GET /sobjects/NAME/listviews"""
        found = [
            {"id": view_id, "developerName": view.name.replace(" ", "_"), "label": view.name, "soqlCompatible": True}
            for view_id, view in self.list_views.items()
            if view.sobject == name
        ]
        return Answer(200, {"done": True, "nextRecordsUrl": None, "size": len(found), "listviews": found})

    def view_results(self, request: Request, user: str, name: str, view_id: str) -> Answer:
        """GET /sobjects/NAME/listviews/ID/results?limit=…&offset=…"""
        view = self.list_views.get(read_id(view_id) or "")
        if view is None or view.sobject != name:
            raise not_found()
        limit, offset = int(request.query.get("limit", DEFAULT_ROWS)), int(request.query.get("offset", 0))
        if not 1 <= limit <= MAX_REPORT_ROWS:
            raise ApiError("INVALID_QUERY", "limit must be between 1 and 2000")
        ids = view.ids[offset : offset + limit]
        columns = [{"fieldNameOrPath": path, "label": path, "hidden": path == "Id"} for path in ("Name", "Email", "Id")]
        manager = [{"fieldNameOrPath": "ReportsToId", "value": view.reports_to}] if view.reports_to else []
        records = [{"columns": manager + self._columns(record_id)} for record_id in ids]
        return Answer(
            200,
            {
                "id": view_id,
                "label": view.name,
                "columns": columns,
                "records": records,
                "size": len(records),
                "done": offset + limit >= len(view.ids),
            },
        )

    def _columns(self, record_id: str) -> list[dict[str, Any]]:
        record = self.org.find(record_id)
        assert record is not None
        return [{"fieldNameOrPath": path, "value": record[path]} for path in ("Name", "Email", "Id")]

    def _report_row(self, record_id: str) -> dict[str, Any]:
        """The value of the cell with the name is the id of the record."""
        record = self.org.find(record_id)
        assert record is not None
        return {
            "dataCells": [
                {"label": record["LastName"], "value": record_id},
                {"label": record["Email"] or "-", "value": record["Email"]},
            ]
        }
