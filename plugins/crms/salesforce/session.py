"""The session: the contract's methods, each carried out by the file of its subject."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from plugins.crms.access import ApiUse, CrmCapabilities, CrmIdentity
from plugins.crms.contract import CrmSession
from plugins.crms.people_and_activities import (
    ActivityPush,
    NewPerson,
    OptOut,
    OptOutPage,
    PersonPage,
    PersonSource,
    RelatedRecord,
    RemotePerson,
    RemoteUser,
    SourceKind,
)
from plugins.crms.salesforce.records.activities import Activities
from plugins.crms.salesforce.records.description import Descriptions, capabilities
from plugins.crms.salesforce.records.identity import identify
from plugins.crms.salesforce.records.leads_and_contacts import People, new_lead
from plugins.crms.salesforce.records.opt_outs import ChangedOptOuts, write_opt_outs
from plugins.crms.salesforce.records.sources import Sources
from plugins.crms.salesforce.records.task_search import TaskSearch
from plugins.crms.salesforce.records.tasks import to_fields
from plugins.crms.salesforce.rest_api.batches import Write, delete_records, write_batches
from plugins.crms.salesforce.rest_api.rest import RestClient
from plugins.crms.salesforce.transport.ids import whole_id
from plugins.crms.salesforce.transport.json_reading import inner, number, record
from plugins.crms.tasks import DeletedTasks, RemoteTask, TaskPage, TaskPush, WriteResult


class SalesforceSession(CrmSession):
    """One connection to an org."""

    def __init__(self, rest: RestClient, descriptions: Descriptions) -> None:
        self.rest, self.descriptions = rest, descriptions
        self.people = People(rest, descriptions)
        self.sources = Sources(rest, self.people)
        self.search = TaskSearch(rest, descriptions)
        self.activities = Activities(rest, descriptions, self.search)

    @property
    def clock_skew(self) -> timedelta:  # type: ignore[override]
        """Salesforce's clock minus this server's."""
        return self.rest.skew

    async def identify(self) -> CrmIdentity:
        """Ask userinfo and the object Organization."""
        return await identify(self.rest)

    async def limits(self) -> ApiUse | None:
        """GET /limits, DailyApiRequests."""
        daily = inner(record(await self.rest.get("limits")), "DailyApiRequests")
        most, remaining = number(daily.get("Max")), number(daily.get("Remaining"))
        if most is None or remaining is None:
            return None
        return ApiUse(max(0, most - remaining), most, self.rest.host.now())

    async def describe(self) -> CrmCapabilities:
        """Describe the objects. What has changed in Salesforce is seen after some minutes (``ClientLimits``)."""
        names = ("Task", "Lead", "Contact", "EmailMessage")
        found = {name: await self.descriptions.of(self.rest, name) for name in names}
        return capabilities(found, self.rest.settings.marker_field, self.rest.settings.opt_out_field)

    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        """Create tasks with their markers, and update others by id."""
        task, marker = await self.descriptions.of(self.rest, "Task"), self.rest.settings.marker_field
        creates, updates, results = [], [], []
        for push in pushes:
            fields = to_fields(push, task, marker)
            if push.remote_id is None:
                creates.append(Write(push.marker, "Task", fields))
            elif fields:
                updates.append(Write(push.marker, "Task", fields, whole_id(push.remote_id) or push.remote_id))
            else:
                results.append(WriteResult(push.marker, remote_id=push.remote_id))
        return results + await write_batches(self.rest, creates, updates)

    async def delete_tasks(self, remote_ids: Sequence[str]) -> Sequence[WriteResult]:
        """DELETE /composite/sobjects"""
        return await delete_records(self.rest, remote_ids)

    async def changed_tasks(self, since: datetime, cursor: str | None) -> TaskPage:
        """Query by SystemModstamp."""
        return await self.search.changed(since, cursor)

    async def deleted_tasks(self, since: datetime, until: datetime) -> DeletedTasks:
        """GET /sobjects/Task/deleted"""
        return await self.search.deleted(since, until)

    async def find_tasks(
        self, *, markers: Mapping[str, TaskPush] | None = None, remote_ids: Sequence[str] = (), since: datetime
    ) -> Sequence[RemoteTask]:
        """Query by ids and by markers."""
        found = await self.search.by_ids(remote_ids) + await self.search.by_markers(list(markers or {}), since)
        return list({each.remote_id: each for each in found}.values())

    async def find_people(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemotePerson]:
        """Query leads and contacts."""
        return await self.people.find(remote_ids, addresses)

    async def create_people(self, people: Sequence[NewPerson]) -> Sequence[WriteResult]:
        """Create leads."""
        lead = await self.descriptions.of(self.rest, "Lead")
        return await write_batches(self.rest, [new_lead(each, lead) for each in people])

    async def find_users(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemoteUser]:
        """Query users."""
        return await self.people.users(remote_ids, addresses)

    async def related_records(self, person_ids: Sequence[str]) -> Mapping[str, Sequence[RelatedRecord]]:
        """Query accounts and contact roles."""
        return await self.people.related(person_ids)

    async def person_sources(self, kind: SourceKind, search: str) -> Sequence[PersonSource]:
        """Query reports or list views."""
        return await self.sources.named(kind, search)

    async def people_of(self, source: PersonSource, cursor: str | None) -> PersonPage:
        """Run a report, a list view or a query."""
        return await self.sources.page(source, cursor)

    async def set_opt_outs(self, opt_outs: Sequence[OptOut]) -> Sequence[WriteResult]:
        """Write Email Opt Out."""
        return await write_opt_outs(self.rest, opt_outs)

    async def changed_opt_outs(self, since: datetime | None, cursor: str | None) -> OptOutPage:
        """Query leads, then contacts."""
        return await ChangedOptOuts(self.rest, self.descriptions).page(since, cursor)

    async def log_activities(self, activities: Sequence[ActivityPush]) -> Sequence[WriteResult]:
        """Create completed tasks or emails."""
        return await self.activities.log(activities)

    async def find_activities(self, markers: Mapping[str, ActivityPush], since: datetime) -> Mapping[str, str]:
        """Query by markers."""
        return await self.activities.find(markers, since)

    def record_url(self, remote_id: str) -> str:
        """Return the URL that Salesforce redirects to the record's page."""
        return f"{self.rest.instance_url}/{remote_id}"
