"""Accounts that wait because they were in trouble: for every process, and across restarts."""

from datetime import datetime, timedelta

from api.store.sql import instant, run

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)


async def paused(now: datetime) -> dict[str, datetime]:
    """Return the accounts that wait, and until when."""
    return {
        row["account"]: instant(row["until"])
        for row in await run("SELECT account, until FROM account_pause WHERE until > $1", now)
    }


async def pause(account: str, now: datetime, code: str, detail: str) -> datetime:
    """Let an account wait, a minute to fifteen, twice as long after each further failure. Returns until when."""
    rows = await run("SELECT failures, until FROM account_pause WHERE account = $1", account)
    failures = 1 + (int(rows[0]["failures"]) if rows else 0)
    if rows and instant(rows[0]["until"]) > now:  # another process has seen the same trouble
        return instant(rows[0]["until"])
    until: datetime = now + min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
    await run(
        "INSERT INTO account_pause (account, until, code, detail, failures) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account) DO UPDATE SET until = excluded.until, code = excluded.code,"
        " detail = excluded.detail, failures = excluded.failures",
        account,
        until,
        code,
        detail,
        failures,
    )
    return until


async def forgive(account: str) -> None:
    """Forget an account's failures: it works."""
    await run("DELETE FROM account_pause WHERE account = $1", account)
