"""``touchline recover``: what to do with emails that may have left after a backup that was restored."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from api.app import make_runtime
from api.cli.commands import console, database
from api.services.dispatch.recovery.backup_recovery import Recovered, email_ids, recover
from api.settings import Settings, environment
from api.store.engine.database_clock import DatabaseClock, sync_clock
from plugins.manager import load


def moment(text: str) -> datetime:
    """Read an instant of the command line, ISO 8601 with an offset. Raises ValueError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{text[:60]!r} is not an instant with an offset, such as 2026-03-02T08:30:00Z.")
    return found.astimezone(UTC)


async def run(
    settings: Settings,
    *,
    as_of: str,
    until: str | None,
    delivered: Sequence[Path],
    resend_others: bool,
    dry_run: bool,
) -> int:
    """Put in doubt what may have left since the backup, and say how much that is."""
    if resend_others and not delivered:
        raise ValueError("--resend-others needs --delivered: the log that names every email that left.")
    known = await asyncio.to_thread(_read, delivered)
    async with database(settings):
        clock = DatabaseClock()
        await sync_clock(clock)
        now = clock().replace(microsecond=0)
        found = await recover(
            make_runtime(settings, load(environment()), clock).context,
            as_of=moment(as_of),
            until=moment(until) if until else now,
            now=now,
            delivered=known,
            resend_others=resend_others,
            dry_run=dry_run,
        )
    _tell(found, dry_run=dry_run)
    return 0


def _read(files: Sequence[Path]) -> set[str]:
    """Read the ids of emails in mail servers' logs, in whatever encoding these are."""
    found: set[str] = set()
    for path in files:
        with path.open(encoding="ascii", errors="replace") as lines:
            found |= email_ids(lines)
    return found


def _tell(found: Recovered, *, dry_run: bool) -> None:
    lines = [
        (found.in_doubt, "emails may have left: in doubt, in Undelivered, with the reason RESTORED"),
        (found.sent, "emails stand in the mail server's log: sent"),
        (found.unsent, "emails do not stand in the log: they go out as scheduled"),
        (found.paused_launches, "launches in the background: paused, until someone resumes or cancels them"),
        (found.expired_tasks, "tasks were to expire since: expired, and each waits for a person"),
        (found.open_tasks, "tasks are open: someone may have done them since the backup"),
    ]
    if dry_run:
        console.print("A dry run: nothing is written.")
    for number, about in lines:
        console.print(f"{number:>9,} {about}", highlight=False, soft_wrap=True)
