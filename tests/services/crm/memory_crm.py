"""A CRM in memory: a session that a test can read and make fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from plugins.crms.access import ApiUse, CrmCapabilities, CrmIdentity
from plugins.crms.codes import CrmCode
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import (
    ActivityField,
    ActivityPush,
    NewPerson,
    OptOut,
    OptOutPage,
    PersonKind,
    PersonPage,
    PersonSource,
    RelatedRecord,
    RemotePerson,
    RemoteUser,
    SourceKind,
)
from plugins.crms.tasks import DeletedTasks, RemoteTask, TaskPage, TaskPush, WriteResult

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
CAPABILITIES = CrmCapabilities(
    marker_is_unique=False,
    activity_types=frozenset({"Email", "Call", "Reply"}),
    activity_fields=frozenset(ActivityField),
)


@dataclass
class MemoryCrm(CrmSession):
    """People and activities of a CRM, and the calls that were made.

    ``refuse`` has the error of a record, by marker, remote id or address. ``breaks`` is raised by the next call of a
    method, before it does anything, or after it with ``in_doubt``.
    """

    people: dict[str, RemotePerson] = field(default_factory=dict)
    activities: dict[str, ActivityPush] = field(default_factory=dict)
    related: dict[str, list[RelatedRecord]] = field(default_factory=dict)
    sources: dict[str, list[RemotePerson]] = field(default_factory=dict)
    refuse: dict[str, CrmError] = field(default_factory=dict)
    breaks: dict[str, CrmError] = field(default_factory=dict)
    calls: list[tuple[str, int]] = field(default_factory=list)
    capabilities: CrmCapabilities = CAPABILITIES

    def add(self, remote_id: str, address: str, kind: PersonKind = PersonKind.CONTACT, **more: Any) -> RemotePerson:
        """Add a record."""
        record = RemotePerson(remote_id, kind, address, NOW - timedelta(days=9), NOW, opted_out=False)
        self.people[remote_id] = replace(record, **more)
        return self.people[remote_id]

    def change(self, remote_id: str, **values: Any) -> None:
        """Change a record."""
        self.people[remote_id] = replace(self.people[remote_id], **values)

    def _call(self, name: str, size: int) -> None:
        assert size <= 200
        self.calls.append((name, size))
        error = self.breaks.get(name)
        if error is not None and not error.in_doubt:
            raise self.breaks.pop(name)

    def _end(self, name: str) -> None:
        if name in self.breaks:
            raise self.breaks.pop(name)

    def _refused(self, key: str, *about: str | None) -> WriteResult | None:
        error = next((self.refuse[each] for each in (key, *about) if each in self.refuse), None)
        return None if error is None else WriteResult(key, error=error)

    async def identify(self) -> CrmIdentity:
        return CrmIdentity("ORG", "Acme", "USER", "Ada")

    async def limits(self) -> ApiUse | None:
        return None

    async def describe(self) -> CrmCapabilities:
        self._call("describe", 0)
        return self.capabilities

    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        raise NotImplementedError

    async def delete_tasks(self, remote_ids: Sequence[str]) -> Sequence[WriteResult]:
        raise NotImplementedError

    async def changed_tasks(self, since: datetime, cursor: str | None) -> TaskPage:
        raise NotImplementedError

    async def deleted_tasks(self, since: datetime, until: datetime) -> DeletedTasks:
        raise NotImplementedError

    async def find_tasks(
        self, *, markers: Mapping[str, TaskPush] | None = None, remote_ids: Sequence[str] = (), since: datetime
    ) -> Sequence[RemoteTask]:
        raise NotImplementedError

    async def find_people(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemotePerson]:
        self._call("find_people", len(remote_ids) + len(addresses))
        wanted = {address.lower() for address in addresses}
        found = [
            each
            for each in self.people.values()
            if any(each.remote_id.startswith(one) for one in remote_ids)
            or (not each.is_deleted and each.address.lower() in wanted)
        ]
        self._end("find_people")
        return found

    async def create_people(self, people: Sequence[NewPerson]) -> Sequence[WriteResult]:
        self._call("create_people", len(people))
        results = []
        for each in people:
            refused = self._refused(each.marker, each.address)
            if refused is None:
                remote_id = f"LEAD{len(self.people)}"
                self.add(remote_id, each.address, PersonKind.LEAD, first_name=each.first_name)
                refused = WriteResult(each.marker, remote_id, created=True)
            results.append(refused)
        self._end("create_people")
        return results

    async def find_users(
        self, *, remote_ids: Sequence[str] = (), addresses: Sequence[str] = ()
    ) -> Sequence[RemoteUser]:
        raise NotImplementedError

    async def related_records(self, person_ids: Sequence[str]) -> Mapping[str, Sequence[RelatedRecord]]:
        self._call("related_records", len(person_ids))
        return {each: self.related.get(each, []) for each in person_ids}

    async def person_sources(self, kind: SourceKind, search: str) -> Sequence[PersonSource]:
        return [PersonSource(kind, name, name) for name in self.sources if search in name]

    async def people_of(self, source: PersonSource, cursor: str | None) -> PersonPage:
        self._call("people_of", 0)
        rows, start = self.sources[source.reference], int(cursor or 0)
        end = start + 2
        self._end("people_of")
        return PersonPage(rows[start:end], str(end) if end < len(rows) else None)

    async def set_opt_outs(self, opt_outs: Sequence[OptOut]) -> Sequence[WriteResult]:
        self._call("set_opt_outs", len(opt_outs))
        results = []
        for each in opt_outs:
            refused = self._refused(each.remote_id)
            if refused is None:
                self.change(each.remote_id, opted_out=each.opted_out)
                refused = WriteResult(each.remote_id, each.remote_id)
            results.append(refused)
        self._end("set_opt_outs")
        return results

    async def changed_opt_outs(self, since: datetime | None, cursor: str | None) -> OptOutPage:
        self._call("changed_opt_outs", 0)
        rows = sorted(self.people.values(), key=lambda each: (each.changed_at, each.remote_id))
        chosen = [each for each in rows if (each.opted_out if since is None else each.changed_at >= since)]
        start = int(cursor or 0)
        page = [
            OptOut(each.remote_id, bool(each.opted_out), each.changed_at, each.address, each.kind, each.converted_to)
            for each in chosen[start : start + 2]
        ]
        return OptOutPage(page, str(start + 2) if start + 2 < len(chosen) else None, NOW)

    async def log_activities(self, activities: Sequence[ActivityPush]) -> Sequence[WriteResult]:
        self._call("log_activities", len(activities))
        results = []
        for each in activities:
            refused = self._refused(each.marker, each.person_id)
            known = {activity.marker for activity in self.activities.values() if self.capabilities.marker_is_unique}
            if refused is None and each.remote_id is None and each.marker in known:
                refused = WriteResult(each.marker, error=CrmError(CrmCode.DUPLICATE_VALUE))
            if refused is None:
                remote_id = each.remote_id or f"TASK{len(self.activities)}"
                assert each.remote_id is None or each.remote_id in self.activities
                self.activities[remote_id] = each
                refused = WriteResult(each.marker, remote_id, created=each.remote_id is None)
            results.append(refused)
        self._end("log_activities")
        return results

    async def find_activities(self, markers: Mapping[str, ActivityPush], since: datetime) -> Mapping[str, str]:
        self._call("find_activities", len(markers))
        return {push.marker: key for key, push in self.activities.items() if push.marker in markers}

    def record_url(self, remote_id: str) -> str:
        return f"https://crm.example/{remote_id}"
