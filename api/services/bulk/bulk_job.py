"""The background job of bulk actions."""

from api.command_center import BulkActionStatus
from api.models import BulkAction, Job
from api.services.bulk.bulk_actions import BULK_JOB, chunks
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store import bulk_actions as store


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    action = await BulkAction.get(id=job.subject_id)
    async for items in chunks(await runtime.context(job), action):
        yield items


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """End an action that cannot continue. Objects that were changed stay changed."""
    context = await runtime.context(job)
    await store.end(job.subject_id, BulkActionStatus.FAILED, context.now, reason)


BULK_ACTION = JobKind(BULK_JOB, JobPriority.BULK, _work, _give_up, problem_column=(BulkAction, "problem"))
