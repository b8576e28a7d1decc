"""The background job after a change of the tz database: it recalculates the unsent emails of one workspace.

They keep their local times, including those that reps chose, and get new UTC times. Each process compares its tz
database with the stored fingerprint when it starts, and starts the jobs if they differ. Each person is one transaction.
Another process that continues after a crash finds only people whose times still differ.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from tortoise.expressions import F, Q

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.jobs import JobCode
from api.models import Enrollment, Job, Send
from api.services.common.job_chunks.bisection import bisect_failures, is_database_fault
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.progress import schedule_next_steps
from api.services.enrollments.time_zones.zone_rules import ZONES_JOB, installed_rules, start_jobs_if_changed
from api.services.enrollments.timelines.chosen_times import keep_chosen_time, zoned_time
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.states import SendStatus
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments.time_zones import stored_zone_rules
from api.store.events.events import email_event, enrollment_event, write
from strategies import Refusal
from strategies.calendar import instant_of
from strategies.timeline.timeline_notes import utc

log = logging.getLogger("touchline.jobs")

EMAILS_PER_PAGE = 1_000
PEOPLE_PER_CHUNK = 20
"""People who are recalculated before another job may run."""
RETRY_AFTER = timedelta(minutes=1)
"""Wait for another process if this one has another tz database than the one whose rules are to be used."""
SEND_COLUMNS = ("id", "enrollment_id", "planned_at", "planned_date", "planned_time", "zone")


async def zone_chunks(context: WorkspaceContext) -> Chunks:
    """Recalculate each person with an unsent email whose local time now has another UTC time."""

    async def recalculate(ids: Sequence[str]) -> None:
        for enrollment_id in ids:
            await _recalculate(context, enrollment_id)

    async def pass_over(enrollment_id: str, reason: str) -> None:
        row = await Enrollment.get(id=enrollment_id)
        data = {"reason": JobCode.ROW_FAILED}
        await write([enrollment_event(row, EventKind.EDIT_NOT_APPLIED, context.now, data=data)])

    last, done = "", set[str]()
    unsent = Send.filter(
        workspace_id=context.workspace_id,
        status=SendStatus.SCHEDULED,
        attempts=0,
        by_hand=False,
        enrollment_id__isnull=False,
        planned_at__gt=context.now,
    )
    while page := await unsent.filter(id__gt=last).order_by("id").limit(EMAILS_PER_PAGE).values_list(*SEND_COLUMNS):
        last = page[-1][0]
        people = {
            enrollment_id for _, enrollment_id, instant, day, wall, zone in page if _is_stale(instant, day, wall, zone)
        }
        stale = sorted(people - done)
        for start in range(0, len(stale), PEOPLE_PER_CHUNK):
            chunk = stale[start : start + PEOPLE_PER_CHUNK]
            await bisect_failures(chunk, recalculate, pass_over)
            yield len(chunk)
        done |= people
        yield 0
    async for emails in _keep_chosen_times(context):
        yield emails


async def _keep_chosen_times(context: WorkspaceContext) -> Chunks:
    """Give each email with a local time that a rep chose the new instant of that time.

    An email that fails keeps its time.
    """

    async def keep(emails: Sequence[Send]) -> int:
        return sum([await _keep_chosen_time(context, send) for send in emails])

    async def pass_over(send: Send, reason: str) -> int:
        log.error("the email %s keeps its time after a change of the tz database: %s", send.id, reason)
        return 0

    last = ""
    unsent = Send.filter(
        Q(by_hand=True) | Q(enrollment_id__isnull=True) | ~Q(due_at=F("planned_at")),
        workspace_id=context.workspace_id,
        status=SendStatus.SCHEDULED,
        attempts=0,
        due_at__gt=context.now,
    )
    while page := await unsent.filter(id__gt=last).order_by("id").limit(EMAILS_PER_PAGE):
        last = page[-1].id
        yield sum(await bisect_failures(page, keep, pass_over, max_set_aside=len(page), reraise=is_database_fault))


@retry_on_deadlock
async def _keep_chosen_time(context: WorkspaceContext, send: Send) -> bool:
    if zoned_time(send.explanation) is None:
        return False
    async with transaction():
        if not await keep_chosen_time(send):
            return False
        await _report_moves(context, {send.id: send.due_at})
    return True


async def _report_moves(context: WorkspaceContext, before: Mapping[str, datetime]) -> None:
    """Write an event for each of these emails whose time is not the one before. Call it in their transaction."""
    lines = []
    for send in await Send.filter(id__in=list(before)).order_by("id").select_related("enrollment"):
        if send.due_at != before[send.id]:
            data = {"before": utc(before[send.id]), "after": utc(send.due_at)}
            campaign_id = send.enrollment.campaign_id if send.enrollment_id is not None else None
            lines.append(email_event(send, EventKind.EMAIL_MOVED, context.now, data=data, campaign_id=campaign_id))
    await write(lines)


def _is_stale(instant: datetime, day: date, wall: str, zone: str) -> bool:
    """Say whether a local time has another UTC time now, or none: a new tz database can have removed its zone."""
    try:
        return instant_of(day, time.fromisoformat(wall), zone) != instant
    except (Refusal, ValueError, OverflowError):
        return True


@retry_on_deadlock
async def _recalculate(context: WorkspaceContext, enrollment_id: str) -> None:
    async with transaction():
        unsent = await Send.filter(enrollment_id=enrollment_id, status=SendStatus.SCHEDULED)
        await schedule_next_steps(context, await Enrollment.get(id=enrollment_id), context.now, may_wait=True)
        await _report_moves(context, {send.id: send.due_at for send in unsent})


async def _start_if_changed(runtime: JobRuntime) -> None:
    if workspaces := await start_jobs_if_changed(await asyncio.to_thread(installed_rules), runtime.clock):
        log.info("the tz database has changed: the unsent emails of %s workspaces are recalculated", workspaces)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    while await stored_zone_rules() != await asyncio.to_thread(installed_rules):
        yield RETRY_AFTER
    async for people in zone_chunks(await runtime.context(job)):
        yield people


ZONES = JobKind(ZONES_JOB, JobPriority.URGENT, _work, None, start_if_needed=_start_if_changed)
