"""Take a job of one kind and carry it out, chunk by chunk, in the hands of the test."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from api.models import Campaign, Job, Launch, PeopleImport, Workspace
from api.services.campaigns.editing.edit_job import EDIT_JOB, edit_chunks
from api.services.campaigns.ending.end_job import END_JOB, end_chunks
from api.services.campaigns.pausing.pause_job import HOLD_JOB, hold_chunks
from api.services.common.request_context import WorkspaceContext
from api.services.launches.background.background_enrolling import launch_chunks
from api.services.people.imports import IMPORT_JOB, import_chunks
from api.states import JobState
from api.store import jobs
from strategies.registry import SendOptions

Contexts = Callable[[Workspace], WorkspaceContext]
Clock = Callable[[], datetime]


async def claim(kind: str, now: datetime) -> Job | None:
    """Take the oldest job of a kind that no process works on."""
    for row in await jobs.open_jobs():
        if row["kind"] == kind and not jobs.is_leased(row["lease_until"], now):
            return await jobs.take(row["id"], row["turns"], now)
    return None


async def job_of(subject_id: str, kind: str | None = None) -> Job:
    """Return the last job of a row."""
    found = Job.filter(subject_id=subject_id, **({"kind": kind} if kind else {}))
    job = await found.order_by("-id").first()
    assert job is not None
    return job


async def free(subject_id: str) -> None:
    """End the leases of a row's jobs, as if their process had been killed for long."""
    await Job.filter(subject_id=subject_id, finished_at=None).update(lease_until=None)


async def _claimed(kind: str, model: Any, now: datetime) -> Any:
    job = await claim(kind, now)
    if job is None:
        return None
    row = await model.get(id=job.subject_id)
    if getattr(row, "status", "RUNNING") != "RUNNING":  # a process was killed after the last chunk
        await jobs.finish(job, JobState.DONE, now)
        return None
    vars(row)["job"] = job
    return row


async def _finish(kind: str, row: Any, *, over: bool) -> None:
    job = vars(row).get("job") or (await jobs.open_job(kind, row.id) if over else None)
    if job is not None:
        await jobs.finish(job, JobState.DONE, job.created_at)


async def claim_launch(now: datetime) -> Launch | None:
    return await _claimed("launch", Launch, now)


async def claim_import(now: datetime) -> PeopleImport | None:
    return await _claimed(IMPORT_JOB, PeopleImport, now)


async def claim_holds(now: datetime) -> Campaign | None:
    return await _claimed(HOLD_JOB, Campaign, now)


async def claim_edit(now: datetime) -> Campaign | None:
    return await _claimed(EDIT_JOB, Campaign, now)


async def claim_end(now: datetime) -> Campaign | None:
    return await _claimed(END_JOB, Campaign, now)


async def run_end(row: Campaign, context_of: Contexts, chunks: int | None = None) -> None:
    """End a campaign for everyone, or for so many chunks of people; or until an email is in transmission."""
    context, done = context_of(await Workspace.get(id=row.workspace_id)), 0
    async for chunk in end_chunks(context, row):
        done += 1
        if done == chunks or not isinstance(chunk, int):
            job = vars(row).get("job")
            if job is not None:
                await jobs.put_back(job, 0, None if isinstance(chunk, int) else context.clock() + chunk)
            return
    await _finish(END_JOB, row, over=(await Campaign.get(id=row.id)).ending_at is None)


async def run_launch(
    row: Launch, context_of: Contexts, clock: Clock | None = None, chunks: int | None = None
) -> Launch:
    """Enroll up to so many chunks of people, or all."""
    done = 0
    async for _ in launch_chunks(row, context_of):
        done += 1
        if done == chunks:
            break
    found = await Launch.get(id=row.id)
    if chunks is None or found.status.over:
        await _finish("launch", row, over=found.status.over)
    return found


async def run_import(
    row: PeopleImport, clock: Clock, progress: Callable[[PeopleImport], Any] = lambda row: None
) -> PeopleImport:
    """Import the rest of a file."""
    async for rows in import_chunks(row, clock, SendOptions()):
        if rows:
            progress(row)
    found = await PeopleImport.get(id=row.id)
    await _finish(IMPORT_JOB, row, over=found.status.name != "RUNNING")
    return found


async def run_holds(row: Campaign, context_of: Contexts) -> None:
    """Carry out a pause or resume to its end."""
    context = context_of(await Workspace.get(id=row.workspace_id))
    async for _ in hold_chunks(context, row):
        pass
    await _finish(HOLD_JOB, row, over=(await Campaign.get(id=row.id)).holds is None)


async def run_edit(row: Campaign, context_of: Contexts) -> None:
    """Carry out an edit, until everyone who is left has an email that is being handed over."""
    context = context_of(await Workspace.get(id=row.workspace_id))
    async for chunk in edit_chunks(context, row):
        if not isinstance(chunk, int):
            job = vars(row).get("job")
            if job is not None:
                await jobs.put_back(job, 0, context.clock() + chunk)
            return
    await _finish(EDIT_JOB, row, over=not (await Campaign.get(id=row.id)).editing)
