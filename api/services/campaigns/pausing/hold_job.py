"""The background job of a pause or resume: it puts a campaign's emails on hold, or releases them, in chunks.

After a pause commits, no email of the campaign is sent, even if the job has not reached it: dispatch checks the pause.
After a resume commits, each email can be sent once the job has released it.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

from api.codes.event_kinds import EventKind
from api.codes.jobs import JobCode
from api.models import Campaign, Job
from api.services.campaigns.pausing.resume_planner import ResumePlanner
from api.services.common.bisection import bisect_failures
from api.services.common.chunk_sizes import INSERTED_ROWS_PER_TRANSACTION, ChunkSize, people_per_transaction
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.progress import finish_done
from api.services.jobs.job_kind import Chunks, JobKind, JobRuntime, Priority
from api.store import holds
from api.store.campaign_state import lock_campaign_state
from api.store.edits import people_in
from api.store.engine.transactions import retry_on_deadlock
from api.store.events import email_event, write

HOLD_JOB = "hold"
PEOPLE_HELD_PER_CHUNK = 500
"""Most people whose emails one transaction puts on hold. Fewer if the campaign has many steps."""
PEOPLE_RELEASED_PER_CHUNK = 250
"""Most people whose emails one transaction releases. Fewer if the campaign has many steps."""


async def hold_chunks(context: WorkspaceContext, row: Campaign) -> AsyncGenerator[int, None]:
    """Put emails on hold, or release them. Stops if the campaign is paused or resumed again."""
    if row.holds is None:
        return
    steps = await steps_of(row)
    planner = None if row.resumed_at is None else ResumePlanner(context, row, steps, row.resumed_at)
    most = people_per_transaction(PEOPLE_HELD_PER_CHUNK, len(steps), INSERTED_ROWS_PER_TRANSACTION)
    if planner is not None and row.paused_at is None:
        most = people_per_transaction(PEOPLE_RELEASED_PER_CHUNK, len(steps))
    size = ChunkSize(most)
    after: str | None = ""
    while True:
        people = size.size
        chunk = await _next_chunk(context, row, planner, after or "", size)
        if chunk is None:
            return
        after = chunk.after
        if chunk.released:
            context.wake()
        if after is None and await holds.close(row.id, row.holds):
            return
        yield people


class _Chunk(NamedTuple):
    """The result of one transaction: whether it released emails, and after whom the next begins (None at the end)."""

    released: bool
    after: str | None


async def _next_chunk(
    context: WorkspaceContext, row: Campaign, planner: ResumePlanner | None, after: str, size: ChunkSize
) -> _Chunk | None:
    """Carry out the next chunk. Returns None if a later pause or resume has replaced this one.

    The job skips a person whose emails it cannot put on hold: dispatch puts them on hold when they are due. Emails that
    it cannot release fail with a reason.
    """
    place: str | None = after

    async def carry(people: Sequence[int], *, aside: bool = False) -> _Chunk | None:
        nonlocal place
        if place is None:
            return _Chunk(released=False, after=None)
        done = await _chunk(context, row, planner, place, size, len(people), aside=aside)
        place = done.after if done else None
        return done

    async def pass_over(person: int, reason: str) -> _Chunk | None:
        return await carry([person], aside=True)

    chunks = await bisect_failures(range(size.size), carry, pass_over)
    if None in chunks:
        return None
    return _Chunk(any(chunk.released for chunk in chunks if chunk), place)


@retry_on_deadlock
async def _chunk(
    context: WorkspaceContext,
    row: Campaign,
    planner: ResumePlanner | None,
    after: str,
    size: ChunkSize,
    people: int,
    *,
    aside: bool,
) -> _Chunk | None:
    """Put the emails of the next people on hold, or release them. ``aside`` skips people, or lets their emails fail."""
    async with size.transaction(people):
        state = await lock_campaign_state(row.id)
        if state.holds != row.holds:
            return None
        if state.paused_at is not None:
            if aside:
                next_people = await people_in(row.id, after, people)
                return _Chunk(released=False, after=next_people[-1]["person_id"] if next_people else None)
            return _Chunk(released=False, after=await _hold(row.id, after, people))
        assert planner is not None  # noqa: S101 - a resumed campaign has the time of the resume
        if aside:
            return _Chunk(released=True, after=await _fail(context, row, after, people))
        return _Chunk(released=True, after=await _release(planner, after, people))


async def _fail(context: WorkspaceContext, row: Campaign, after: str, people: int) -> str | None:
    """Mark emails as failed whose times cannot be moved. Retry Send sends them."""
    ids = await holds.enrollments_on_hold(row.id, after, people)
    why = JobCode.ROW_FAILED.message("not_moved")
    failed = await holds.fail_held(ids, *why)
    now, data, workspace = context.now, {"reason": why.code}, {"workspace_id": row.workspace_id}
    lines = [
        email_event(workspace | dict(each), EventKind.EMAIL_FAILED, now, data=data, campaign_id=row.id)
        for each in failed
    ]
    await write(lines)
    await finish_done(ids, context.now)
    return ids[-1] if ids else None


async def _hold(campaign_id: str, after: str, people: int) -> str | None:
    held = await holds.hold(campaign_id, after, people)
    return after if held.in_hand else held.after


async def _release(planner: ResumePlanner, after: str, at_once: int) -> str | None:
    people = await holds.enrollments_on_hold(planner.campaign.id, after, at_once)
    await holds.lock_schedules(people)
    changes = await planner.changes(people)
    await holds.write_resume(changes.sends, changes.tasks, changes.resumed)
    await holds.release(people)
    return people[-1] if len(people) == at_once else None


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    context = await runtime.context(job)
    async for people in hold_chunks(context, await Campaign.get(id=job.subject_id)):
        yield people


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """End a pause or resume that cannot be carried out. Emails stay on hold until the next one."""
    await Campaign.filter(id=job.subject_id).update(holds=None, job_problem=reason)


HOLD = JobKind(HOLD_JOB, Priority.URGENT, _work, _give_up, problem_column=(Campaign, "job_problem"))
