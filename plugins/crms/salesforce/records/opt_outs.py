"""Reads and writes Email Opt Out of leads and contacts (HasOptedOutOfEmail, or a field that the workspace chose)."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from plugins.crms.people_and_activities import OptOut, OptOutPage, PersonKind
from plugins.crms.salesforce.records.description import Descriptions
from plugins.crms.salesforce.records.leads_and_contacts import OBJECTS
from plugins.crms.salesforce.rest_api import soql
from plugins.crms.salesforce.rest_api.batches import Write, write_batches
from plugins.crms.salesforce.rest_api.queries import Page, first_page, newest_change, next_page, round_time
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.ids import CONTACT, LEAD, whole_id
from plugins.crms.salesforce.transport.json_reading import instant, record_id, text
from plugins.crms.tasks import WriteResult

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
SOBJECTS = {LEAD: "Lead", CONTACT: "Contact"}


async def write_opt_outs(rest: RestClient, opt_outs: Sequence[OptOut]) -> list[WriteResult]:
    """Write opt-outs, and return a result for each. Raises CrmError."""
    writes = []
    for each in opt_outs:
        whole = whole_id(each.remote_id) or each.remote_id
        sobject = SOBJECTS.get(whole[:3], "Contact")
        writes.append(Write(each.remote_id, sobject, {rest.settings.opt_out_field: each.opted_out}, whole))
    # A request can have up to 10 chunks of the same object, so each object comes in one piece.
    writes.sort(key=lambda write: write.sobject)
    return await write_batches(rest, writes)


class ChangedOptOuts:
    """The opt-outs that change in Salesforce: first those of leads, then those of contacts."""

    def __init__(self, rest: RestClient, descriptions: Descriptions) -> None:
        self.rest, self.descriptions = rest, descriptions

    async def page(self, since: datetime | None, cursor: str | None) -> OptOutPage:
        """Return a page. ``changed_at`` is the last change of the record. Raises CrmError."""
        kind, path = _parsed(cursor)
        newest = await self._newest(since) if cursor is None else None
        field = self.rest.settings.opt_out_field
        described = await self.descriptions.of(self.rest, OBJECTS[kind])
        if field not in described.fields:
            page = Page([], "")
        elif path:
            page = await next_page(self.rest, path)
        else:
            fields = [
                "Id",
                "SystemModstamp",
                field,
                *described.visible(["Email", "IsConverted", "ConvertedContactId"]),
            ]
            condition = f"SystemModstamp >= {soql.instant(since)}" if since else f"{field} = true"
            query = soql.select(fields, OBJECTS[kind], condition, "ORDER BY SystemModstamp, Id")
            page = await first_page(self.rest, query)
        found = [_opt_out(row, kind, field) for row in page.rows]
        at = round_time(self.rest, newest) if newest else self.rest.server_time()
        return OptOutPage(found, _next(kind, page.next_path), at)

    async def _newest(self, since: datetime | None) -> datetime:
        """Return the time of the last change of a lead or a contact."""
        times = [since or EARLIEST]
        for name in OBJECTS.values():
            if (await self.descriptions.of(self.rest, name)).fields:
                times.append(await newest_change(self.rest, name, times[0]))
        return max(times)


def _opt_out(row: Mapping[str, Any], kind: PersonKind, field: str) -> OptOut:
    converted = whole_id(row.get("ConvertedContactId")) if row.get("IsConverted") is True else None
    return OptOut(
        record_id(row.get("Id")),
        row.get(field) is True,
        instant(row.get("SystemModstamp")),
        address=text(row.get("Email")),
        kind=kind,
        converted_to=converted,
    )


def _parsed(cursor: str | None) -> tuple[PersonKind, str]:
    """Return the kind of a cursor, and the path of its next page. An unknown cursor begins again."""
    try:
        kind, path = json.loads(cursor or "")
        return PersonKind(kind), str(path)
    except (ValueError, TypeError):
        return PersonKind.LEAD, ""


def _next(kind: PersonKind, path: str) -> str | None:
    if path:
        return json.dumps([kind, path])
    return json.dumps([PersonKind.CONTACT, ""]) if kind is PersonKind.LEAD else None
