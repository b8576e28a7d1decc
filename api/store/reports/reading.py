"""Read the counts: of subjects, and of a report by day or by subject. Changes that are not folded yet are added."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.store.engine.sql import Row, execute, in_list
from api.store.reports.folding import no_day
from api.store.reports.measures import MEASURES, MEASURES_WITH_REASON, Scope, pivot

NAMED_REASONS = f"measure IN ({', '.join(f'{each!r}' for each in MEASURES_WITH_REASON)})"


class Counts(NamedTuple):
    """The counts of a subject. ``numbers`` has those that are not 0, by measure."""

    numbers: dict[str, int]
    reasons: dict[str, dict[str, int]]
    """By measure: its numbers by reason."""

    def number(self, measure: str) -> int:
        """Return the number of a measure."""
        return self.numbers.get(measure, 0)


NO_COUNTS = Counts({}, {})


async def counts(workspace_id: str, scope: Scope, subject_ids: Iterable[str]) -> dict[str, Counts]:
    """Return the counts of all days of subjects, by id. A subject without any is left out."""
    ids = sorted(set(subject_ids))
    names = ", ".join(MEASURES)
    rows = await execute(
        f"SELECT subject_id, {sums()} FROM (SELECT subject_id, {names} FROM report_count WHERE scope = '{scope}'"
        f" AND {in_list('subject_id', 2)} AND day = {no_day()} AND workspace_id = $1"
        f" UNION ALL SELECT {scope.column}, {pivot()} FROM report_delta WHERE workspace_id = $1"
        f" AND {in_list(scope.column, 2)} GROUP BY {scope.column}) AS counted GROUP BY subject_id",
        workspace_id,
        ids,
    )
    found = {row["subject_id"]: Counts(numbers_of(row), {}) for row in rows}
    if any(each.number(measure) for each in found.values() for measure in MEASURES_WITH_REASON):
        for row in await _reasons(workspace_id, scope, ids):
            reasons = found[row["subject_id"]].reasons.setdefault(row["measure"], {})
            reasons[row["reason"]] = int(row["number"])
    return found


async def _reasons(workspace_id: str, scope: Scope, ids: Sequence[str]) -> Sequence[Row]:
    return await execute(
        "SELECT subject_id, measure, reason, sum(number) AS number FROM (SELECT subject_id, measure, reason, number"
        f" FROM report_reason WHERE scope = '{scope}' AND {in_list('subject_id', 2)} AND day = {no_day()}"
        f" AND workspace_id = $1 UNION ALL SELECT {scope.column}, measure, reason, number FROM report_delta"
        f" WHERE workspace_id = $1 AND {in_list(scope.column, 2)} AND {NAMED_REASONS}) AS counted"
        " GROUP BY subject_id, measure, reason HAVING sum(number) <> 0 ORDER BY subject_id, measure, reason",
        workspace_id,
        list(ids),
    )


def sums() -> str:
    """Return the SQL of the sum of each measure."""
    return ", ".join(f"sum({name}) AS {name}" for name in MEASURES)


def numbers_of(row: Row) -> dict[str, int]:
    """Return the numbers of a row that are not 0, by measure."""
    return {name: int(row[name]) for name in MEASURES if row[name]}
