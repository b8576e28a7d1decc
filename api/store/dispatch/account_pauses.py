"""Pauses of accounts after failures. They apply to all processes and survive restarts."""

from datetime import datetime, timedelta
from typing import NamedTuple

from api.store.dispatch.transmissions import WAITING
from api.store.engine.sql import Row, execute, in_list, instant

FIRST_PAUSE = timedelta(minutes=1)
MAX_PAUSE = timedelta(minutes=15)
MIN_REQUESTED_PAUSE = timedelta(seconds=1)
MAX_REQUESTED_PAUSE = timedelta(hours=24)
"""Limits of a pause whose length the server of the account requested."""
FAILED_EMAIL_WAIT = timedelta(minutes=1)
"""How long an email waits after the account failed while sending it, so that other emails are sent first."""


class Pause(NamedTuple):
    """When the pause of an account began and ends (UTC)."""

    paused_at: datetime | None
    """None if an earlier release wrote the pause."""
    until: datetime

    def is_on(self, now: datetime) -> bool:
        """Say whether the pause is still on. A pause that begins later than ``now`` is not: the clock was set back."""
        return (self.until - MAX_PAUSE if self.paused_at is None else self.paused_at) <= now < self.until


class NewPause(NamedTuple):
    """A pause that was just written."""

    until: datetime
    is_first: bool
    """Whether the account worked before."""


def pause_of(requested: timedelta) -> timedelta:
    """Return how long an account pauses if its server requests a wait."""
    return min(max(requested, MIN_REQUESTED_PAUSE), MAX_REQUESTED_PAUSE)


async def pauses_by_account() -> dict[str, Pause]:
    """Return the pause of each account. An ended pause stays until the account sends an email."""
    rows = await execute("SELECT account, paused_at, until FROM account_pause")
    return {row["account"]: _pause_of(row) for row in rows}


async def pause(
    account: str, now: datetime, code: str, detail: str, requested: timedelta | None = None
) -> NewPause | None:
    """Pause an account for 1 to 15 minutes, or for as long as its server ``requested``.

    Without ``requested``, the pause doubles with each failure in a row. Returns None if the account is already paused
    for as long: another session saw the same failure. If the server wants a longer pause, that pause is extended.
    """
    rows = await execute("SELECT failures, paused_at, until FROM account_pause WHERE account = $1", account)
    failures = int(rows[0]["failures"]) if rows else 0
    if rows and _pause_of(rows[0]).is_on(now):
        return None if requested is None else await _extend(account, now, now + pause_of(requested), code, detail)
    own_wait = min(FIRST_PAUSE * 2 ** min(failures, 10), MAX_PAUSE)
    until: datetime = now + (own_wait if requested is None else pause_of(requested))
    written = await execute(
        "INSERT INTO account_pause (account, paused_at, until, code, detail, failures)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (account) DO UPDATE SET paused_at = excluded.paused_at, until = excluded.until,"
        " code = excluded.code, detail = excluded.detail, failures = excluded.failures"
        " WHERE account_pause.failures = $7 RETURNING account",
        account,
        now,
        until,
        code,
        detail,
        failures + 1,
        failures,
    )
    return NewPause(until, not failures) if written else None


async def _extend(account: str, now: datetime, until: datetime, code: str, detail: str) -> NewPause | None:
    longer = await execute(
        "UPDATE account_pause SET paused_at = $2, until = $3, code = $4, detail = $5"
        " WHERE account = $1 AND until < $3 RETURNING account",
        account,
        now,
        until,
        code,
        detail,
    )
    return NewPause(until, is_first=False) if longer else None


def _pause_of(row: Row) -> Pause:
    paused_at = row["paused_at"]
    return Pause(None if paused_at is None else instant(paused_at), instant(row["until"]))


async def reason_of(account: str) -> tuple[str, datetime] | None:
    """Return the code of the failure for which an account is paused, and the end of the pause (UTC)."""
    rows = await execute("SELECT code, until FROM account_pause WHERE account = $1", account)
    return (str(rows[0]["code"]), instant(rows[0]["until"])) if rows else None


async def make_due(sender_ids: list[str], reason: str, now: datetime, until: datetime) -> None:
    """Make emails of these senders due at ``now`` that wait for a reason and are due by ``until`` (UTC)."""
    await execute(
        f"UPDATE send SET due_at = $3 WHERE {in_list('sender_id', 1)} AND {WAITING}"
        " AND reason = $2 AND due_at > $3 AND due_at <= $4",
        sender_ids,
        reason,
        now,
        until,
    )


async def delete_ended_pause(account: str, now: datetime) -> bool:
    """Delete an account's pause if it is not on at ``now``, because the account works. Returns False if it is on."""
    deleted = await execute(
        "DELETE FROM account_pause WHERE account = $1 AND (until <= $2 OR paused_at > $2"
        " OR (paused_at IS NULL AND until > $3)) RETURNING account",
        account,
        now,
        now + MAX_PAUSE,
    )
    return bool(deleted)


async def delete_pause(account: str) -> bool:
    """Delete an account's pause, even if it is on. Returns False if it had none."""
    return bool(await execute("DELETE FROM account_pause WHERE account = $1 RETURNING account", account))
