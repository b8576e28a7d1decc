"""Read the lines of a report, by day or by subject. Changes that are not folded yet are added."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

from api.store.engine.sql import execute, in_byte_order, in_list
from api.store.reports.folding import no_day
from api.store.reports.measures import MEASURES, Scope, pivot
from api.store.reports.reading import numbers_of, sums

MAX_SUBJECTS = 2_000
"""Subjects whose days are read in one statement."""


class CountsOf(NamedTuple):
    """One line of a report: a day or a subject, and its counts."""

    key: str
    """A day such as "2026-03-02", or the id of a subject."""
    numbers: dict[str, int]
    by: Scope | None = None
    """The kind of the subject; None for a day."""


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """The rows that a report counts. An id of None counts all; ``first`` and ``last`` are the first and last day."""

    campaign_id: str | None = None
    step_id: str | None = None
    sender_id: str | None = None
    template_id: str | None = None
    first: date | None = None
    last: date | None = None

    @property
    def every_day(self) -> bool:
        """Whether all days are counted."""
        return self.first is None and self.last is None

    @property
    def subjects(self) -> dict[Scope, str]:
        """The subjects of the filter, by their kind."""
        ids = {
            Scope.CAMPAIGN: self.campaign_id,
            Scope.STEP: self.step_id,
            Scope.SENDER: self.sender_id,
            Scope.TEMPLATE: self.template_id,
        }
        return {scope: subject for scope, subject in ids.items() if subject is not None}


@dataclass(frozen=True, slots=True)
class Lines:
    """Which lines of a report: the first, or the last, ``limit`` of those between two keys."""

    limit: int
    after: date | str | None = None
    before: date | str | None = None
    last: bool = False
    inclusive: bool = False
    """Whether the lines of the two keys count as well."""


async def report(
    workspace_id: str, by: Scope | None, chosen: ReportFilter, lines: Lines
) -> tuple[list[CountsOf], bool]:
    """Return lines of a report, and whether more lines lie between the two keys.

    By day, the latest first, if ``by`` is None; else by subject in the order of ids. A line has at least one number
    that is not 0.
    """
    found: list[CountsOf] = []
    if by is None or chosen.every_day or chosen.subjects:
        found = await _read(workspace_id, by, chosen, lines)
    else:
        found = await _read_period(workspace_id, by, chosen, lines)
    page = found[: lines.limit]
    return page[::-1] if lines.last else page, len(found) > lines.limit


async def _read_period(workspace_id: str, by: Scope, chosen: ReportFilter, lines: Lines) -> list[CountsOf]:
    """Read a page of subjects in a period: the days of the next subjects, until there are enough lines."""
    found: list[CountsOf] = []
    size, place = lines.limit + 1, lines
    while True:
        subjects = await _subjects(workspace_id, by, replace(place, limit=size))
        found += await _read(workspace_id, by, chosen, replace(lines, limit=size), subjects)
        if len(found) > lines.limit or len(subjects) < size:
            return found
        end = subjects[-1]
        before, after = (end, lines.after) if lines.last else (lines.before, end)
        place = replace(place, before=before, after=after, inclusive=False)
        size = min(2 * size, MAX_SUBJECTS)


async def _subjects(workspace_id: str, by: Scope, lines: Lines) -> list[str]:
    """Return the ids of the first, or last, subjects that have any counts, in the order of reading."""
    values: list[Any] = [workspace_id]
    between = _between("key", lines, values, descending=False)
    where = " AND ".join(["true", *between])
    rows = await execute(
        f"SELECT key FROM (SELECT {in_byte_order('subject_id')} AS key FROM report_count WHERE workspace_id = $1"
        f" AND scope = '{by}' AND day = {no_day()} UNION SELECT {in_byte_order(by.column)} FROM report_delta"
        f" WHERE workspace_id = $1 AND {by.column} <> '') AS subjects WHERE {where}"
        f" ORDER BY key{' DESC' if lines.last else ''} LIMIT {lines.limit}",
        *values,
    )
    return [row["key"] for row in rows]


async def _read(
    workspace_id: str, by: Scope | None, chosen: ReportFilter, lines: Lines, keys: Sequence[str] | None = None
) -> list[CountsOf]:
    """Read up to ``limit + 1`` lines, from the end if the last lines are read.

    With ``keys``, only the lines of these keys.
    """
    key = "day" if by is None else by.column
    place = key if by is None else in_byte_order(key)
    values: list[Any] = [workspace_id]
    conditions = ["workspace_id = $1", f"day > {no_day()}" if by is None else f"{key} <> ''"]
    conditions += [_compare(scope.column, "=", subject, values) for scope, subject in chosen.subjects.items()]
    conditions += [_compare("day", ">=", chosen.first, values)] if chosen.first is not None else []
    conditions += [_compare("day", "<=", chosen.last, values)] if chosen.last is not None else []
    if keys is None:
        conditions += _between(place, lines, values, descending=by is None)
    else:
        values.append(list(keys))
        conditions.append(in_list(key, len(values)))
    where = " AND ".join(conditions)
    kept = _kept(by, chosen).format(where=where, key=place)
    rows = await execute(
        f"SELECT key, {sums()} FROM ({kept} UNION ALL SELECT {place}, {pivot()} FROM report_delta WHERE {where}"
        f" GROUP BY 1) AS counted GROUP BY key HAVING {' OR '.join(f'sum({name}) <> 0' for name in MEASURES)}"
        f" ORDER BY key{' DESC' if (by is None) is not lines.last else ''} LIMIT {lines.limit + 1}",
        *values,
    )
    return [CountsOf(_key(row["key"]), numbers_of(row), by) for row in rows]


def _compare(column: str, sign: str, value: Any, values: list[Any]) -> str:
    """Add a value to those of a statement, and return the condition on a column."""
    values.append(value)
    return f"{column} {sign} ${len(values)}"


def _between(place: str, lines: Lines, values: list[Any], *, descending: bool) -> list[str]:
    """Return the conditions that a key lies between those of ``lines``."""
    later, earlier = ("<", ">") if descending else (">", "<")
    at = "=" if lines.inclusive else ""
    found = [_compare(place, later + at, lines.after, values)] if lines.after is not None else []
    return found + ([_compare(place, earlier + at, lines.before, values)] if lines.before is not None else [])


def _kept(by: Scope | None, chosen: ReportFilter) -> str:
    """Return the SELECT of the folded counts, from the smallest table that has them. ``{where}`` is its condition."""
    names, subjects = ", ".join(MEASURES), chosen.subjects
    if len(subjects) > 1 or (by is not None and subjects and by not in subjects):
        return f"SELECT {{key}} AS key, {names} FROM report_cell WHERE {{where}}"
    (scope,) = subjects or (by or Scope.WORKSPACE,)
    # The table with the names of a cell: the subject's id has the name of its column.
    subject = (
        "subject_id AS workspace_id" if scope is Scope.WORKSPACE else f"workspace_id, subject_id AS {scope.column}"
    )
    days = f"day = {no_day()}" if chosen.every_day and by is not None else f"day > {no_day()}"
    table = f"(SELECT {subject}, day, {names} FROM report_count WHERE scope = '{scope}' AND {days}) AS counted"
    return f"SELECT {{key}} AS key, {names} FROM {table} WHERE {{where}}"


def _key(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
