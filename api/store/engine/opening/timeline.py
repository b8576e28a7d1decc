"""Recognizes while a process runs that PostgreSQL has failed over, and may have lost its last commits."""

from dataclasses import dataclass
from typing import Any

import asyncpg

COPY_ADVICE = (
    "Emails that were sent since the copy would be sent again. Run `touchline recover --as-of MOMENT`, or"
    " `touchline recover --nothing-sent` if nothing was sent since, as docs/operations.md shows under Back up, and"
    " restore"
)
FAILED_OVER = (
    "PostgreSQL failed over and may have lost its last commits, or was restored to an earlier moment."
    f" {COPY_ADVICE}. Then start again."
)
TIMELINE_SQL = """CASE WHEN pg_is_in_recovery() THEN NULL
 ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END"""
"""The number that PostgreSQL changes at each failover, and at each restore to an earlier moment. A standby has none."""
STANDBY = "it is a standby, which may be promoted without its primary's last commits"


@dataclass(slots=True)
class _AtStart:
    """The timeline at the start of this process, or None if a new one loses no commit."""

    timeline: int | None = None


_at_start = _AtStart()


def remember_timeline(timeline: int | None) -> None:
    """Refuse connections to other timelines from now on, or to none if it is None."""
    _at_start.timeline = timeline


def watches_timeline() -> bool:
    """Say whether connections to other timelines are refused."""
    return _at_start.timeline is not None


async def check_timeline(connection: "asyncpg.Connection[Any]") -> None:
    """Check a new connection. Raises CannotConnectNowError, as if the database were away."""
    if _at_start.timeline is None:
        return
    timeline = await connection.fetchval(f"SELECT {TIMELINE_SQL}")
    if timeline is None:  # a promotion would not close the connection
        raise asyncpg.CannotConnectNowError(STANDBY)
    if timeline != _at_start.timeline:
        raise asyncpg.CannotConnectNowError(FAILED_OVER)
