"""Link the people of a chunk of an import from a CRM with the records of their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from api.models import PeopleImport, Person
from api.services.people.import_rows import PersonRow
from api.store.crm import person_records as store
from api.store.crm.import_rows import linkable, rows_of
from api.store.crm.person_records import RecordRow


async def link_records(
    row: PeopleImport, rows: Sequence[PersonRow], people: Mapping[str, Person], now: datetime
) -> None:
    """Link people with the records of their rows. Call in the transaction of the chunk. Files have no records.

    Existing links stay. If several rows have the same person, the first row counts.
    """
    if row.crm_source is None:
        return
    records = await rows_of(row.id, [each.number for each in rows])
    found: dict[str, RecordRow] = {}
    for each in rows:
        person = None if each.refusals else people.get(each.values["email_key"])
        record = records.get(each.number)
        if person is not None and record is not None:
            found.setdefault(person.id, replace(record, person_id=person.id))
    org = row.crm_source["org"]
    remote_ids = [record.remote_id for record in found.values()]
    free = await linkable(row.workspace_id, org, list(found), remote_ids)
    # An opt-out that was pulled after the rows were read is newer, so it stays.
    opted_out = {
        key for key, each in (await store.records_of(row.workspace_id, org, remote_ids)).items() if each.opted_out
    }
    chosen = [
        replace(record, opted_out=record.opted_out or record.remote_id in opted_out)
        for person_id, record in found.items()
        if person_id in free and record.remote_id in free
    ]
    await store.store_records(row.workspace_id, org, chosen, now)
