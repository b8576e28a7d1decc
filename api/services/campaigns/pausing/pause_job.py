"""The background job of a pause or resume: it puts a campaign's emails on hold, or releases them, in chunks.

After a pause commits, no email of the campaign is sent, even if the job has not reached it: dispatch checks the pause.
A resume can be requested before the pause is applied to everyone. Then the job first finishes the pause and the last
edit, so that every overdue email is on hold, and after that it resumes the campaign. From then on, each email can be
sent once the job has released it. At the end the job extends the expiry of tasks by the length of the pause.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import NamedTuple

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.jobs import JobCode
from api.ids import new_id
from api.models import Campaign, Job
from api.services.campaigns.editing.edit_job import RETRY_AFTER, edit_chunks
from api.services.campaigns.pausing.resume_planner import ResumePlanner
from api.services.common.job_chunks.bisection import bisect_failures
from api.services.common.job_chunks.chunk_sizes import INSERTED_ROWS_PER_TRANSACTION, ChunkSize, people_per_transaction
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.progress import finish_done
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store.campaigns import holds
from api.store.campaigns.campaign_state import lock_campaign, lock_campaign_state
from api.store.campaigns.edits import people_in
from api.store.dispatch import allowed_time_rows
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import email_event, task_event, write
from api.store.tasks.tasks import extend_expiry

HOLD_JOB = "hold"
PEOPLE_HELD_PER_CHUNK = 500
"""Most people whose emails one transaction puts on hold. Fewer if the campaign has many steps."""
PEOPLE_RELEASED_PER_CHUNK = 250
"""Most people whose emails one transaction releases. Fewer if the campaign has many steps."""


def new_holds() -> str:
    """Return an id for a pause or resume. The job of an earlier one stops when the campaign has another id."""
    return new_id("hld")


async def hold_chunks(context: WorkspaceContext, row: Campaign) -> Chunks:
    """Carry out a pause, a resume, or both. Stops if the campaign is paused or resumed again."""
    if row.holds is None:
        return
    if row.paused_at is not None:
        async for people in _walk(await _walk_of(context, row, _Phase.HOLD)):
            yield people
        if row.resume_requested_at is None:
            await holds.close(row.id, row.holds)
            return
        async for chunk in edit_chunks(context, row):
            yield chunk
        resumed = new_holds()
        while not await _carry_out_resume(row, resumed):
            if (await Campaign.get(id=row.id)).holds != row.holds:
                return
            yield RETRY_AFTER  # another process carries out the edit
        row = await Campaign.get(id=row.id)
        if row.holds != resumed:
            return
    async for people in _release_everyone(context, row):
        yield people


@retry_on_deadlock
async def _carry_out_resume(row: Campaign, resumed: str) -> bool:
    """Resume the campaign as of the request. Returns False if it was paused again, or an edit is still applied."""
    async with transaction():
        await lock_campaign(row.id)
        state = await lock_campaign_state(row.id)
        return state.holds == row.holds and await holds.resume(row.id, state, resumed)


async def _release_everyone(context: WorkspaceContext, row: Campaign) -> AsyncGenerator[int, None]:
    """Release everyone's emails, and extend the expiry of their tasks."""
    assert row.holds is not None  # noqa: S101 - hold_chunks has checked it
    release = await _walk_of(context, row, _Phase.RELEASE)
    async for people in _walk(release):
        context.wake()
        yield people
    async for people in _walk(await _walk_of(context, row, _Phase.EXTEND)):
        yield people
    while not await holds.close(row.id, row.holds):
        if (await Campaign.get(id=row.id)).holds != row.holds:
            return
        async for people in _walk(release):  # emails that were put on hold after their person was processed
            context.wake()
            yield people


class _Phase(Enum):
    HOLD = auto()
    RELEASE = auto()
    EXTEND = auto()


@dataclass(slots=True)
class _Walk:
    """One phase of the job, for everyone in the campaign. Only ``size`` changes."""

    context: WorkspaceContext
    row: Campaign
    phase: _Phase
    planner: ResumePlanner
    """Unused while people's emails are put on hold."""
    size: ChunkSize


async def _walk_of(context: WorkspaceContext, row: Campaign, phase: _Phase) -> _Walk:
    steps = await steps_of(row)
    if phase is _Phase.RELEASE:
        most = people_per_transaction(PEOPLE_RELEASED_PER_CHUNK, len(steps))
    else:
        most = people_per_transaction(PEOPLE_HELD_PER_CHUNK, len(steps), INSERTED_ROWS_PER_TRANSACTION)
    planner = await ResumePlanner.load(context, row, steps, row.resumed_at or context.now)
    return _Walk(context, row, phase, planner, ChunkSize(most))


async def _walk(walk: _Walk) -> AsyncGenerator[int, None]:
    """Carry out a phase for everyone. Stops if the campaign is paused or resumed again."""
    after: str | None = ""
    while after is not None:
        people = walk.size.size
        chunk = await _next_chunk(walk, after)
        if chunk is None:
            return
        after = chunk.after
        yield people


class _Chunk(NamedTuple):
    """The result of one transaction: after whom the next one begins (None at the end)."""

    after: str | None


async def _next_chunk(walk: _Walk, after: str) -> _Chunk | None:
    """Carry out the next chunk. Returns None if a later pause or resume has replaced this one.

    The job skips a person whose emails it cannot put on hold: dispatch puts them on hold when they are due. Emails that
    it cannot release fail with a reason. A task whose expiry it cannot extend does not expire.
    """
    place: str | None = after

    async def carry(people: Sequence[int], *, aside: bool = False) -> _Chunk | None:
        nonlocal place
        if place is None:
            return _Chunk(None)
        done = await _chunk(walk, place, len(people), aside=aside)
        place = done.after if done else None
        return done

    async def pass_over(person: int, reason: str) -> _Chunk | None:
        return await carry([person], aside=True)

    chunks = await bisect_failures(range(walk.size.size), carry, pass_over)
    return None if None in chunks else _Chunk(place)


@retry_on_deadlock
async def _chunk(walk: _Walk, after: str, people: int, *, aside: bool) -> _Chunk | None:
    """Carry out a phase for the next people. With ``aside``, skip them, or mark their emails as failed."""
    row, phase = walk.row, walk.phase
    async with walk.size.transaction(people):
        state = await lock_campaign_state(row.id)
        if state.holds != row.holds:
            return None
        if phase is _Phase.HOLD and not aside:
            return _Chunk(await _hold(row.id, after, people))
        if phase is _Phase.RELEASE and aside:
            return _Chunk(await _fail(walk.context, row, after, people))
        if phase is _Phase.RELEASE:
            return _Chunk(await _release(walk.planner, after, people))
        found = await people_in(row.id, after, people)
        if phase is _Phase.EXTEND and not aside:
            await extend_expiry([each["id"] for each in found], state.paused_seconds)
        return _Chunk(found[-1]["person_id"] if len(found) == people else None)


async def _fail(context: WorkspaceContext, row: Campaign, after: str, people: int) -> str | None:
    """Mark emails as failed whose times cannot be moved. Retry Send sends them."""
    ids = await holds.enrollments_on_hold(row.id, after, people)
    why = JobCode.ROW_FAILED.message("not_moved")
    now, data, workspace = context.now, {"reason": why.code}, {"workspace_id": row.workspace_id}
    failed = await holds.fail_held(ids, now, *why)
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
    campaign, now = planner.campaign, planner.context.now
    await allowed_time_rows.keep(changes.allowed, now.date())
    moved = await holds.write_resume(changes.sends, changes.tasks, changes.resumed)
    await write([
        task_event(task, EventKind.TASK_MOVED, now, data=_dates(before, after), campaign_id=campaign.id)
        for task, before, after in moved
    ])  # fmt: skip
    await holds.release(people)
    return people[-1] if len(people) == at_once else None


def _dates(before: date, after: date) -> dict[str, str]:
    return {"before": before.isoformat(), "after": after.isoformat()}


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    context = await runtime.context(job)
    async for chunk in hold_chunks(context, await Campaign.get(id=job.subject_id)):
        yield chunk


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """End a pause or resume that cannot be carried out. Emails stay on hold until the next one."""
    await Campaign.filter(id=job.subject_id).update(holds=None, resume_requested_at=None, job_problem=reason)


HOLD = JobKind(HOLD_JOB, JobPriority.URGENT, _work, _give_up, problem_column=(Campaign, "job_problem"))
