"""Imports people from a report, a list view or a query.

https://developer.salesforce.com/docs/atlas.en-us.api_analytics.meta/api_analytics/sforce_analytics_rest_api_getreportrundata.htm
(up to 2,000 detail rows; the cell with a name has the record's id as its value) and
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_listviewresults.htm (up to 2,000
rows a request)
"""

from collections.abc import Iterable, Sequence
from typing import Any

from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import PersonKind, PersonPage, PersonSource, SourceKind
from plugins.crms.salesforce.records.leads_and_contacts import OBJECTS, PREFIXES, People
from plugins.crms.salesforce.rest_api import soql
from plugins.crms.salesforce.rest_api.queries import Page, all_rows, first_page, next_page
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.ids import whole_id
from plugins.crms.salesforce.transport.json_reading import inner, record, records, text

MAX_SOURCES = 200
VIEW_ROWS = 500
ID_FIELDS = ("Id", "ContactId", "LeadId")
"""Fields of a query's row that can have the id of its person: a lead, a contact, or a member of a campaign."""


class Sources:
    """The sources of people of one connection."""

    def __init__(self, rest: RestClient, people: People) -> None:
        self.rest, self.people = rest, people

    async def named(self, kind: SourceKind, search: str) -> list[PersonSource]:
        """Return sources whose name contains a text. Raises CrmError."""
        name = f"Name LIKE {soql.like(search)}" if search else "Name != null"
        order = f"ORDER BY Name LIMIT {MAX_SOURCES}"
        if kind is SourceKind.REPORT:
            rows = await all_rows(self.rest, soql.select(["Id", "Name"], "Report", name, order))
        elif kind is SourceKind.LIST_VIEW:
            condition = f"SobjectType IN ('Lead','Contact') AND {name}"
            rows = await all_rows(self.rest, soql.select(["Id", "Name", "SobjectType"], "ListView", condition, order))
        else:
            rows = []
        kinds = {sobject: kind for kind, sobject in OBJECTS.items()}
        return [
            PersonSource(kind, whole, text(row.get("Name")), kinds.get(text(row.get("SobjectType"))))
            for row in rows
            if (whole := whole_id(row.get("Id")))
        ]

    async def page(self, source: PersonSource, cursor: str | None) -> PersonPage:
        """Return people of a source. Raises CrmError."""
        if source.kind is SourceKind.QUERY:
            return await self._of_query(source.reference, cursor)
        reference = whole_id(source.reference)
        if reference is None:
            raise CrmError(CrmCode.NOT_FOUND, f"{source.reference[:40]!r} is not an id of Salesforce")
        if source.kind is SourceKind.REPORT:
            return await self._of_report(reference)
        return await self._of_view(reference, source.person_kind, cursor)

    async def _of_report(self, report_id: str) -> PersonPage:
        body = record(await self.rest.get(f"analytics/reports/{report_id}", {"includeDetails": "true"}))
        rows = [
            [cell.get("value") for cell in records(inner(row).get("dataCells") or [])]
            for group in inner(body, "factMap").values()
            for row in records(inner(group).get("rows") or [])
        ]
        return await self._people(rows, None, is_cut=body.get("allData") is not True)

    async def _of_view(self, view_id: str, kind: PersonKind | None, cursor: str | None) -> PersonPage:
        start = int(cursor) if cursor and cursor.isascii() and cursor.isdigit() else 0
        body, kinds = None, [kind] if kind else list(OBJECTS)
        for each in kinds:
            path = f"sobjects/{OBJECTS[each]}/listviews/{view_id}/results"
            try:
                body = record(await self.rest.get(path, {"limit": str(VIEW_ROWS), "offset": str(start)}))
                break
            except CrmError as error:
                if error.code is not CrmCode.NOT_FOUND or each is kinds[-1]:
                    raise
        found = records(inner(body).get("records"))
        rows = [_id_first(records(row.get("columns") or [])) for row in found]
        ends = inner(body).get("done") is True or len(found) < VIEW_ROWS
        return await self._people(rows, None if ends else str(start + len(found)))

    async def _of_query(self, query: str, cursor: str | None) -> PersonPage:
        page: Page = await (next_page(self.rest, cursor) if cursor else first_page(self.rest, query))
        rows = [[row.get(name) for name in ID_FIELDS] for row in page.rows]
        return await self._people(rows, page.next_path or None)

    async def _people(self, rows: Sequence[Sequence[Any]], cursor: str | None, *, is_cut: bool = False) -> PersonPage:
        ids = [person_id_in(row) for row in rows]
        found = {each.remote_id: each for each in await self.people.find([each for each in ids if each], [])}
        people = [found[each] for each in dict.fromkeys(ids) if each in found]
        return PersonPage(people, cursor, skipped=sum(1 for each in ids if each not in found), is_cut=is_cut)


def _id_first(cells: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the values of a row of a list view. Another column can have the id of another person: ReportsToId."""
    return [each.get("value") for each in sorted(cells, key=lambda cell: cell.get("fieldNameOrPath") != "Id")]


def person_id_in(values: Iterable[Any]) -> str | None:
    """Return the first id of a lead or a contact in a row."""
    ids = (whole_id(value) for value in values)
    return next((each for each in ids if each and each[:3] in PREFIXES), None)
