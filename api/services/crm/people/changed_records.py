"""Follow records of the CRM that were converted, merged or deleted. The Live Feed keeps the history of a person."""

from collections.abc import Collection, Mapping
from datetime import datetime

from api.codes.crm.person_records import CrmPersonCode
from api.codes.events.event_kinds import EventKind
from api.crm_records import CrmMatchedBy
from api.models import CrmPerson
from api.services.crm.organization import CrmOrg
from api.services.crm.people.matching import final_record
from api.services.crm.people.records import record_row, suppress_opted_out
from api.store.crm import person_records as store
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import workspace_event, write
from api.store.people.people import lock_present
from plugins.crms.contract import CrmSession
from plugins.crms.people_and_activities import RemotePerson
from plugins.crms.tasks import MAX_BATCH

MAX_STEPS = 5
"""How often a record is followed: a merged lead that was converted to a contact that was merged, and so on."""


async def follow_records(org: CrmOrg, session: CrmSession, person_ids: Collection[str], now: datetime) -> set[str]:
    """Query whether people's records were converted, merged or deleted, and move the links.

    Returns the people who have another record now. The link of a deleted record is removed, and the reason stored.
    Raises CrmError.
    """
    links = await store.links_of(org.workspace_id, org.key, person_ids)
    rows = {key: row for key, row in links.items() if row.remote_id is not None}
    records = await _read(session, {str(row.remote_id) for row in rows.values()})
    moved: dict[str, RemotePerson] = {}
    gone: dict[str, CrmPerson] = {}
    for person_id, row in rows.items():
        final = final_record(str(row.remote_id), records)
        if isinstance(final, RemotePerson) and final.remote_id != row.remote_id:
            moved[person_id] = final
        elif final is None:
            gone[person_id] = row
    taken = await _move(org, session, rows, moved, gone, now)
    await suppress_opted_out(org, list(moved.values()))
    return taken


async def read_final(session: CrmSession, remote_ids: Collection[str]) -> dict[str, RemotePerson]:
    """Return the present record of each id, after merges and conversions. Unknown and deleted ones are left out.

    A CRM may have a short and a long form of an id: both lead to the same record.
    """
    records = await _read(session, remote_ids)
    found: dict[str, RemotePerson] = {}
    for remote_id in remote_ids:
        longer = next((each for each in records if each.startswith(remote_id)), "")
        final = final_record(remote_id if remote_id in records else longer, records)
        if isinstance(final, RemotePerson):
            found[remote_id] = final
    return found


async def _read(session: CrmSession, remote_ids: Collection[str]) -> dict[str, RemotePerson]:
    """Return records, and the records into which they were merged or converted."""
    records: dict[str, RemotePerson] = {}
    wanted = sorted(remote_ids)
    for _ in range(MAX_STEPS):
        for start in range(0, len(wanted), MAX_BATCH):
            found = await session.find_people(remote_ids=wanted[start : start + MAX_BATCH])
            records |= {record.remote_id: record for record in found}
        following = {record.merged_into or record.converted_to for record in records.values()}
        wanted = sorted({each for each in following if each is not None} - set(records))
        if not wanted:
            break
    return records


@retry_on_deadlock
async def _move(
    org: CrmOrg,
    session: CrmSession,
    rows: Mapping[str, CrmPerson],
    moved: Mapping[str, RemotePerson],
    gone: Mapping[str, CrmPerson],
    now: datetime,
) -> set[str]:
    async with transaction():
        present = await lock_present([*moved, *gone])
        owners = await store.records_of(org.workspace_id, org.key, [each.remote_id for each in moved.values()])
        free = {
            person_id: record
            for person_id, record in moved.items()
            if person_id in present
            and (record.remote_id not in owners or owners[record.remote_id].person_id in {None, person_id})
        }
        new = [record_row(session, record, person_id, CrmMatchedBy.CONVERTED) for person_id, record in free.items()]
        await store.store_records(org.workspace_id, org.key, new, now)
        await store.unlink(org.workspace_id, org.key, [str(row.remote_id) for row in gone.values()])
        reasons = [
            (person_id, *CrmPersonCode.CRM_PERSON_DELETED.message(id=row.remote_id))
            for person_id, row in gone.items()
            if person_id in present
        ]
        await store.store_problems(org.workspace_id, org.key, reasons, now)
        await write(
            [
                workspace_event(
                    org.workspace_id,
                    EventKind.CRM_PERSON_MOVED,
                    org.context.now,
                    data={"from": rows[person_id].remote_id, "to": record.remote_id, "kind": str(record.kind)},
                    person_id=person_id,
                )
                for person_id, record in free.items()
            ]
        )
    return set(free)
