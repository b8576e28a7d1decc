"""The background job that imports people."""

from api.codes.event_kinds import EventKind
from api.models import Job, PeopleImport
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.people.imports import IMPORT_JOB, import_chunks
from api.states import ImportStatus
from api.store.events import workspace_event, write
from api.store.imports import delete_source


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    row = await PeopleImport.get(id=job.subject_id)
    async for rows in import_chunks(row, runtime.clock):
        yield rows


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """End an import that cannot continue. People who are already imported stay."""
    failed = {"status": ImportStatus.FAILED, "problem": reason}
    if await PeopleImport.filter(id=job.subject_id, status=ImportStatus.RUNNING).update(**failed):
        await delete_source(job.subject_id)
        context = await runtime.context(job)
        data = {"import": job.subject_id, "reason": reason}
        await write([workspace_event(context.workspace_id, EventKind.PEOPLE_IMPORT_FAILED, context.now, data=data)])


IMPORT = JobKind(IMPORT_JOB, JobPriority.BULK, _work, _give_up, problem_column=(PeopleImport, "problem"))
