"""The records of the people of synced tasks, both ways."""

from collections.abc import Collection, Mapping

from api.crm_records import CrmMatchedBy
from api.models import Person
from api.services.crm.organization import CrmOrg
from api.services.crm.people.linking import link_people, store_links
from api.services.crm.people.records import normal_address, record_row, suppress_opted_out
from api.store.crm import person_records as store
from api.store.engine.rows import by_address_keys
from plugins.crms.contract import CrmSession
from plugins.crms.people_and_activities import RemotePerson
from plugins.crms.tasks import MAX_BATCH


class TaskPeople:
    """Finds the records of people, and people by their records: first here, then in the CRM."""

    def __init__(self, org: CrmOrg, session: CrmSession) -> None:
        self._org = org
        self._session = session

    async def records_of(self, person_ids: Collection[str]) -> Mapping[str, str]:
        """Return the CRM's id of each person that has a record. Raises CrmError."""
        linked = await link_people(self._org, self._session, person_ids)
        return {person_id: str(row.remote_id) for person_id, row in linked.rows.items()}

    async def people_of(self, remote_ids: Collection[str]) -> Mapping[str, str]:
        """Return the person of each record that belongs to one: by the link, else by address. Raises CrmError."""
        org, wanted = self._org, sorted(set(remote_ids))
        known = await store.records_of(org.workspace_id, org.key, wanted)
        found = {key: row.person_id for key, row in known.items() if row.person_id is not None}
        unknown = [each for each in wanted if each not in found]
        for start in range(0, len(unknown), MAX_BATCH):
            records = await self._session.find_people(remote_ids=unknown[start : start + MAX_BATCH])
            found |= await self._link([record for record in records if not record.is_deleted])
        return found

    async def _link(self, records: Collection[RemotePerson]) -> dict[str, str]:
        org, now = self._org, self._org.context.clock()
        keys = {record.remote_id: normal_address(record.address) or "" for record in records}
        people: dict[str, Person] = await by_address_keys(Person, org.workspace_id, list(keys.values()))
        linked = await store.links_of(org.workspace_id, org.key, [person.id for person in people.values()])
        rows = [
            record_row(self._session, record, person.id, CrmMatchedBy.ADDRESS)
            for record in records
            if (person := people.get(keys[record.remote_id])) is not None
            and (person.id not in linked or linked[person.id].remote_id is None)
        ]
        first = {row.person_id: row for row in reversed(rows)}
        await store_links(org, list(first.values()), {}, now)
        await suppress_opted_out(org, list(records))
        # A person may have another record. The task is still about the person.
        return {remote_id: people[key].id for remote_id, key in keys.items() if key in people}
