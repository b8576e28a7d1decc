"""Link a person with a record of the CRM by hand, and end the link."""

from api.codes.crm.person_records import CrmPersonCode
from api.codes.events.event_kinds import EventKind
from api.crm_records import CrmMatchedBy
from api.models import CrmPerson, Person
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.crm.connections.crm_errors import refusal_of
from api.services.crm.connections.opening import open_connection
from api.services.crm.connections.usable import present_connection, usable_connection
from api.services.crm.organization import CrmOrg, org_key, org_of
from api.services.crm.people.changed_records import read_final
from api.services.crm.people.records import record_row, suppress_opted_out
from api.services.people.people import lock_person
from api.store.crm import person_records as store
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import workspace_event, write
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import RemotePerson
from strategies import Refusal

MAX_REMOTE_ID_CHARACTERS = 100


async def link_person(context: WorkspaceContext, person_id: str, remote_id: str) -> Person:
    """Link a person with the record that has this id in the CRM, in place of an earlier one. Raises Refusal."""
    person = await get_or_refuse(Person, context.workspace_id, person_id, ("personId",))
    remote_id = inputs.line(remote_id, ("remoteId",), limit=MAX_REMOTE_ID_CHARACTERS)
    row = await usable_connection(context)
    org = await org_of(context, row)
    try:
        async with open_connection(context, row, asked_by_user=True) as session:
            record = (await read_final(session, [remote_id])).get(remote_id)
            if record is None:
                raise Refusal.of(CrmPersonCode.CRM_PERSON_UNKNOWN, ("remoteId",), case="id", id=remote_id)
            await _link(org, session, person, record)
    except CrmError as error:
        raise refusal_of(error, ("remoteId",)) from None
    await suppress_opted_out(org, [record])
    return await Person.get(id=person.id)


@retry_on_deadlock
async def _link(org: CrmOrg, session: CrmSession, person: Person, record: RemotePerson) -> None:
    context = org.context
    async with transaction():
        await lock_person(context, person.id, ("personId",))
        owner = (await store.records_of(context.workspace_id, org.key, [record.remote_id])).get(record.remote_id)
        if owner is not None and owner.person_id not in {None, person.id}:
            other = await Person.get(id=owner.person_id)
            about = {"id": record.remote_id, "email": other.email}
            raise Refusal.of(CrmPersonCode.CRM_PERSON_LINKED, ("remoteId",), **about)
        before = (await store.links_of(context.workspace_id, org.key, [person.id])).get(person.id)
        row = record_row(session, record, person.id, CrmMatchedBy.MANUAL)
        await store.store_records(context.workspace_id, org.key, [row], context.clock())
        data = {"to": record.remote_id, "kind": str(record.kind), **_earlier(before)}
        event = workspace_event(
            context.workspace_id, EventKind.CRM_PERSON_LINKED, context.now, data=data, person_id=person.id
        )
        await write([event])


def _earlier(row: CrmPerson | None) -> dict[str, str]:
    return {"from": row.remote_id} if row is not None and row.remote_id is not None else {}


@retry_on_deadlock
async def unlink_person(context: WorkspaceContext, person_id: str) -> Person:
    """End the link of a person. The person is not matched again until a user links them. Raises Refusal."""
    person = await get_or_refuse(Person, context.workspace_id, person_id, ("personId",))
    org = org_key(await present_connection(context))
    async with transaction():
        await lock_person(context, person.id, ("personId",))
        row = (await store.links_of(context.workspace_id, org, [person.id])).get(person.id)
        if row is not None and row.remote_id is not None:
            await store.unlink(context.workspace_id, org, [row.remote_id])
            event = workspace_event(
                context.workspace_id,
                EventKind.CRM_PERSON_UNLINKED,
                context.now,
                data={"from": row.remote_id},
                person_id=person.id,
            )
            await write([event])
        reason = (person.id, *CrmPersonCode.CRM_PERSON_UNLINKED.message())
        await store.store_problems(context.workspace_id, org, [reason], context.clock())
    return person
