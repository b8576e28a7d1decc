"""Make the row of a CRM record, and suppress its addresses if it has opted out."""

from collections.abc import Sequence

from api.crm_records import CrmMatchedBy
from api.mail.address import MAX_ADDRESS_LENGTH, AddressProblem, address_key, check_address
from api.models import Person
from api.services.crm.organization import CrmOrg
from api.services.people.suppressions import suppress
from api.states import SuppressionSource
from api.store.crm import person_records as store
from api.store.crm.person_records import RecordRow
from api.store.engine.rows import by_ids
from api.store.people.suppressions import NewSuppression
from plugins.crms.contract import CrmSession
from plugins.crms.people_and_activities import OptOut, RemotePerson


def normal_address(address: str) -> str | None:
    """Return the normal form of an address of the CRM. None if it cannot be one."""
    try:
        key = address_key(address.strip()) if "@" in address else ""
    except AddressProblem:
        return None
    # Lower case can be longer: the dotted capital I becomes two characters.
    return key if 0 < len(key) <= MAX_ADDRESS_LENGTH else None


def record_row(
    session: CrmSession, record: RemotePerson, person_id: str | None, matched_by: CrmMatchedBy | None
) -> RecordRow:
    """Return a record as it is stored."""
    return RecordRow(
        remote_id=record.remote_id,
        kind=record.kind,
        person_id=person_id,
        email_key=normal_address(record.address) or "",
        account_id=record.account_id,
        url=session.record_url(record.remote_id),
        matched_by=matched_by,
        opted_out=bool(record.opted_out),
    )


async def suppress_opted_out(org: CrmOrg, records: Sequence[RemotePerson | OptOut]) -> int:
    """Suppress the addresses of records that have opted out. Returns how many are new.

    A record that is linked with a person has two addresses: its own and the person's. Addresses without a person are
    suppressed too, so that nobody writes to them when a person gets one of them.
    """
    opted_out = [record for record in records if record.opted_out]
    if not opted_out or not org.settings.sync_opt_outs:
        return 0
    links = await store.records_of(org.workspace_id, org.key, [record.remote_id for record in opted_out])
    owners = {key: row.person_id for key, row in links.items() if row.person_id is not None}
    people: dict[str, Person] = await by_ids(Person, org.workspace_id, sorted(set(owners.values())))
    rows = []
    for record in opted_out:
        reason = f"Opted out in {org.label} (record {record.remote_id})."
        person = people.get(owners.get(record.remote_id, ""))
        for given in (record.address, "" if person is None else person.email):
            address = storable_address(given)
            if address is not None:
                rows.append(NewSuppression(address, address_key(address), org.context.now, reason))
    return await suppress(org.context, rows, SuppressionSource.CRM, quiet=True) if rows else 0


def storable_address(address: str) -> str | None:
    """Return a valid address of the CRM. None if it is not valid: no email can go there."""
    try:
        return check_address(address.strip())
    except AddressProblem:
        return None
