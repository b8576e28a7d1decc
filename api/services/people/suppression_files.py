"""Import and export suppressed addresses as CSV.

An import reads a file from another system, or a plain list with one address on each line. It writes a hundred rows in
one transaction. A second import of the same file changes nothing, so a file can be imported again after a crash.
"""

import asyncio
import csv
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.csv_files import CsvCode
from api.codes.refusals.jobs import JobCode
from api.codes.request_errors.inputs import InputCode
from api.csv_formulas import guarded
from api.csv_reading import (
    COLUMN_NAMES,
    Row,
    Table,
    address_in,
    column_label,
    plain_name,
    read_table,
)
from api.mail.address import AddressProblem, address_key, check_address
from api.models import Suppression
from api.services.common.inputs import inputs
from api.services.common.job_chunks.bisection import bisect_failures
from api.services.common.request_context import WorkspaceContext
from api.services.people.csv_source import check_source
from api.services.people.suppressions import MAX_REASON_CHARACTERS, suppress
from api.states import SuppressionSource
from api.store.events.events import workspace_event, write
from api.store.people.suppressions import NewSuppression, count_suppressed, next_suppressed
from strategies import Refusal
from strategies.timeline.timeline_notes import utc

MAX_ROWS = 5_000
"""Most rows of the mutation, which waits until all rows are written. A row takes about 0.13 ms."""
MAX_SOURCE_CHARACTERS = 50_000_000
"""Most characters in a file."""
MAX_EXPORT_ROWS = 100_000
"""Most addresses in one response of the API."""
ROWS_PER_CHUNK = 100
CHARACTERS_PER_CHUNK = 500_000
"""Characters of rows after which a chunk ends."""
MAX_TIME_CHARACTERS = 100
"""Characters of a cell that are read as a time."""
HEADER = ("email", "unsubscribed_at", "source", "reason")
PATH = ("csv",)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row without a valid address. ``row`` is its number in a spreadsheet."""

    row: int
    code: str
    message: str


@dataclass(slots=True)
class SuppressionImport:
    """The counts of an import so far."""

    total: int
    new: int = 0
    unchanged: int = 0
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def processed(self) -> int:
        """The number of processed rows."""
        return self.new + self.unchanged + len(self.refused)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The indexes of the columns with the address, the reason and the time. None if there is no such column."""

    email: int
    reason: int | None
    since: int | None


async def import_suppressions(
    context: WorkspaceContext,
    source: str,
    reason: str = "",
    *,
    limit: int | None = MAX_ROWS,
    progress: Callable[[SuppressionImport], None] = lambda done: None,
) -> SuppressionImport:
    """Suppress the addresses of a CSV text. If the text cannot be read, raises Refusal and writes nothing.

    ``reason`` applies to rows without a reason. Rows without a valid address are reported, and the others are imported.
    """
    inputs.check_length(source, PATH, MAX_SOURCE_CHARACTERS)
    why = inputs.line(reason, ("reason",), limit=MAX_REASON_CHARACTERS, required=False)
    try:
        table, columns, total = await asyncio.to_thread(_read_all, source, limit)
    except Refusal as refusal:
        raise refusal.under(*PATH) from None
    done, rows = SuppressionImport(total), _rows(table)
    while chunk := await asyncio.to_thread(_next_rows, rows):
        suppressions, refused = await asyncio.to_thread(_read_chunk, table, chunk, columns, why, context.now)
        done.refused += refused

        async def write_rows(part: Sequence[tuple[int, NewSuppression]]) -> None:
            rows = [each for _, each in part]
            new = await suppress(context, rows, SuppressionSource.CSV, quiet=True) if rows else 0
            done.new += new
            done.unchanged += len(rows) - new

        async def refuse(each: tuple[int, NewSuppression], reason: str) -> None:
            done.refused.append(RefusedRow(each[0], *JobCode.ROW_FAILED.message(reason=reason)))

        await bisect_failures(suppressions, write_rows, refuse)
        progress(done)
    counted = {"new": done.new, "known": done.unchanged, "refused": len(done.refused)}
    await write([workspace_event(context.workspace_id, EventKind.SUPPRESSIONS_IMPORTED, context.now, data=counted)])
    return done


def _read_all(source: str, limit: int | None) -> tuple[Table, _Columns, int]:
    """Read a text to its end, and count its rows without keeping them. Raises Refusal without a path."""
    table = read_table(source, COLUMN_NAMES["email"])
    columns, total = _columns(table), 0
    for _ in _rows(table):
        total += 1
        if limit is not None and total > limit:
            raise Refusal.of(CsvCode.CSV_TOO_LARGE, case="suppressions", limit=limit)
    if not total:
        raise Refusal.of(CsvCode.CSV_EMPTY, case="no_addresses")
    check_source(source)
    return table, columns, total


def _read_chunk(
    table: Table, rows: Sequence[Row], columns: _Columns, why: str, now: datetime
) -> tuple[list[tuple[int, NewSuppression]], list[RefusedRow]]:
    """Return the suppressions of rows, with the row numbers, and the rows without a valid address."""
    suppressions, refused = [], []
    for row in rows:
        try:
            suppressions.append((row.number, _read(table, row, columns, why, now)))
        except Refusal as refusal:
            refused.append(RefusedRow(row.number, refusal.code, refusal.message))
    return suppressions, refused


def _columns(table: Table) -> _Columns:
    """Find the columns. Raises Refusal without a path."""
    if not table.header:
        raise Refusal.of(CsvCode.CSV_EMPTY, case="blank")
    names = [plain_name(cell) for cell in table.header]
    found = [index for index, name in enumerate(names) if name in COLUMN_NAMES["email"]]
    if len(found) > 1:
        raise Refusal.of(CsvCode.CSV_DUPLICATE_COLUMN, case="email")
    if found:
        table.check_header(found[0])
        return _Columns(found[0], *(names.index(name) if name in names else None for name in ("reason", HEADER[1])))
    if _is_list(table):
        return _Columns(0, None, None)
    named = ", ".join(table.header)[:200]
    raise Refusal.of(CsvCode.CSV_NO_EMAIL_COLUMN, case="suppressions", columns=named)


def _is_list(table: Table) -> bool:
    """Whether the text is a plain list of addresses without a header."""
    return len(table.header) == 1 and "@" in table.header[0]


def _rows(table: Table) -> Iterator[Row]:
    """Yield the rows that are not blank. In a plain list, that includes the first line."""
    if _is_list(table):
        yield Row(table.header_record.number, list(table.header))
    yield from table.rows()


def _next_rows(rows: Iterator[Row]) -> list[Row]:
    """Read the next rows. Fewer if they are long."""
    chunk: list[Row] = []
    length = 0
    for row in rows:
        chunk.append(row)
        length += sum(map(len, row.cells))
        if len(chunk) == ROWS_PER_CHUNK or length >= CHARACTERS_PER_CHUNK:
            break
    return chunk


def _read(table: Table, row: Row, columns: _Columns, why: str, now: datetime) -> NewSuppression:
    """Return the suppression of a row. Raises Refusal if it has no valid address, or possibly more than one."""
    # An overlooked address would get emails. Refuse a cell with a line that looks like a row of its own.
    if (inside := table.row_inside(row, columns.email, any_width=True)) is not None:
        raise Refusal.of(CsvCode.CSV_INVALID, case="row", label=_label(table, inside))
    for index in range(len(table.header), len(row.cells)):
        if "@" in row.cells[index]:
            cell, column = row.cells[index][:40], column_label(index)
            raise Refusal.of(CsvCode.TOO_MANY_CELLS, case="suppressions", cell=cell, column=column)
    try:
        email = check_address(address_in(row.cells[columns.email]))
    except AddressProblem as problem:
        raise Refusal(*problem.message) from None
    row_reason = (
        " ".join(row.cells[columns.reason][:2_000].split())[:MAX_REASON_CHARACTERS]
        if columns.reason is not None
        else ""
    )
    since = _since(row.cells[columns.since][:MAX_TIME_CHARACTERS], now) if columns.since is not None else now
    return NewSuppression(email, address_key(email), since, row_reason or why)


def _label(table: Table, index: int) -> str:
    label = column_label(index, table.header[index] if index < len(table.header) else "")
    return f"{label[0].upper()}{label[1:]}"


def _since(cell: str, now: datetime) -> datetime:
    """Return the time (UTC) in a cell, if it has an offset from UTC. Else return now, so that the row still counts."""
    try:
        time = datetime.fromisoformat(cell)
        since = time.astimezone(UTC).replace(microsecond=0) if time.tzinfo is not None else now
    except (ValueError, OverflowError):
        return now
    return min(since, now) if since.year >= 2000 else now


async def export_suppressions(workspace_id: str) -> AsyncIterator[Suppression]:
    """Yield the suppressed addresses, in the order of their first suppression."""
    after, rows = "", [Suppression()]
    while rows:
        rows = await next_suppressed(workspace_id, after, ROWS_PER_CHUNK)
        for row in rows:
            yield row
            after = row.id


async def suppressions_csv(context: WorkspaceContext) -> str:
    """Return the suppressed addresses as CSV, in the format of an import. Raises Refusal if there are too many."""
    if await count_suppressed(context.workspace_id) > MAX_EXPORT_ROWS:
        raise Refusal.of(InputCode.TOO_LONG, case="export", limit=MAX_EXPORT_ROWS)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    async for row in export_suppressions(context.workspace_id):
        writer.writerow(cells(row))
    return text.getvalue()


def cells(row: Suppression) -> tuple[str, str, str, str]:
    """Return a suppression as a row of the export."""
    since = utc(row.unsubscribed_at) if row.unsubscribed_at else ""
    return row.email, since, str(row.source), guarded(row.reason)
