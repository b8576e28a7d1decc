"""``touchline recover``: mark emails that may have been sent between a backup and its restore, and accept the copy."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from api.cli.common import console, database
from api.make_runtime import make_runtime
from api.services.dispatch.recovery.backup_recovery import RecoveryCounts, email_ids, recover
from api.settings import Settings, environment
from api.store.engine.database_clock import DatabaseClock, sync_clock
from api.store.engine.database_home import accept_home
from plugins.loading.manager import load


def parse_time(text: str) -> datetime:
    """Parse a time argument, ISO 8601 with an offset. Raises ValueError."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError(f"{text[:60]!r} is not a time with a UTC offset, such as 2026-03-02T08:30:00Z.")
    return time.astimezone(UTC)


async def run(
    settings: Settings,
    *,
    as_of: str | None,
    nothing_sent: bool,
    until: str | None,
    delivered: Sequence[Path],
    resend_others: bool,
    dry_run: bool,
) -> int:
    """Mark emails in doubt that may have been sent since the backup, and print the counts.

    With ``nothing_sent`` only accept the database as it is.
    """
    if as_of is None or nothing_sent:
        if until or delivered or resend_others or dry_run:
            raise ValueError("--nothing-sent needs no other option.")
        async with database(settings):
            await accept_home()
        console.print("serve and tick send the emails of this database as they are planned.", highlight=False)
        return 0
    if resend_others and not delivered:
        raise ValueError("--resend-others needs --delivered with complete mail server logs.")
    delivered_ids = await asyncio.to_thread(_read_ids, delivered)
    async with database(settings):
        clock = DatabaseClock()
        await sync_clock(clock)
        now = clock().replace(microsecond=0)
        counts = await recover(
            make_runtime(settings, load(environment()), clock).context,
            as_of=parse_time(as_of),
            until=parse_time(until) if until else now,
            now=now,
            delivered=delivered_ids,
            resend_others=resend_others,
            dry_run=dry_run,
        )
        if not dry_run:
            await accept_home()
    _report(counts, dry_run=dry_run)
    return 0


def _read_ids(files: Sequence[Path]) -> set[str]:
    """Read the ids of emails from mail server logs in any encoding."""
    ids: set[str] = set()
    for path in files:
        with path.open(encoding="ascii", errors="replace") as lines:
            ids |= email_ids(lines)
    return ids


def _report(counts: RecoveryCounts, *, dry_run: bool) -> None:
    lines = [
        (counts.in_doubt, "emails may have been sent: in doubt, in Undelivered, with the reason RESTORED"),
        (counts.sent, "emails are in the mail server log: marked as sent"),
        (counts.unsent, "emails are not in the log: sent as scheduled"),
        (counts.paused_launches, "background launches: paused until someone resumes or cancels them"),
        (counts.expired_tasks, "tasks would have expired since the backup: expired, each waits for a person"),
        (counts.open_tasks, "tasks are open: someone may have completed them since the backup"),
    ]
    if dry_run:
        console.print("Dry run: nothing was written.")
    for number, about in lines:
        console.print(f"{number:>9,} {about}", highlight=False, soft_wrap=True)
