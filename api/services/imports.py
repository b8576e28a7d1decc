"""Import people from CSV: in the background, in chunks that resume exactly, with a report of the refused rows."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from api.ids import new_id
from api.models import ImportRefusal, PeopleImport, Person
from api.services import inputs
from api.services.people import BUILT_IN, FIELD_NAME, checked
from api.services.scope import Scope, workspace_now
from api.states import ImportStatus
from api.store import ledger
from api.store.events import event, write
from api.store.leases import take
from api.store.suppressions import keep_addresses, suppressed_keys
from api.store.transactions import transaction, undeadlocked
from strategies import Refusal

MAX_ROWS = 100_000
MAX_COLUMNS = 200
CHUNK = 1_000
LEASE = timedelta(minutes=2)
COLUMNS = {"email", "first_name", "last_name", "title", "company", "zone"}
WRITABLE = ["email", "email_key", "first_name", "last_name", "title", "company", "zone", "own_fields"]


async def start_import(scope: Scope, source: str) -> PeopleImport:
    """Check the header, count the rows, and store the source for the tick loop to import. Raises Refusal."""
    inputs.text(source, ("csv",), limit=50_000_000)
    try:
        columns, rows = _read(source)
        total = sum(1 for _ in rows)
    except csv.Error as problem:
        raise Refusal("CSV_INVALID", f"This is no CSV: {problem}.", ("csv",)) from None
    if len(columns) > MAX_COLUMNS:
        told = f"An import takes up to {MAX_COLUMNS} columns; this has {len(columns)}."
        raise Refusal("CSV_TOO_LARGE", told, ("csv",))
    if "email" not in columns:
        named = ", ".join(columns)[:200]
        raise Refusal("CSV_NO_EMAIL_COLUMN", f"No column is named email. Columns: {named}.", ("csv",))
    for name in columns:
        if columns.count(name) > 1:
            raise Refusal("CSV_DUPLICATE_COLUMN", f"The column {name[:60]!r} stands there twice.", ("csv",))
        if name not in COLUMNS and (not FIELD_NAME.fullmatch(name) or name in BUILT_IN):
            raise Refusal(
                "CSV_INVALID_COLUMN", f"{name[:60]!r} cannot name a dynamic field: use a-z, 0-9, _.", ("csv",)
            )
    if total > MAX_ROWS:
        raise Refusal("CSV_TOO_LARGE", f"An import takes up to {MAX_ROWS} rows; this has {total}.", ("csv",))
    if not total:
        raise Refusal("CSV_EMPTY", "There are no rows under the header.", ("csv",))
    return await PeopleImport.create(
        id=new_id("imp"), workspace_id=scope.workspace_id, source=source, total=total, created_at=scope.now
    )


async def claim_import(now: datetime) -> PeopleImport | None:
    """Take an import that nobody works on, so that any process goes on with it. ``now`` is the real time, UTC."""
    return await take(PeopleImport.filter(status=ImportStatus.RUNNING), now, LEASE)


async def run_import(
    row: PeopleImport, clock: Callable[[], datetime], progress: Callable[[PeopleImport], None] = lambda row: None
) -> PeopleImport:
    """Import what is left, chunk by chunk; each chunk and its progress are one transaction."""
    columns, rows = _read(row.source)
    chunk: list[list[str]] = []
    for number, cells in enumerate(rows, 1):
        if number <= row.processed:
            continue
        chunk.append(cells)
        if len(chunk) == CHUNK or number == row.total:
            lease_until, now = clock() + LEASE, await workspace_now(row.workspace_id, clock)
            known = await _import(row, columns, chunk, lease_until, now)
            if known is None:  # another process has taken it over, because we were away for too long
                return await PeopleImport.get(id=row.id)
            # Emails that are claimed are written with what people are called now.
            await ledger.release("person_id", known)
            progress(row)
            chunk = []
    return row


def _read(source: str) -> tuple[list[str], Iterator[list[str]]]:
    """Return the column names and the rows that are not blank."""
    source = source.removeprefix("\ufeff")
    header = source.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(StringIO(source, newline=""), delimiter=delimiter)
    names = next(reader, [])
    columns = ["_".join(name.strip().lower().replace("-", " ").split()) for name in names]
    return columns, (row for row in reader if any(cell.strip() for cell in row))


@undeadlocked
async def _import(
    row: PeopleImport, names: Sequence[str], chunk: Sequence[list[str]], lease_until: datetime, now: datetime
) -> list[str] | None:
    """Create or update the people of one chunk; refuse the rows that cannot be used, and no others.

    ``lease_until`` is real time, ``now`` the workspace's present: virtual in a sandbox. Both UTC.
    Returns the ids of those who were there before; None where the import is no longer ours.
    """
    wanted, refused = _sorted_out(row, names, chunk)
    values: dict[str, Any] = {"processed": row.processed + len(chunk), "lease_until": lease_until}
    over = row.processed + len(chunk) >= row.total
    if over:
        values |= {"status": ImportStatus.FINISHED, "source": "", "lease_until": None}
    async with transaction():
        await keep_addresses(row.workspace_id)
        ours = PeopleImport.filter(id=row.id, status=ImportStatus.RUNNING, processed=row.processed)
        if not await ours.update(**values):
            return None
        found = Person.filter(workspace_id=row.workspace_id, email_key__in=list(wanted)).select_for_update()
        known = {person.email_key: person for person in await found}
        created = []
        for key, columns in wanted.items():
            if key in known:
                columns["own_fields"] = {**known[key].own_fields, **columns.get("own_fields", {})}
                known[key].update_from_dict(columns)
            else:
                created.append(Person(id=new_id("per"), workspace_id=row.workspace_id, created_at=now, **columns))
        await Person.bulk_create(created, batch_size=500)
        if known:
            await Person.bulk_update(known.values(), WRITABLE, batch_size=100)
        await ImportRefusal.bulk_create(refused, batch_size=500)
        told = {
            "created": row.created + len(created),
            "updated": row.updated + len(chunk) - len(refused) - len(created),
            "failed": row.failed + len(refused),
        }
        suppressed = row.suppressed + len(await suppressed_keys(row.workspace_id, list(wanted)))
        await PeopleImport.filter(id=row.id).update(**told, suppressed=suppressed)
        if over:
            await write([event(row.workspace_id, "PEOPLE_IMPORTED", now, data={"import": row.id, **told})])
    row.update_from_dict({**values, **told, "suppressed": suppressed})
    return [str(person.id) for person in known.values()]


def _sorted_out(
    row: PeopleImport, names: Sequence[str], chunk: Sequence[list[str]]
) -> tuple[dict[str, dict[str, Any]], list[ImportRefusal]]:
    """Return the columns of each address, and the rows that cannot be used."""
    wanted: dict[str, dict[str, Any]] = {}
    refused: list[ImportRefusal] = []
    for number, cells in enumerate(chunk, row.processed + 1):
        try:
            columns = _columns(names, cells)
        except Refusal as refusal:
            told = {"row": number, "code": refusal.code, "message": refusal.message}
            about = {"workspace_id": row.workspace_id, "people_import_id": row.id}
            refused.append(ImportRefusal(id=new_id("ref"), **about, **told))
        else:
            # A later row of the same address updates the earlier one.
            wanted[columns["email_key"]] = {**wanted.get(columns["email_key"], {}), **columns}
    return wanted, refused


def _columns(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Return a row's columns. Blank cells say nothing, so they erase nothing."""
    if any(cell.strip() for cell in cells[len(names) :]):
        told = f"This row has {len(cells)} cells for {len(names)} columns. A cell with a comma in it needs quotes."
        raise Refusal("TOO_MANY_CELLS", told, ())
    filled = {name: value.strip() for name, value in zip(names, cells, strict=False) if value.strip()}
    own = {name: value for name, value in filled.items() if name not in COLUMNS}
    values: dict[str, Any] = {name: value for name, value in filled.items() if name in COLUMNS}
    return checked({"email": "", **values, **({"fields": own} if own else {})})
