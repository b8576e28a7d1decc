"""The background job of an edit: it recalculates the emails and tasks of everyone in the campaign, in chunks.

After the edit commits, no email is sent by the old plan: dispatch puts a person's emails on hold until the job has
recalculated them. Each chunk is one transaction. It stores the edit's revision with each person it has recalculated, so
a process that continues after a crash knows the remaining people.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.jobs import JobCode
from api.models import Campaign, Enrollment, Job
from api.services.campaigns.editing.edit_planner import EditPlanner
from api.services.campaigns.editing.recalculating import recalculate
from api.services.campaigns.option_problems import report_missing_options
from api.services.common.job_chunks.bisection import bisect_failures
from api.services.common.job_chunks.chunk_sizes import ChunkSize, people_per_transaction
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store.campaigns import edits, holds
from api.store.campaigns.campaign_state import lock_campaign, lock_campaign_state, seconds_paused_until
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments.fact_changes import give_up, has_marked
from api.store.events.events import enrollment_event, write

EDIT_JOB = "edit"
RETRY_AFTER = timedelta(seconds=2)
"""Wait before the next chunk if every remaining person has an email in transmission."""
PEOPLE_PER_CHUNK = 250
"""Most people whom one transaction recalculates. Fewer if the campaign has many steps."""


async def edit_chunks(context: WorkspaceContext, row: Campaign, changed_at: datetime | None = None) -> Chunks:
    """Recalculate everyone in the campaign. Stops if the campaign is edited again.

    ``changed_at`` (UTC) is when facts about people have changed; by default now.
    """
    if not row.editing:
        return
    work = _EditRun(context, row, await _rescheduler(context, row, changed_at or context.now))
    while all(await bisect_failures(range(people := work.size.size), work.chunk, work.pass_over)):
        yield RETRY_AFTER if work.waits else people


async def _rescheduler(context: WorkspaceContext, row: Campaign, changed_at: datetime) -> EditPlanner:
    at = row.edited_at
    if at is None or await has_marked(row.id):  # people have changed, maybe long after the last edit
        at = changed_at
    return await EditPlanner.load(context, row, await steps_of(row), row.paused_at or at)


class _EditRun:
    """One run of the job, with its position."""

    def __init__(self, context: WorkspaceContext, row: Campaign, rescheduler: EditPlanner) -> None:
        self.context = context
        self.row = row
        self.rescheduler = rescheduler
        self.size = ChunkSize(people_per_transaction(PEOPLE_PER_CHUNK, len(rescheduler.steps)))
        self._after = ""
        self._calculated = 0
        self.waits = False
        """Whether every remaining person has an email in transmission."""

    async def pass_over(self, place: int, reason: str) -> bool:
        """Leave the emails of the next person unchanged, and write an event."""
        return await self.chunk([place], aside=True)

    @retry_on_deadlock
    async def chunk(self, places: Sequence[int], *, aside: bool = False) -> bool:
        """Recalculate the next people. Returns False if none remain or a later edit has replaced this one."""
        at_once = len(places)
        row, after, calculated = self.row, self._after, 0
        async with self.size.transaction(at_once):
            state = await lock_campaign_state(row.id)
            if state.revision != row.revision or not state.editing:
                return False
            # The campaign may have been paused or resumed since it was read.
            row.paused_seconds = seconds_paused_until(state, self.context.now)
            people = await edits.people_to_recalculate(row.id, row.revision, after, at_once)
            ids = [person["id"] for person in people]
            if not ids and state.paused_at is None:
                # Emails that dispatch put on hold just after the job had recalculated their person.
                ids = await holds.enrollments_on_hold(row.id, "", at_once, waiting=False)
            if ids and aside:
                await self._set_aside(ids, paused=state.paused_at is not None)
                calculated = len(ids)
            elif ids:
                paused = state.paused_at is not None
                calculated = (await recalculate(self.context, self.rescheduler, ids, paused=paused)).people
        self._calculated = calculated + (self._calculated if after else 0)
        more = bool(ids or after)
        self.waits = more and not people and self._calculated == 0
        self._after = people[-1]["person_id"] if people else ""
        self.context.wake()
        return more or not await self._close()

    async def _set_aside(self, ids: list[str], *, paused: bool) -> None:
        """Mark people as done whose emails could not be changed. Their emails keep their times."""
        if not paused:
            await holds.release(ids)
        await edits.mark_recalculated(ids, self.row.revision)
        now, data = self.context.now, {"reason": JobCode.ROW_FAILED}
        rows = await Enrollment.filter(id__in=ids)
        await write([enrollment_event(row, EventKind.EDIT_NOT_APPLIED, now, data=data) for row in rows])

    async def _close(self) -> bool:
        async with transaction():
            return await edits.close(self.row.id, self.row.revision)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    context = await runtime.context(job)
    async for people in edit_chunks(context, await Campaign.get(id=job.subject_id)):
        yield people


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """End an edit that cannot be carried out. The remaining people keep their emails until the next edit.

    Emails that dispatch has put on hold for it are released, unless a pause or resume decides about them.
    """
    await lock_campaign(job.subject_id)
    await Campaign.filter(id=job.subject_id).update(editing=False, job_problem=reason)
    await give_up(job.subject_id)
    state = await lock_campaign_state(job.subject_id)
    if state.paused_at is None and state.holds is None:
        await holds.release_all(job.subject_id)


EDIT = JobKind(
    EDIT_JOB,
    JobPriority.URGENT,
    _work,
    _give_up,
    start_if_needed=report_missing_options,
    problem_column=(Campaign, "job_problem"),
)
