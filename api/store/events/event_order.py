"""The order of events: an ascending position, and the position up to which readers can see every event.

Ids of events ascend in the order of writing, but transactions commit in another order. A reader that queries the events
after an id would miss an event whose transaction commits later. So each statement that writes events takes a position,
and a reader reads no further than the position below all transactions that are still open.

PostgreSQL: the statement first takes an advisory lock on the last position, then the next one. Its transaction holds
the lock until it ends, so the smallest lock is a bound: the transaction's positions are greater. Transactions that
write no events, in this database or another one, do not delay readers. A sequence survives a restore into another
cluster, which ids of transactions do not. SQLite has one writer at a time, so committed positions have no gap.
"""

from api.store.engine.database import is_postgres
from api.store.engine.sql import execute

LOCK_CLASS = 0x5445
"""The upper 16 bits of the advisory locks' keys. The lower 48 bits are a position."""
LOCK_BASE = LOCK_CLASS << 48

POSTGRES_NEXT = (
    "(SELECT nextval('event_position') FROM"
    # OFFSET 0 keeps PostgreSQL from merging the two SELECTs, so the lock is taken first.
    f" (SELECT pg_advisory_xact_lock_shared({LOCK_BASE} + last_value) FROM event_position OFFSET 0) AS locked)"
)
SQLITE_NEXT = (
    "INSERT INTO event_position (id, last) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET last = last + 1 RETURNING last"
)
POSTGRES_SETTLED = (
    # The last position is read before the locks. The condition on it makes the inner query run afterwards.
    "SELECT reached.last, (SELECT min((classid::bigint << 32 | objid::bigint) & 281474976710655) FROM pg_locks"
    " WHERE reached.last > 0 AND locktype = 'advisory' AND objsubid = 1 AND granted"
    f" AND classid::bigint >> 16 = {LOCK_CLASS}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS bound"
    " FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM event_position OFFSET 0) AS reached"
)
SQLITE_SETTLED = "SELECT last, NULL AS bound FROM event_position"


async def next_position() -> str:
    """Return the next position as SQL, for one statement that writes events in the current transaction.

    All rows of the statement get the same position. They are ordered by id.
    """
    if is_postgres():
        return POSTGRES_NEXT
    (row,) = await execute(SQLITE_NEXT)
    return str(row["last"])


async def settled() -> tuple[int, bool]:
    """Return the position up to which every event can be read from now on, and whether later ones are being written.

    Read the events in another statement, after this one.
    """
    rows = await execute(POSTGRES_SETTLED if is_postgres() else SQLITE_SETTLED)
    if not rows:
        return 0, False
    last, bound = rows[0]["last"], rows[0]["bound"]
    return (last, False) if bound is None else (min(last, bound), True)
