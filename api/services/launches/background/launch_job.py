"""The background job that enrolls the audience of a launch."""

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.models import Job, Launch
from api.services.campaigns.pausing.launch_control import LAUNCH_JOB
from api.services.common.request_context import workspace_now
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.services.launches.background.audience import delete_abandoned
from api.services.launches.background.background_enrolling import launch_chunks
from api.states import LaunchStatus
from api.store.events.events import campaign_event, write
from api.store.launches import launches as audience


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    async for people in launch_chunks(await Launch.get(id=job.subject_id), runtime.context_of):
        yield people


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """End a launch that cannot continue. Enrolled people stay enrolled, and the others are left out."""
    failed = {"status": LaunchStatus.FAILED, "problem": reason}
    if not await Launch.filter(id=job.subject_id, status=LaunchStatus.RUNNING).update(**failed):
        return
    row = await Launch.get(id=job.subject_id)
    rest = await audience.leave_out_the_rest(row.id, row.workspace_id, reason=ReasonCode.LAUNCH_FAILED)
    await Launch.filter(id=row.id).update(left_out=row.left_out + rest)
    now = await workspace_now(row.workspace_id, runtime.clock)
    data = {"launch": row.id, "reason": reason}
    await write([campaign_event(row.workspace_id, row.campaign_id, EventKind.LAUNCH_FAILED, now, data=data)])


LAUNCH = JobKind(
    LAUNCH_JOB,
    JobPriority.BULK,
    _work,
    _give_up,
    start_if_needed=delete_abandoned,
    problem_column=(Launch, "problem"),
)
