"""Accounts that wait after a failure, in every process and across restarts."""

from datetime import datetime, timedelta

from api.store.engine.sql import execute, in_list, instant
from api.store.send_ledger import WAITING

FIRST_PAUSE = timedelta(minutes=1)
MAX_PAUSE = timedelta(minutes=15)
FAILED_EMAIL_WAIT = timedelta(minutes=1)
"""How long an email waits on which the account failed, so that others go first."""


def is_paused(until: datetime, now: datetime) -> bool:
    """Return whether a pause holds. One longer than the longest began before the clock was set back, and is over."""
    return now < until <= now + MAX_PAUSE


async def pauses_by_account() -> dict[str, datetime]:
    """Return the accounts that wait, or have waited and not worked since, and until when."""
    return {row["account"]: instant(row["until"]) for row in await execute("SELECT account, until FROM account_pause")}


async def pause(account: str, now: datetime, code: str, detail: str) -> datetime | None:
    """Let an account wait, a minute to fifteen, twice as long after each further failure in a row.

    Returns until when, or None if it waits already, because another session has seen the same failure.
    """
    rows = await execute("SELECT failures, until FROM account_pause WHERE account = $1", account)
    failures = int(rows[0]["failures"]) if rows else 0
    if rows and is_paused(instant(rows[0]["until"]), now):
        return None
    until: datetime = now + min(FIRST_PAUSE * 2 ** min(failures, 10), MAX_PAUSE)
    ours = await execute(
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
    return until if ours else None


async def reason_of(account: str) -> str | None:
    """Return the code of the failure after which an account waits, or None."""
    rows = await execute("SELECT code FROM account_pause WHERE account = $1", account)
    return str(rows[0]["code"]) if rows else None


async def make_due(sender_ids: list[str], reason: str, now: datetime, until: datetime) -> None:
    """Make due at ``now`` the emails of these senders that were put off for a reason and are due by ``until``."""
    await execute(
        f"UPDATE send SET due_at = $3 WHERE {in_list('sender_id', 1)} AND {WAITING}"
        " AND reason = $2 AND due_at > $3 AND due_at <= $4",
        sender_ids,
        reason,
        now,
        until,
    )


async def delete_pause(account: str) -> None:
    """Forget an account's failures: it works."""
    await execute("DELETE FROM account_pause WHERE account = $1", account)
