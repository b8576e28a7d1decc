"""The background job that imports people."""

from api.codes.events.event_kinds import EventKind
from api.models import Job, PeopleImport
from api.services.common.request_context import WorkspaceContext
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.people.imports import IMPORT_JOB, import_chunks
from api.states import ImportStatus
from api.store.engine.transactions import transaction
from api.store.events.events import workspace_event, write
from api.store.people.imports import delete_source


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    row = await PeopleImport.get(id=job.subject_id)
    async for rows in import_chunks(row, runtime.clock, (await runtime.context(job)).installed.send_options):
        yield rows


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    await fail_import(await runtime.context(job), job.subject_id, reason)


async def fail_import(context: WorkspaceContext, import_id: str, reason: str) -> None:
    """End an import that cannot continue. People who are already imported stay."""
    failed = {"status": ImportStatus.FAILED, "problem": reason}
    async with transaction():
        if await PeopleImport.filter(id=import_id, status=ImportStatus.RUNNING).update(**failed):
            await delete_source(import_id)
            data = {"import": import_id, "reason": reason}
            event = workspace_event(context.workspace_id, EventKind.PEOPLE_IMPORT_FAILED, context.now, data=data)
            await write([event])


IMPORT = JobKind(IMPORT_JOB, JobPriority.BULK, _work, _give_up, problem_column=(PeopleImport, "problem"))
