"""Import people from CSV in the background, in chunks that can resume after a crash, with a report of refused rows."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from api.clock import Clock
from api.codes.events.event_kinds import EventKind
from api.codes.refusals.csv_files import CsvCode
from api.codes.refusals.jobs import JobCode
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.models import PeopleImport
from api.services.common.inputs.request_keys import RequestKey, remember
from api.services.common.job_chunks.bisection import bisect_failures
from api.services.common.request_context import WorkspaceContext, workspace_now
from api.services.enrollments.facts.fact_changes import FactFollower
from api.services.jobs.job_limits import refuse_further_import
from api.services.people import groups
from api.services.people.csv_source import check_source
from api.services.people.import_chunk import COUNTS, Names, remember_row, sort_rows
from api.services.people.import_records import link_records
from api.services.people.import_rows import PersonRow, RefusedCell, open_people, person_rows
from api.states import ImportStatus, OnKnown
from api.store import jobs
from api.store.dispatch import claims
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import workspace_event, write
from api.store.people import groups as stored_groups
from api.store.people import imports as store
from api.store.people.suppressions import prevent_suppressions, suppressed_keys
from strategies import Refusal
from strategies.errors import RefusalCollector
from strategies.registry import SendOptions

MAX_ROWS = 100_000
"""Most rows of a file."""
MAX_SOURCE_CHARACTERS = 50_000_000
"""Most characters of a file."""
ROWS_PER_CHUNK = 100
"""Most rows that one transaction writes."""
CHARACTERS_PER_CHUNK = 500_000
"""Characters of rows after which a chunk ends."""
IMPORT_JOB = "import"


async def start_import(
    context: WorkspaceContext,
    source: str,
    *,
    on_known: OnKnown = OnKnown.UPDATE,
    dry_run: bool = False,
    group_id: str | None = None,
    lease_until: datetime | None = None,
    key: RequestKey | None = None,
) -> PeopleImport:
    """Check the whole source, and store it for a background job to import. If it raises Refusal, nothing is stored.

    With ``group_id``, the people of the file are added to a group. ``lease_until`` (UTC, real time) reserves the job
    for a caller that runs it itself.
    """
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise Refusal.of(InputCode.TOO_LONG, ("csv",), case="import_file", limit=MAX_SOURCE_CHARACTERS)
    refusals = RefusalCollector()
    try:
        total = await asyncio.to_thread(_count, source)
    except Refusal as refusal:
        refusals.add(refusal.under("csv"))
    with refusals:
        if group_id is not None:
            group = await groups.refuse_unknown_group(context, group_id)
            if not refusals.found and group.people + total > stored_groups.MAX_PEOPLE:
                raise Refusal.of(PersonCode.GROUP_FULL, groups.GROUP, limit=stored_groups.MAX_PEOPLE)
    refusals.raise_any()
    about: dict[str, Any] = {"id": new_id("imp"), "workspace_id": context.workspace_id, "created_at": context.now}
    about["people_group_id"] = group_id
    async with transaction():
        await remember(context, key, [about["id"]])
        await refuse_further_import(PeopleImport.filter(status=ImportStatus.RUNNING), context.workspace_id)
        row = await PeopleImport.create(total=total, on_known=on_known, dry_run=dry_run, **about)
        await store.store_source(row.id, source)
        await jobs.start(IMPORT_JOB, context.workspace_id, row.id, context.clock(), lease_until)
    return row


def _count(source: str) -> int:
    """Count the rows that are not blank. Raises Refusal if the file cannot be read to its end."""
    table, _ = open_people(source)
    total = 0
    for _ in table.rows():
        total += 1
        if total > MAX_ROWS:
            raise Refusal.of(CsvCode.CSV_TOO_LARGE, limit=MAX_ROWS)
    if not total:
        raise Refusal.of(CsvCode.CSV_EMPTY)
    check_source(source)
    return total


async def import_chunks(row: PeopleImport, clock: Clock, options: SendOptions) -> AsyncGenerator[int, None]:
    """Import the remaining rows. One transaction writes a chunk of rows and the progress.

    Emails of changed people are recalculated if one of the send options reads a changed fact.
    """
    if row.status is not ImportStatus.RUNNING:
        return
    writer = _Writer(row, clock, FactFollower(options))
    seen: dict[str, frozenset[str]] = {}
    # Rows that an earlier run of the job refused: their addresses do not count as used.
    refused = await store.refused_rows(row.id)
    async for chunk in _chunks(row, seen, refused):
        if chunk is None:
            yield 0
            continue
        rows, last = chunk
        now = await workspace_now(row.workspace_id, clock)
        for changed in await _write_chunk(writer, rows, seen, now, last=last):
            if changed is None:  # another process has taken the job over
                return
            # Claimed emails are rendered again with the people's new fields.
            await claims.release_claims("person_id", changed)
        yield len(rows)


@dataclass(frozen=True, slots=True)
class _Writer:
    """The context of the functions that write the rows of one import."""

    row: PeopleImport
    clock: Clock
    """Real time, UTC."""
    follower: FactFollower


async def _write_chunk(
    writer: _Writer,
    rows: Sequence[PersonRow],
    seen: Names,
    now: datetime,
    *,
    last: bool,
) -> list[list[str] | None]:
    """Import one chunk, and refuse the rows that cannot be written. Returns the result of ``_write`` for each part."""

    async def import_part(part: Sequence[PersonRow]) -> list[str] | None:
        ends_import = last and (not part or part[-1].number == rows[-1].number)
        return await _import(writer, part, seen, now, last=ends_import)

    async def refuse(each: PersonRow, reason: str) -> list[str] | None:
        refused = RefusedCell(Refusal.of(JobCode.ROW_FAILED, reason=reason))
        return await import_part([PersonRow(each.number, {}, [refused], length=each.length)])

    return await bisect_failures(rows, import_part, refuse)


async def _chunks(
    row: PeopleImport, seen: Names, refused: Collection[Any]
) -> AsyncIterator[tuple[list[PersonRow], bool] | None]:
    """Yield the remaining rows in chunks, each with whether it is the last. Puts addresses of earlier rows in ``seen``.

    A thread reads and checks the rows. Yields None for each chunk of earlier rows.
    """
    rows, done = person_rows(await store.read_source(row.id)), row.processed
    index, ahead = 0, await asyncio.to_thread(_read_rows, rows, min(ROWS_PER_CHUNK, done) or ROWS_PER_CHUNK)
    while index < done and ahead:
        for each in ahead:
            if not each.refusals and each.number not in refused:
                remember_row(row, seen, each)
        index += len(ahead)
        yield None
        ahead = await asyncio.to_thread(_read_rows, rows, min(ROWS_PER_CHUNK, done - index) or ROWS_PER_CHUNK)
    while True:
        chunk, ahead = ahead, await asyncio.to_thread(_read_rows, rows, ROWS_PER_CHUNK) if ahead else []
        yield chunk, not ahead
        if not ahead:
            return


def _read_rows(rows: Iterator[PersonRow], max_rows: int) -> list[PersonRow]:
    """Read up to ``max_rows`` rows. Fewer if they are long."""
    chunk: list[PersonRow] = []
    length = 0
    for each in rows:
        chunk.append(each)
        length += each.length
        if len(chunk) >= max_rows or length >= CHARACTERS_PER_CHUNK:
            break
    return chunk


async def _import(
    writer: _Writer,
    rows: Sequence[PersonRow],
    seen: Names,
    now: datetime,
    *,
    last: bool,
) -> list[str] | None:
    """Import one chunk. If another transaction has just added one of its addresses, try it once more."""
    try:
        return await _write(writer, rows, seen, now, last=last)
    except IntegrityError:
        return await _write(writer, rows, seen, now, last=last)


@retry_on_deadlock
async def _write(
    writer: _Writer,
    rows: Sequence[PersonRow],
    seen: Names,
    now: datetime,
    *,
    last: bool,
) -> list[str] | None:
    """Create or update the people of one chunk, and store the refused rows. A dry run only counts and reports.

    ``seen`` are the addresses of earlier rows. ``now`` is the workspace's time (UTC): virtual in a sandbox.
    Returns the ids of changed people. None if another process has taken the import over.
    """
    row = writer.row
    processed = row.processed + len(rows)
    values: dict[str, Any] = {"processed": processed}
    if last:
        # Correct the total of a source that an earlier release counted in another way.
        values |= {"status": ImportStatus.FINISHED, "total": processed}
    async with transaction():
        await prevent_suppressions(row.workspace_id)
        if not await store.mark_processed(row, values):
            return None
        keys = {each.values["email_key"] for each in rows if not each.refusals}
        existing = await store.people_by_key(row.workspace_id, keys, lock=not row.dry_run)
        before = writer.follower.facts(existing.values())
        chunk = sort_rows(row, rows, existing, seen, now)
        if not row.dry_run:
            await store.write_people(chunk.created.values(), chunk.changed.values())
            await writer.follower.changed(row.workspace_id, before, chunk.changed.values(), writer.clock)
            of_file = sorted(person.id for person in {**existing, **chunk.created}.values())
            await store.store_people_of(row.id, of_file)
            await _add_to_group(row, of_file, now)
            await link_records(row, rows, {**existing, **chunk.created}, now)
        await store.write_refusals(chunk.refused)
        # Count people, not rows: leave out those whom an earlier chunk has counted.
        used = [key for key in {**chunk.created, **chunk.changed} if key not in seen]
        chunk.counts["suppressed"] = len(await suppressed_keys(row.workspace_id, used))
        counts = {name: getattr(row, name) + count for name, count in chunk.counts.items()}
        await PeopleImport.filter(id=row.id).update(**counts)
        if last:
            await store.delete_source(row.id)
        if last and not row.dry_run:
            data = {"import": row.id, **{name: counts[name] for name in COUNTS}}
            await write([workspace_event(row.workspace_id, EventKind.PEOPLE_IMPORTED, now, data=data)])
    row.update_from_dict(values | counts)
    seen.update(chunk.names.maps[0])
    return [] if row.dry_run else [str(person.id) for person in chunk.changed.values()]


async def _add_to_group(row: PeopleImport, person_ids: Sequence[str], now: datetime) -> None:
    """Add the people of a chunk to the import's group, unless it was deleted meanwhile."""
    if row.people_group_id is not None and await stored_groups.lock_group(row.people_group_id) is not None:
        await stored_groups.add_people(row.workspace_id, row.people_group_id, person_ids, now)
