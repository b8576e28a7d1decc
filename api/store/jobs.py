"""The table of background jobs.

A process takes a job for one time slice, which adds 1 to ``turns``. So a job's id and ``turns`` identify its owner.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.ids import new_id
from api.models import Job
from api.states import JobState
from api.store.engine.database import is_postgres
from api.store.engine.sql import execute, in_list, instant_or_past
from api.store.engine.transactions import transaction
from api.store.events.event_actor import asking_actor

LEASE = timedelta(seconds=30)
"""How long a process owns a job that it has taken, unless it renews the lease.

A process that starts waits longer than this for stored answers to be applied before it sends, because a killed process
may still have the lease of that job.
"""
LONGEST_REST = timedelta(minutes=4)
"""The longest time that a job waits. It is longer than a lease and than the wait after any failure."""
FINISHED_JOBS_KEPT_FOR = timedelta(days=30)
"""How long the table keeps a finished job."""
OWNED = "id = $1 AND turns = $2 AND finished_at IS NULL"
KEPT_ERRORS = "errors = CASE WHEN $5 > 0 THEN errors ELSE 0 END, problem = CASE WHEN $5 > 0 THEN problem END"
"""SQL of the columns that go with ``failures``, which is parameter $5."""


async def start(
    kind: str, workspace_id: str | None, subject_id: str, now: datetime, lease_until: datetime | None = None
) -> None:
    """Create a job for a row, or restart its open job. Call it in the transaction that changes the row.

    A process that works on the open job loses it. The next slice reads the changed row. ``lease_until`` reserves the
    job for the caller. The events of the job have the actor of the caller. ``now`` and ``lease_until`` are real time
    (UTC). A job of the server has no workspace.
    """
    state = JobState.WAITING if lease_until is None else JobState.RUNNING
    await execute(
        "INSERT INTO job (id, workspace_id, kind, subject_id, state, lease_until, turns, failures, progress,"
        " created_at, actor) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, $7, $8)"
        " ON CONFLICT (kind, subject_id) WHERE finished_at IS NULL DO UPDATE SET state = excluded.state,"
        " lease_until = excluded.lease_until, turns = job.turns + 1, failures = 0, errors = 0, problem = NULL,"
        " progress = 0, created_at = excluded.created_at, actor = excluded.actor",
        new_id("job"), workspace_id, kind, subject_id, state.value, lease_until, now, asking_actor(),
    )  # fmt: skip


async def keep_open(kind: str, workspace_id: str | None, subject_id: str, now: datetime) -> None:
    """Create a job, unless it is open. Call it in the transaction that adds work for the job.

    A process that works on the open job keeps it and finds the new work, because ``finish_when_done`` waits for this
    transaction. A job that waits for a later time may start at once.
    """
    lock = "FOR KEY SHARE" if is_postgres() else ""
    rows = await execute(
        "SELECT id, lease_until IS NOT NULL AND state = 'WAITING' AS waits FROM job"
        f" WHERE kind = $1 AND subject_id = $2 AND finished_at IS NULL {lock}",
        kind,
        subject_id,
    )
    if not rows:
        await execute(
            "INSERT INTO job (id, workspace_id, kind, subject_id, state, turns, failures, progress, created_at)"
            " VALUES ($1, $2, $3, $4, 'WAITING', 0, 0, 0, $5)"
            # If another transaction has just created it, this one waits, and makes sure that the job is still open.
            " ON CONFLICT (kind, subject_id) WHERE finished_at IS NULL DO UPDATE SET turns = job.turns",
            new_id("job"), workspace_id, kind, subject_id, now,
        )  # fmt: skip
    elif rows[0]["waits"]:
        await execute("UPDATE job SET lease_until = NULL WHERE id = $1 AND state = 'WAITING'", rows[0]["id"])


async def finish_when_done(job: Job, now: datetime, has_work: Callable[[], Awaitable[bool]]) -> bool:
    """Finish a job of ``keep_open`` unless it has more work. Returns True also if another process owns it.

    Work that another transaction adds at the same time is either seen, or starts a new job.
    """
    async with transaction():
        lock = "FOR UPDATE" if is_postgres() else ""
        if not await execute(f"SELECT id FROM job WHERE {OWNED} {lock}", job.id, job.turns):
            return True
        return not await has_work() and await finish(job, JobState.DONE, now)


async def open_job(kind: str, subject_id: str) -> Job | None:
    """Return the open job of a row."""
    return await Job.get_or_none(kind=kind, subject_id=subject_id, finished_at=None)


async def open_jobs() -> Sequence[Any]:
    """Return all open jobs, the oldest first: id, workspace_id, kind, turns, lease_until, failures and errors."""
    rows = await execute(
        "SELECT id, workspace_id, kind, turns, lease_until, failures, errors FROM job WHERE finished_at IS NULL"
        " ORDER BY created_at, id"
    )
    return [{**row, "lease_until": row["lease_until"] and instant_or_past(row["lease_until"])} for row in rows]


def is_leased(until: datetime | None, now: datetime) -> bool:
    """Say whether a lease is valid. A lease that ends later than any new one is not: the clock was set back."""
    return until is not None and now < until <= now + LONGEST_REST


async def take(job_id: str, turns: int, now: datetime, lease: timedelta = LEASE) -> Job | None:
    """Take a job for a time slice. Returns None if another process was faster.

    The slice counts as a failure until there is progress, because the job may crash the process.
    """
    taken = await execute(
        "UPDATE job SET lease_until = $3, turns = turns + 1, failures = failures + 1, state = 'RUNNING'"
        f" WHERE {OWNED} RETURNING id",
        job_id, turns, now + lease,
    )  # fmt: skip
    return await Job.get(id=job_id) if taken else None


async def renew(job: Job, until: datetime, progress: int) -> bool:
    """Write progress, and renew the lease. Returns False if another process owns the job."""
    rows = await execute(
        "UPDATE job SET lease_until = $3, failures = 0, errors = 0, problem = NULL, progress = progress + $4,"
        " state = 'RUNNING'"
        f" WHERE {OWNED} RETURNING id",
        job.id, job.turns, until, progress,
    )  # fmt: skip
    return bool(rows)


async def keep(job: Job, until: datetime) -> bool:
    """Renew the lease without progress. Returns False if the process does not own the job."""
    return bool(
        await execute(
            f"UPDATE job SET lease_until = $3 WHERE {OWNED} AND state = 'RUNNING' RETURNING id",
            job.id, job.turns, until,
        )
    )  # fmt: skip


async def put_back(job: Job, progress: int, until: datetime | None = None, *, failures: int = 0) -> bool:
    """End a slice without a failure. Any process may take the job again, at once or at ``until`` (UTC).

    ``failures`` are the failures that still count, because the slice wrote nothing. Returns False if another process
    owns the job.
    """
    rows = await execute(
        "UPDATE job SET lease_until = $3, failures = $5, progress = progress + $4, state = 'WAITING',"
        f" {KEPT_ERRORS} WHERE {OWNED} RETURNING id",
        job.id, job.turns, until, progress, failures,
    )  # fmt: skip
    return bool(rows)


async def interrupt(job: Job) -> None:
    """End a slice that a database outage, or the stop of its process, interrupted. It does not count as a failure."""
    interrupted = (
        "UPDATE job SET lease_until = NULL, failures = CASE WHEN failures > errors THEN failures - 1 ELSE failures END,"
        f" state = 'WAITING' WHERE {OWNED}"
    )
    await execute(interrupted, job.id, job.turns)


async def retry(job: Job, errors: int, reason: str, until: datetime) -> bool:
    """Write the error of a slice; the job waits until ``until`` (UTC). Returns False if another process owns it.

    ``errors`` is the number of errors without progress, with this one.
    """
    return bool(
        await execute(
            "UPDATE job SET lease_until = $3, errors = $4, problem = $5, state = 'RETRYING',"
            f" failures = CASE WHEN failures < $4 THEN $4 ELSE failures END WHERE {OWNED} RETURNING id",
            job.id, job.turns, until, errors, reason,
        )
    )  # fmt: skip


async def finish(job: Job, state: JobState, now: datetime, progress: int = 0, reason: str | None = None) -> bool:
    """Finish a job. Returns False if another process owns it."""
    rows = await execute(
        "UPDATE job SET lease_until = NULL, finished_at = $3, state = $4, progress = progress + $5, problem = $6"
        f" WHERE {OWNED} RETURNING id",
        job.id, job.turns, now, state.value, progress, reason,
    )  # fmt: skip
    await execute("DELETE FROM job WHERE finished_at < $1", now - FINISHED_JOBS_KEPT_FOR)
    return bool(rows)


async def cancel(kind: str, subject_ids: list[str], now: datetime) -> None:
    """Cancel the open jobs of these rows. Call it in the transaction that makes the jobs unnecessary."""
    await execute(
        "UPDATE job SET lease_until = NULL, finished_at = $3, state = 'CANCELLED', turns = turns + 1"
        f" WHERE kind = $1 AND {in_list('subject_id', 2)} AND finished_at IS NULL",
        kind, subject_ids, now,
    )  # fmt: skip


async def job_numbers(now: datetime) -> tuple[dict[tuple[str, str], int], dict[str, float]]:
    """Return the number of open jobs by kind and state, and the age of the oldest open job of each kind in seconds."""
    counts: dict[tuple[str, str], int] = {}
    ages: dict[str, float] = {}
    rows = await execute(
        "SELECT kind, state, count(*) AS jobs, min(created_at) AS oldest FROM job WHERE finished_at IS NULL"
        " GROUP BY kind, state"
    )
    for row in rows:
        counts[row["kind"], row["state"]] = int(row["jobs"])
        age = max(0.0, (now - instant_or_past(row["oldest"])).total_seconds())
        ages[row["kind"]] = max(age, ages.get(row["kind"], 0.0))
    return counts, ages
