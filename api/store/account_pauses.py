"""Pauses of accounts after failures. They apply to all processes and survive restarts."""

from datetime import datetime, timedelta

from api.store.engine.sql import execute, in_list, instant
from api.store.transmissions import WAITING

FIRST_PAUSE = timedelta(minutes=1)
MAX_PAUSE = timedelta(minutes=15)
FAILED_EMAIL_WAIT = timedelta(minutes=1)
"""How long an email waits on which the account failed, so that other emails are sent first."""


def is_paused(until: datetime, now: datetime) -> bool:
    """Say whether a pause is still on. A rest of more than ``MAX_PAUSE`` means that the clock was set back."""
    return now < until <= now + MAX_PAUSE


async def pauses_by_account() -> dict[str, datetime]:
    """Return the end (UTC) of each account's pause. An ended pause stays until the account sends an email."""
    return {row["account"]: instant(row["until"]) for row in await execute("SELECT account, until FROM account_pause")}


async def pause(account: str, now: datetime, code: str, detail: str) -> datetime | None:
    """Pause an account for 1 to 15 minutes. The pause doubles with each failure in a row.

    Returns the end of the pause (UTC), or None if the account is already paused: another session saw the same failure.
    """
    rows = await execute("SELECT failures, until FROM account_pause WHERE account = $1", account)
    failures = int(rows[0]["failures"]) if rows else 0
    if rows and is_paused(instant(rows[0]["until"]), now):
        return None
    until: datetime = now + min(FIRST_PAUSE * 2 ** min(failures, 10), MAX_PAUSE)
    written = await execute(
        "INSERT INTO account_pause (account, until, code, detail, failures) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account) DO UPDATE SET until = excluded.until, code = excluded.code,"
        " detail = excluded.detail, failures = excluded.failures WHERE account_pause.failures = $6 RETURNING account",
        account,
        until,
        code,
        detail,
        failures + 1,
        failures,
    )
    return until if written else None


async def reason_of(account: str) -> str | None:
    """Return the code of the failure for which an account is paused, or None if it is not paused."""
    rows = await execute("SELECT code FROM account_pause WHERE account = $1", account)
    return str(rows[0]["code"]) if rows else None


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


async def delete_pause(account: str) -> None:
    """Delete an account's pause, because the account works."""
    await execute("DELETE FROM account_pause WHERE account = $1", account)
