"""Import people from CSV in the background, in chunks that can resume after a crash, with a report of refused rows."""

import asyncio
from collections import ChainMap
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from api.clock import Clock
from api.codes.csv_files import CsvCode
from api.codes.event_kinds import EventKind
from api.codes.inputs import InputCode
from api.codes.jobs import JobCode
from api.codes.people import PersonCode
from api.ids import new_id
from api.models import ImportRefusal, PeopleImport, Person
from api.services.common.bisection import bisect_failures
from api.services.common.context import WorkspaceContext, workspace_now
from api.services.jobs.job_limits import refuse_further_import
from api.services.people.csv_source import check_source
from api.services.people.import_rows import PersonRow, open_people, person_rows
from api.services.people.people import MAX_FIELDS
from api.states import ImportStatus, OnKnown
from api.store import claims, jobs
from api.store import imports as store
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import workspace_event, write
from api.store.suppressions import prevent_suppressions, suppressed_keys
from strategies import Refusal

MAX_ROWS = 100_000
"""Most rows of a file."""
MAX_SOURCE_CHARACTERS = 50_000_000
"""Most characters of a file."""
ROWS_PER_CHUNK = 100
"""Most rows that one transaction writes."""
CHARACTERS_PER_CHUNK = 500_000
"""Characters of rows after which a chunk ends."""
IMPORT_JOB = "import"
Names = MutableMapping[str, frozenset[str]]
COUNTS = ("created", "updated", "skipped", "failed")


@dataclass(slots=True)
class Chunk:
    """The changes of one chunk of rows. Each attempt to write the chunk makes a new one."""

    names: ChainMap[str, frozenset[str]]
    """The addresses of earlier rows, each with the names of its dynamic fields from this file."""
    refused: list[ImportRefusal] = field(default_factory=list)
    created: dict[str, Person] = field(default_factory=dict)
    changed: dict[str, Person] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*COUNTS, "repeated"), 0))


async def start_import(
    context: WorkspaceContext,
    source: str,
    *,
    on_known: OnKnown = OnKnown.UPDATE,
    dry_run: bool = False,
    lease_until: datetime | None = None,
) -> PeopleImport:
    """Check the whole source, and store it for a background job to import. If it raises Refusal, nothing is stored.

    ``lease_until`` (UTC, real time) reserves the job for a caller that runs it itself.
    """
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise Refusal.of(InputCode.TOO_LONG, ("csv",), case="import_file", limit=MAX_SOURCE_CHARACTERS)
    try:
        total = await asyncio.to_thread(_count, source)
    except Refusal as refusal:
        raise refusal.under("csv") from None
    about: dict[str, Any] = {"id": new_id("imp"), "workspace_id": context.workspace_id, "created_at": context.now}
    async with transaction():
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


async def import_chunks(row: PeopleImport, clock: Clock) -> AsyncGenerator[int, None]:
    """Import the remaining rows. One transaction writes a chunk of rows and the progress."""
    if row.status is not ImportStatus.RUNNING:
        return
    seen: dict[str, frozenset[str]] = {}
    # Rows that an earlier run of the job refused: their addresses do not count as used.
    refused = await store.refused_rows(row.id)
    async for chunk in _chunks(row, seen, refused):
        if chunk is None:
            yield 0
            continue
        rows, last = chunk
        now = await workspace_now(row.workspace_id, clock)
        for changed in await _write_chunk(row, rows, seen, now, last=last):
            if changed is None:  # another process has taken the job over
                return
            # Claimed emails are rendered again with the people's new fields.
            await claims.release_claims("person_id", changed)
        yield len(rows)


async def _write_chunk(
    row: PeopleImport,
    rows: Sequence[PersonRow],
    seen: Names,
    now: datetime,
    *,
    last: bool,
) -> list[list[str] | None]:
    """Import one chunk, and refuse the rows that cannot be written. Returns the result of ``_write`` for each part."""

    async def import_part(part: Sequence[PersonRow]) -> list[str] | None:
        ends_import = last and (not part or part[-1].number == rows[-1].number)
        return await _import(row, part, seen, now, last=ends_import)

    async def refuse(each: PersonRow, reason: str) -> list[str] | None:
        refusal = Refusal.of(JobCode.ROW_FAILED, reason=reason)
        return await import_part([PersonRow(each.number, {}, refusal, length=each.length)])

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
            if not each.refusal and each.number not in refused:
                _remember(row, seen, each)
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


def _remember(row: PeopleImport, names: Names, each: PersonRow) -> None:
    """Record a row's address as used, with the dynamic fields that this file has given it so far."""
    key, own = each.values["email_key"], frozenset(each.values.get("own_fields", ()))
    if key not in names or row.on_known == OnKnown.UPDATE:
        names[key] = names.get(key, frozenset()) | own


async def _import(
    row: PeopleImport,
    rows: Sequence[PersonRow],
    seen: Names,
    now: datetime,
    *,
    last: bool,
) -> list[str] | None:
    """Import one chunk. If another transaction has just added one of its addresses, try it once more."""
    try:
        return await _write(row, rows, seen, now, last=last)
    except IntegrityError:
        return await _write(row, rows, seen, now, last=last)


@retry_on_deadlock
async def _write(
    row: PeopleImport,
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
    processed = row.processed + len(rows)
    values: dict[str, Any] = {"processed": processed}
    if last:
        # Correct the total of a source that an earlier release counted in another way.
        values |= {"status": ImportStatus.FINISHED, "total": processed}
    async with transaction():
        await prevent_suppressions(row.workspace_id)
        if not await store.mark_processed(row, values):
            return None
        keys = {each.values["email_key"] for each in rows if not each.refusal}
        existing = await store.people_by_key(row.workspace_id, keys, lock=not row.dry_run)
        chunk = _sort_rows(row, rows, existing, seen, now)
        if not row.dry_run:
            await store.write_people(chunk.created.values(), chunk.changed.values())
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


def _sort_rows(
    row: PeopleImport,
    rows: Sequence[PersonRow],
    existing: dict[str, Person],
    seen: Names,
    now: datetime,
) -> Chunk:
    """Sort rows, in the order of the file, into new people, updates, skipped and refused ones."""
    chunk = Chunk(ChainMap({}, seen))
    for each in rows:
        key = each.values.get("email_key", "")
        repeated = key in chunk.names
        person = existing.get(key) or chunk.created.get(key)
        # A dry run creates no people, so a repeated address means that the person would exist.
        exists = person is not None or (row.dry_run and repeated)
        skipped = exists and row.on_known == OnKnown.SKIP
        names = set(each.values.get("own_fields", ())).union(person.own_fields if person else ())
        if row.dry_run:
            names |= chunk.names.get(key, frozenset())
        refusal = each.refusal
        if not refusal and not skipped and len(names) > MAX_FIELDS:
            refusal = Refusal.of(PersonCode.INVALID_FIELDS, case="too_many", limit=MAX_FIELDS)
        if refusal:
            chunk.refused.append(_refusal_row(row, each, refusal))
            chunk.counts["failed"] += 1
            continue
        _remember(row, chunk.names, each)
        chunk.counts["repeated"] += repeated
        chunk.counts["skipped" if skipped else "updated" if exists else "created"] += 1
        if skipped:
            continue
        if person is not None:
            _change(person, each.values)
        elif not exists:
            about = {"id": new_id("per"), "workspace_id": row.workspace_id, "created_at": now}
            chunk.created[key] = Person(**about, **each.values)
        if key in existing:
            chunk.changed[key] = existing[key]
    return chunk


def _refusal_row(row: PeopleImport, each: PersonRow, refusal: Refusal) -> ImportRefusal:
    about = {"workspace_id": row.workspace_id, "people_import_id": row.id, "row": each.number, "column": each.column}
    return ImportRefusal(id=new_id("ref"), code=refusal.code, message=refusal.message, **about)


def _change(person: Person, values: dict[str, Any]) -> None:
    """Set a person's values from a row. Dynamic fields that the row does not give keep their values."""
    own = {**person.own_fields, **values.get("own_fields", {})}
    person.update_from_dict({**values, "own_fields": own})
