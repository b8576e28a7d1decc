"""The background job that counts the results of each workspace's emails, for send options that read HISTORY.

There is one for the server. It runs only if such an option is installed. Once a day it counts the campaign emails of
the last 365 days, by weekday and hour of their sending in their own zone. The day is that of the workspace's clock. In
a sandbox, moving the clock also starts a count.

After a count it deletes counts that are older than 30 days, unless a person who was launched then is still active in a
campaign with an option of a package. At each start of the server it does so once, even if no option reads HISTORY any
more.
"""

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import lru_cache

from api.clock import Clock
from api.models import Job, Workspace
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.common.request_context import WorkspaceContext, workspace_now
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store import jobs
from api.store.dispatch import send_history
from api.store.dispatch.send_history import Place
from api.store.engine.sql import instant
from api.store.engine.transactions import transaction
from strategies import Reads
from strategies.calendar import local
from strategies.history import HOURS, NO_HISTORY
from strategies.registry import SendOptions

HISTORY_JOB = "history"
SERVER = "server"
"""The subject of the job."""
COUNTED = timedelta(days=365)
"""How far back emails are counted."""
EVERY = timedelta(days=1)
"""The time between two counts of a workspace, by its own clock."""
KEPT = timedelta(days=30)
"""How long a count is kept if nobody needs it."""
POLL = timedelta(minutes=3)
EMAILS_PER_CHUNK = 5_000


INSTANT = timedelta(seconds=1)
log = logging.getLogger("touchline.jobs")


async def count_workspace(row: Workspace, clock: Clock, before: timedelta = timedelta()) -> AsyncIterator[int]:
    """Count the emails of one workspace, and store the result as of ``before`` now. Yields the emails of each chunk."""
    now = await workspace_now(row.id, clock)
    counts = [[0, 0, 0, 0] for _ in NO_HISTORY.counts]
    for archived in (False, True):
        last: Place | None = None
        while emails := await send_history.sent_emails(
            row.id, now - COUNTED, last, archived=archived, emails=EMAILS_PER_CHUNK
        ):
            for email in emails:
                if email["of_campaign"]:
                    hour = counts[_hour_of_week(email["zone"], _quarter_of(instant(email["sent_at"])))]
                    hour[0] += 1
                    hour[1] += email["opened"]
                    hour[2] += email["clicked"]
                    hour[3] += email["replied"]
            last = Place(emails[-1]["sent_at"], emails[-1]["id"])
            yield len(emails)
    # A launch before this moment has not seen the result, so it is not stored as of an earlier one.
    await send_history.store_history(row.id, counts, await workspace_now(row.id, clock) - before)


async def count_after_move(context: WorkspaceContext, moved_from: datetime) -> None:
    """Count the emails of a sandbox whose clock has moved, if an option reads HISTORY and a day of it has passed.

    The clock stands still now, and a launch reads counts before it only. So the count is as of a second ago.
    """
    if not reads_history(context.installed.send_options) or context.now - moved_from < INSTANT:
        return
    last_checked = (await send_history.last_checked()).get(context.workspace_id)
    if last_checked is None or context.now - last_checked >= EVERY:
        async for _ in count_workspace(context.workspace, context.clock, INSTANT):
            pass


def _quarter_of(at: datetime) -> datetime:
    """Return the start of a quarter of an hour. Clocks of all zones agree with UTC about it."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


@lru_cache(maxsize=100_000)
def _hour_of_week(zone: str, at: datetime) -> int:
    shown = local(at, zone)
    return shown.weekday() * len(HOURS) + shown.hour


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    failed: dict[str, datetime] = {}
    """When the count of a workspace has failed. It does not delay the others."""
    while _is_needed(runtime):
        last_checked = await send_history.last_checked()
        for row in await Workspace.all().order_by("id"):
            now = runtime.context_of(row).now
            if row.id in failed and timedelta() <= now - failed[row.id] < EVERY:
                continue
            if row.id not in last_checked or not timedelta() <= now - last_checked[row.id] < EVERY:
                try:
                    async for emails in count_workspace(row, runtime.clock):
                        yield emails
                    yield await _delete_unneeded(row.id, runtime)
                except Exception as problem:
                    if is_database_fault(problem):
                        raise
                    log.exception("cannot count the emails of the workspace %s; trying again in a day", row.id)
                    failed[row.id] = now
        yield POLL
    for workspace_id in await send_history.workspaces_with_history():
        yield await _delete_unneeded(workspace_id, runtime)


async def _delete_unneeded(workspace_id: str, runtime: JobRuntime) -> int:
    """Delete the old counts of a workspace that nobody needs. Returns how many."""
    options = runtime.context_of(Workspace()).installed.send_options
    own = [key for key in options if options.is_own(key)]
    before = await workspace_now(workspace_id, runtime.clock) - KEPT
    return await send_history.delete_unneeded(workspace_id, await send_history.launch_times(workspace_id, own), before)


def _is_needed(runtime: JobRuntime) -> bool:
    """Say whether an installed send option reads HISTORY."""
    installed = runtime.context_of(Workspace()).installed  # the plugins are the same for all workspaces
    return reads_history(installed.send_options)


def reads_history(options: SendOptions) -> bool:
    """Say whether one of the installed options reads HISTORY."""
    return any(Reads.HISTORY in option.reads for option in options.values())


async def _start_if_needed(runtime: JobRuntime) -> None:
    """Start the job if an option needs it, or has needed it."""
    if _is_needed(runtime) or await send_history.workspaces_with_history():
        async with transaction():
            await jobs.keep_open(HISTORY_JOB, None, SERVER, runtime.clock())


HISTORY = JobKind(HISTORY_JOB, JobPriority.BULK, _work, None, start_if_needed=_start_if_needed, is_standing=True)
