"""Add the changes that transactions have appended to the counts of cells and subjects.

On PostgreSQL, one process at a time folds, and it waits for no other transaction.
"""

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from api.store.reports.measures import KEYS, MEASURES, MEASURES_WITH_REASON, NO_DAY, Scope, pivot

FOLDING_LOCK = 7_280_116
"""Key of PostgreSQL's advisory lock, so that one process at a time folds."""
MAX_FOLDED_ROWS = 20_000
"""Changes that one transaction of a server folds on PostgreSQL."""
COUNT_KEYS = "workspace_id, scope, subject_id, day"


async def fold(most: int = MAX_FOLDED_ROWS) -> int:
    """Fold the changes that are committed. Returns how many changes this call has folded.

    On PostgreSQL, one transaction folds at most ``most`` of them.
    """
    folded = 0
    while True:
        part = await _fold_part(most)
        folded += part
        if part < most or not is_postgres():
            return folded


async def _fold_part(most: int) -> int:
    if not await execute("SELECT 1 AS found FROM report_delta LIMIT 1"):
        return 0
    async with transaction():
        if is_postgres():
            (lock,) = await execute(f"SELECT pg_try_advisory_xact_lock({FOLDING_LOCK}) AS locked")
            return await _fold_on_postgres(most) if lock["locked"] else 0
        (count,) = await execute("SELECT count(*) AS number FROM report_delta")
        for statement in (_cells("report_delta"), _counts("report_delta"), _reasons("report_delta")):
            await execute(statement)
        await execute("DELETE FROM report_delta")
    return int(count["number"])


async def _fold_on_postgres(most: int) -> int:
    """Fold in one statement, which sees the same changes throughout."""
    (count,) = await execute(
        "WITH taken AS (DELETE FROM report_delta WHERE ctid = ANY(ARRAY(SELECT ctid FROM report_delta"
        f" LIMIT {most} FOR UPDATE SKIP LOCKED)) RETURNING *),"
        f" cells AS ({_cells('taken')}), counts AS ({_counts('taken')}), reasons AS ({_reasons('taken')})"
        " SELECT count(*) AS number FROM taken"
    )
    return int(count["number"])


def _cells(source: str) -> str:
    """Return the statement that adds changes to the cells."""
    keys = ", ".join(KEYS)
    return (
        f"INSERT INTO report_cell ({keys}, {', '.join(MEASURES)}) SELECT {keys}, {pivot()} FROM {source} AS changed"
        f" WHERE true GROUP BY {keys} ORDER BY {keys}"
        f" ON CONFLICT ({keys}) DO UPDATE SET {_added('report_cell', MEASURES)}"
    )


def _counts(source: str) -> str:
    """Return the statement that adds changes to the sums by subject, by day and of all days."""
    return (
        f"INSERT INTO report_count ({COUNT_KEYS}, {', '.join(MEASURES)}) SELECT {COUNT_KEYS}, {pivot()}"
        f" FROM ({by_subject(source)}) AS changed WHERE true GROUP BY {COUNT_KEYS} ORDER BY {COUNT_KEYS}"
        f" ON CONFLICT (scope, subject_id, day) DO UPDATE SET {_added('report_count', MEASURES)}"
    )


def _reasons(source: str) -> str:
    """Return the statement that adds changes to the numbers by reason."""
    keys = f"{COUNT_KEYS}, measure, reason"
    named = ", ".join(f"'{measure}'" for measure in MEASURES_WITH_REASON)
    return (
        f"INSERT INTO report_reason ({keys}, number) SELECT {keys}, sum(number) FROM ({by_subject(source)}) AS changed"
        f" WHERE measure IN ({named}) GROUP BY {keys} ORDER BY {keys}"
        " ON CONFLICT (scope, subject_id, day, measure, reason) DO UPDATE SET number = report_reason.number"
        " + excluded.number"
    )


def by_subject(source: str) -> str:
    """Return the changes of each subject, once for their day and once for the sum of all days."""
    parts = [
        f"SELECT workspace_id, '{scope}' AS scope, {scope.column} AS subject_id, day, measure, reason, number"
        f" FROM {source} WHERE {scope.column} <> ''"
        for scope in Scope
    ]
    both = f"WITH each_day AS ({' UNION ALL '.join(parts)})"
    columns = "workspace_id, scope, subject_id"
    return (
        f"{both} SELECT {columns}, day, measure, reason, number FROM each_day WHERE day <> {no_day()}"
        f" UNION ALL SELECT {columns}, {no_day()}, measure, reason, number FROM each_day"
    )


def no_day() -> str:
    """Return NO_DAY as SQL."""
    return f"{'DATE ' if is_postgres() else ''}'{NO_DAY.isoformat()}'"


def _added(table: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in columns)
