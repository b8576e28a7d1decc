"""Opt-outs of emails, both ways: a person who opted out on one side gets no emails from the other.

- An address that unsubscribes here is opted out at once in all records of the CRM that have it.
- An address that has opted out in the CRM is suppressed here, whether or not a person has it.
- A consent is never copied: to write to an address again, both sides must allow it. The one exception is a recipient
  who undoes their own click: then Touchline clears only the opt-outs that it has written for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.models import CrmPerson, Person, Suppression
from api.services.crm.failures.recording import record_failures
from api.services.crm.failures.retrying import failure_of
from api.services.crm.organization import CrmOrg
from api.services.crm.people.changed_records import follow_records
from api.services.crm.people.records import normal_address, record_row, suppress_opted_out
from api.states import SuppressionChangeKind, SuppressionSource
from api.store.crm import changes as stored_changes
from api.store.crm import person_records as store
from api.store.crm.changes import Change, Failure
from api.store.crm.person_records import RecordRow
from api.store.engine.rows import by_ids
from api.store.engine.transactions import transaction
from api.store.people.suppression_history import LastChange, last_changes
from api.store.people.suppressions import suppressed_keys
from plugins.crms.codes import CrmCode
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import OptOut, RemotePerson
from plugins.crms.tasks import MAX_BATCH

GONE = frozenset({CrmCode.ENTITY_IS_DELETED, CrmCode.CANNOT_UPDATE_CONVERTED_LEAD})
"""Codes of records that cannot be written any more.

The records into which they were merged or converted have the address as well.
"""


@dataclass(slots=True)
class OptOutCounts:
    """Counts of the changes that were written to the CRM, and that came from it."""

    pushed: int = 0
    pulled: int = 0
    moved: int = 0
    """People who got another record, because a lead was converted."""
    failed: dict[str, int] = field(default_factory=dict)


async def push_opt_outs(
    org: CrmOrg, session: CrmSession, changes: Sequence[Change], now: datetime, counts: OptOutCounts
) -> None:
    """Write the opt-outs of up to 200 addresses that have changed here. Raises CrmError for the whole connection."""
    rows: dict[str, Suppression] = await by_ids(Suppression, org.workspace_id, [each.object_id for each in changes])
    keys = {row.email_key: row for row in rows.values()} if org.settings.sync_opt_outs else {}
    last = {each.email_key: each for each in await last_changes(org.workspace_id, list(keys))}
    records = await _records(org, session, [row for key, row in keys.items() if _opted_out_here(row, last.get(key))])
    withdrawn = await store.written_opt_outs(
        org.workspace_id, org.key, [key for key, row in keys.items() if _is_undone(row, last.get(key))]
    )
    withdrawn = await _without_still_suppressed(org, withdrawn)
    wanted = {each.remote_id: each for key in records for each in records[key] if not each.opted_out}
    wishes = [OptOut(remote_id, opted_out=True, changed_at=now) for remote_id in wanted]
    wishes += [OptOut(str(row.remote_id), opted_out=False, changed_at=now) for row in withdrawn]
    errors: dict[str, CrmError] = {}
    for start in range(0, len(wishes), MAX_BATCH):
        batch = wishes[start : start + MAX_BATCH]
        results = {result.key: result for result in await session.set_opt_outs(batch)}
        written: list[str] = []
        for wish in batch:
            result = results.get(wish.remote_id)
            error = result.error if result is not None else CrmError(CrmCode.ANSWER_LOST, in_doubt=True)
            if error is None:
                written.append(wish.remote_id)
            elif error.code not in GONE:
                errors[wish.remote_id] = error
        counts.pushed += len(written)
        new = [record_row(session, wanted[each], None, None) for each in written if each in wanted]
        async with transaction():
            await store.store_records(org.workspace_id, org.key, [_opted_out(row) for row in new], now)
            await store.mark_written(org.workspace_id, org.key, [row.remote_id for row in new], opted_out=True)
            taken_back = [str(row.remote_id) for row in withdrawn if row.remote_id in written]
            await store.mark_written(org.workspace_id, org.key, taken_back, opted_out=False)
    await _settle(org, changes, rows, records, withdrawn, errors, now, counts)


async def _records(org: CrmOrg, session: CrmSession, rows: Sequence[Suppression]) -> dict[str, list[RemotePerson]]:
    """Return all records of addresses, and those of the people who have them, by address."""
    found: dict[str, dict[str, RemotePerson]] = {row.email_key: {} for row in rows}
    for start in range(0, len(rows), MAX_BATCH):
        addresses = [row.email for row in rows[start : start + MAX_BATCH]]
        for record in await session.find_people(addresses=addresses):
            for address in (record.address, *record.other_addresses):
                if (key := normal_address(address)) in found and _can_be_written(record):
                    found[key][record.remote_id] = record
    linked = await store.linked_to_addresses(org.workspace_id, org.key, list(found))
    known = {remote_id for each in found.values() for remote_id in each}
    others = {str(row.remote_id): key for key, row in linked if str(row.remote_id) not in known}
    ids = sorted(others)
    for start in range(0, len(ids), MAX_BATCH):
        for record in await session.find_people(remote_ids=ids[start : start + MAX_BATCH]):
            if record.remote_id in others and _can_be_written(record):
                found[others[record.remote_id]][record.remote_id] = record
    return {key: list(each.values()) for key, each in found.items()}


async def _without_still_suppressed(org: CrmOrg, records: Sequence[CrmPerson]) -> list[CrmPerson]:
    """Leave out records that must stay opted out for another suppressed address: the record's, or its person's here."""
    people: dict[str, Person] = await by_ids(
        Person, org.workspace_id, [row.person_id for row in records if row.person_id is not None]
    )
    addresses = {row.id: {row.email_key} for row in records}
    for row in records:
        if row.person_id in people:
            addresses[row.id].add(people[row.person_id].email_key)
    suppressed = await suppressed_keys(org.workspace_id, sorted(set[str]().union(*addresses.values())))
    return [row for row in records if not addresses[row.id] & suppressed]


def _can_be_written(record: RemotePerson) -> bool:
    """Whether the record has an opt-out field that can be changed. A converted lead cannot be changed."""
    return record.opted_out is not None and not record.is_deleted and record.converted_to is None


def _opted_out_here(row: Suppression, last: LastChange | None) -> bool:
    """Whether the address has opted out here.

    An opt-out that came from the CRM is not copied to other records there.
    """
    return row.unsubscribed_at is not None and last is not None and last.source is not SuppressionSource.CRM


def _is_undone(row: Suppression, last: LastChange | None) -> bool:
    """Whether the last change is that the recipient undid their own unsubscribe."""
    undone = last is not None and last.source is SuppressionSource.UNDO
    return undone and row.unsubscribed_at is None and last.kind is SuppressionChangeKind.RESUBSCRIBED  # type: ignore[union-attr]


def _opted_out(row: RecordRow) -> RecordRow:
    return RecordRow(
        row.remote_id, row.kind, row.person_id, row.email_key, row.account_id, row.url, row.matched_by, opted_out=True
    )


async def _settle(
    org: CrmOrg,
    changes: Sequence[Change],
    rows: Mapping[str, Suppression],
    records: Mapping[str, Sequence[RemotePerson]],
    withdrawn: Sequence[CrmPerson],
    errors: Mapping[str, CrmError],
    now: datetime,
    counts: OptOutCounts,
) -> None:
    """Store which changes are done, and why the others failed: the error of the first record that failed."""
    done: list[Change] = []
    failures: list[Failure] = []
    for change in changes:
        row = rows.get(change.object_id)
        key = "" if row is None else row.email_key
        ids = [each.remote_id for each in records.get(key, ())]
        ids += [str(each.remote_id) for each in withdrawn if each.email_key == key]
        error = next((errors[each] for each in ids if each in errors), None)
        if error is None:
            done.append(change)
        else:
            counts.failed[error.category] = counts.failed.get(error.category, 0) + 1
            failures.append(failure_of(change, error, now))
    await stored_changes.done(done)
    await record_failures(org.context, failures, now)
    for error in errors.values():
        if error.stops_all:
            raise error


async def apply_opt_outs(
    org: CrmOrg, session: CrmSession, opt_outs: Sequence[OptOut], now: datetime, counts: OptOutCounts
) -> None:
    """Apply changes in the CRM: suppress people who opted out, and follow leads that were converted."""
    known = await store.records_of(org.workspace_id, org.key, [each.remote_id for each in opt_outs])
    news = [each for each in opt_outs if each.opted_out and not _is_ours(each, known.get(each.remote_id))]
    counts.pulled += await suppress_opted_out(org, news)
    kept = [_record_of(session, each, known.get(each.remote_id)) for each in opt_outs]
    async with transaction():
        await store.store_records(org.workspace_id, org.key, [row for row in kept if row is not None], now)
    converted = {
        str(known[each.remote_id].person_id)
        for each in opt_outs
        if each.converted_to is not None and each.remote_id in known and known[each.remote_id].person_id is not None
    }
    if converted:
        counts.moved += len(await follow_records(org, session, converted, now))


def _is_ours(given: OptOut, row: CrmPerson | None) -> bool:
    """Whether Touchline itself has written the opt-out, and the record still has the address.

    All other opt-outs are applied, even if they are known: the record may have another address or person now, or
    opt-outs were not synced when it was read.
    """
    return row is not None and row.opted_out_by_us and (normal_address(given.address) or "") == row.email_key


def _record_of(session: CrmSession, given: OptOut, known: CrmPerson | None) -> RecordRow | None:
    """Return the row to store for a record. None if it has no person here, and has not opted out."""
    if known is None and not given.opted_out:
        return None
    kind = given.kind or (None if known is None else known.kind)
    if kind is None:
        return None
    return RecordRow(
        remote_id=given.remote_id,
        kind=kind,
        person_id=None,
        email_key=normal_address(given.address) or ("" if known is None else known.email_key),
        account_id=None if known is None else known.account_id,
        url=session.record_url(given.remote_id) if known is None else known.url,
        matched_by=None,
        opted_out=given.opted_out,
    )
