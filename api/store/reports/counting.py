"""Count the rows: check the stored counts against them, and recalculate the counts.

Each statement sees the rows and the changes of the same transactions, so nothing is locked.
"""

from collections.abc import Sequence
from typing import NamedTuple

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from api.store.reports.folding import COUNT_KEYS, FOLDING_LOCK, by_subject, fold, no_day
from api.store.reports.measures import KEYS, MEASURES, MEASURES_WITH_REASON

PENDING = "send.status IN ('SCHEDULED', 'DEFERRED', 'CLAIMED', 'TRANSMITTING')"
EMAIL_KEYS = (
    "send.workspace_id, coalesce(step.campaign_id, '') AS campaign_id, coalesce(send.step_id, '') AS step_id,"
    f" send.sender_id, CASE WHEN {PENDING} THEN '' ELSE coalesce(send.template_id,"
    " CASE WHEN send.message_id IS NOT NULL THEN step.former_template_id END, '') END AS template_id,"
    f" coalesce(CASE WHEN {PENDING} THEN NULL ELSE send.attempted_on END, send.planned_date) AS day"
)
EMAILS = {
    "scheduled": PENDING,
    "delivered": "send.status = 'SENT'",
    "bounced_hard": "send.status = 'BOUNCED' AND send.bounce = 'HARD'",
    "bounced_soft": "send.status = 'BOUNCED' AND coalesce(send.bounce, 'SOFT') = 'SOFT'",
    "failed": "send.status = 'FAILED'",
    "in_doubt": "send.status = 'IN_DOUBT'",
    "replied": "send.replied_at IS NOT NULL",
    "unsubscribed": "send.unsubscribed_at IS NOT NULL",
    "complained": "send.complained_at IS NOT NULL",
    "succeeded": "send.succeeded_at IS NOT NULL",
}
"""By measure: which emails count once."""
ENGAGED_KEYS = (
    "workspace_id, coalesce(campaign_id, '') AS campaign_id, coalesce(step_id, '') AS step_id,"
    " coalesce(sender_id, '') AS sender_id, coalesce(template_id, '') AS template_id"
)
ENGAGEMENTS = {
    "opened": "CASE WHEN opens > 0 THEN 1 ELSE 0 END",
    "opens": "opens",
    "clicked": "CASE WHEN clicks > 0 THEN 1 ELSE 0 END",
    "clicks": "clicks",
    "machine_opens": "machine_opens",
    "machine_clicks": "machine_clicks",
}
TASK_KEYS = (
    "workspace_id, coalesce(campaign_id, '') AS campaign_id, coalesce(step_id, '') AS step_id,"
    " assignee_id AS sender_id, '' AS template_id, coalesce(done_on, due_date) AS day"
)
TASK_STATUSES = {
    "tasks_open": "OPEN",
    "tasks_done": "COMPLETED",
    "tasks_skipped": "SKIPPED",
    "tasks_expired": "EXPIRED",
    "tasks_cancelled": "CANCELLED",
}
PEOPLE_STATUSES = {
    "people_active": "ACTIVE",
    "people_finished": "FINISHED",
    "people_succeeded": "SUCCEEDED",
    "people_ended": "ENDED",
}
DELTA_COLUMNS = ", ".join([*KEYS, "measure", "reason", "number"])
NAMED_REASONS = f"measure IN ({', '.join(f'{each!r}' for each in MEASURES_WITH_REASON)})"


class Difference(NamedTuple):
    """A count that is not the number of its rows."""

    key: str
    """The columns of the count's key."""
    rows: int
    counted: int


async def rebuild() -> None:
    """Recalculate all counts from the rows."""
    tables = [f"report_{name}" for name in ("delta", "cell", "count", "reason")]
    keys = ", ".join([*KEYS, "measure", "reason"])
    insert = (
        f"INSERT INTO report_delta ({DELTA_COLUMNS}) SELECT {keys}, sum(number) FROM ({_counted_rows()}) AS counted"
        f" GROUP BY {keys}"
    )
    async with transaction():
        if is_postgres():
            await execute(f"SELECT pg_advisory_xact_lock({FOLDING_LOCK}) IS NULL AS locked")
            deletes = ", ".join(f"old_{table} AS (DELETE FROM {table})" for table in tables)
            await execute(f"WITH {deletes} {insert}")
        else:
            for statement in (*(f"DELETE FROM {table}" for table in tables), insert):
                await execute(statement)
    await fold()


async def differences(limit: int) -> list[Difference]:
    """Return up to ``limit`` counts that are not the number of their rows."""
    keys = ", ".join([*KEYS, "measure"])
    deltas = f"SELECT {DELTA_COLUMNS} FROM report_delta"
    cells = (
        f"SELECT {', '.join(KEYS)}, measure, '' AS reason, number FROM ({_unpivoted('report_cell', [*KEYS])}) AS cells"
    )
    found = await _compare(keys, _counted_rows(), f"{deltas} UNION ALL {cells}", limit)
    keys = f"{COUNT_KEYS}, measure"
    counts = _unpivoted("report_count", COUNT_KEYS.split(", "))
    found += await _compare(keys, by_subject(f"({cells}) AS cells"), counts, limit)
    keys += ", reason"
    rows = by_subject(f"(SELECT * FROM ({_counted_rows()}) AS counted WHERE {NAMED_REASONS}) AS named")
    new = by_subject(f"(SELECT * FROM report_delta WHERE {NAMED_REASONS}) AS named")
    kept = f"SELECT {keys}, number FROM report_reason"
    named = f"SELECT {keys}, number FROM ({new}) AS new"
    return found + await _compare(keys, rows, f"{kept} UNION ALL {named}", limit)


async def _compare(keys: str, rows: str, counted: str, limit: int) -> list[Difference]:
    found = await execute(
        f"SELECT {keys}, sum(counted_rows) AS counted_rows, sum(kept) AS kept FROM ("
        f"SELECT {keys}, number AS counted_rows, 0 AS kept FROM ({rows}) AS found"
        f" UNION ALL SELECT {keys}, 0, number FROM ({counted}) AS kept_numbers) AS compared"
        f" GROUP BY {keys} HAVING sum(counted_rows) <> sum(kept) ORDER BY {keys} LIMIT $1",
        limit,
    )
    return [
        Difference(
            " ".join(f"{name}={row[name]}" for name in keys.split(", ")), int(row["counted_rows"]), int(row["kept"])
        )
        for row in found
    ]


def _counted_rows() -> str:
    """Return the SELECT of the numbers that each row adds to the counts."""
    parts = [
        f"SELECT {EMAIL_KEYS}, '{measure}' AS measure,"
        f" {_reason('send.reason', measure)} AS reason, 1 AS number"
        f" FROM send LEFT JOIN step ON step.id = send.step_id WHERE {condition}"
        for measure, condition in EMAILS.items()
    ]
    parts.append(
        f"SELECT {EMAIL_KEYS}, 'replies', '', send.replies FROM send LEFT JOIN step ON step.id = send.step_id"
        " WHERE send.replies <> 0"
    )
    parts += [
        f"SELECT {ENGAGED_KEYS}, coalesce(day, {no_day()}), '{measure}', '', {number} FROM engagement"
        f" WHERE {number} <> 0"
        for measure, number in ENGAGEMENTS.items()
    ]
    parts += [
        f"SELECT {TASK_KEYS}, '{measure}', '', 1 FROM task WHERE status = '{status}'"
        for measure, status in TASK_STATUSES.items()
    ]
    parts += [
        f"SELECT workspace_id, campaign_id, '', '', '', {no_day()}, '{measure}',"
        f" {_reason('end_reason', measure)}, 1 FROM enrollment WHERE status = '{status}'"
        for measure, status in PEOPLE_STATUSES.items()
    ]
    return " UNION ALL ".join(parts)


def _reason(column: str, measure: str) -> str:
    return f"coalesce({column}, '')" if measure in MEASURES_WITH_REASON else "''"


def _unpivoted(table: str, keys: Sequence[str]) -> str:
    """Return the SELECT of one row for each number of a table that has a column for each measure."""
    names = " ".join(f"WHEN {index} THEN '{name}'" for index, name in enumerate(MEASURES))
    numbers = " ".join(f"WHEN {index} THEN {name}" for index, name in enumerate(MEASURES))
    return (
        f"SELECT {', '.join(keys)}, CASE m.column1 {names} END AS measure, CASE m.column1 {numbers} END AS number"
        f" FROM {table} CROSS JOIN (VALUES {', '.join(f'({index})' for index in range(len(MEASURES)))}) AS m"
    )
