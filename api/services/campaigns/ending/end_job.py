"""The background job that ends a campaign for everyone, in chunks.

After the decision commits, no email of the campaign is sent, even if the job has not reached its person: dispatch
checks ``campaign.ending_at``. Each chunk is one transaction. It ends only enrollments that are still active, so a
process that continues after a crash ends nobody twice. The decision is final: nobody can cancel the job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign, Job
from api.services.common.job_chunks.bisection import bisect_failures
from api.services.common.job_chunks.chunk_sizes import INSERTED_ROWS_PER_TRANSACTION, ChunkSize, people_per_transaction
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end_all
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store.campaigns import edits, endings
from api.store.campaigns.campaign_state import lock_campaign, lock_campaign_state
from api.store.campaigns.campaign_status import finish_campaign
from api.store.engine.transactions import retry_on_deadlock, transaction

END_JOB = "end"
PEOPLE_PER_CHUNK = 500
"""Most people for whom one transaction ends a campaign. Fewer if the campaign has many steps."""
RETRY_AFTER = timedelta(seconds=2)
"""Wait before the next check if all remaining emails are in transmission."""


class EndingIncompleteError(Exception):
    """The campaign could not be ended for some people. Its emails stay blocked, and the job is retried."""


async def end_chunks(context: WorkspaceContext, row: Campaign) -> Chunks:
    """End the campaign for everyone in it. Stops if another process has done so.

    People whose rows the database refuses are skipped. Then the job fails, and the campaign stays blocked.
    """
    most = people_per_transaction(PEOPLE_PER_CHUNK, len(await steps_of(row)), INSERTED_ROWS_PER_TRANSACTION)
    ending = _Ending(row.id, ChunkSize(most))
    while True:
        for find, key in ((edits.people_in, "person_id"), (endings.finished_people, "id")):
            after = ""
            while found := await find(row.id, after, ending.size.size):
                ended = sum(await bisect_failures([each["id"] for each in found], ending.end, ending.pass_over))
                if ending.closed:
                    return
                after = found[-1][key]
                context.wake()
                yield ended
        if await ending.close():
            await finish_campaign(row.id, context.now)
            return
        if ending.passed_over:
            raise EndingIncompleteError(f"{ending.passed_over} people, the last one because: {ending.problem}")
        yield RETRY_AFTER


@dataclass(slots=True)
class _Ending:
    """The ending of one campaign. ``end`` and ``pass_over`` write the fields, ``end_chunks`` reads them."""

    campaign_id: str
    size: ChunkSize
    closed: bool = False
    """Whether another process has carried out the ending."""
    passed_over: int = 0
    problem: str = ""

    @retry_on_deadlock
    async def end(self, ids: Sequence[str]) -> int:
        """End these enrollments. Returns how many."""
        async with self.size.transaction(len(ids)):
            ending_at = (await lock_campaign_state(self.campaign_id)).ending_at
            if ending_at is None:
                self.closed = True
                return 0
            await end_all(list(ids), ending_at, why=CampaignCode.CAMPAIGN_ENDED.message("everyone"))
        return len(ids)

    async def pass_over(self, enrollment_id: str, reason: str) -> int:
        """Skip an enrollment that cannot be written, so that the others are ended."""
        self.passed_over += 1
        self.problem = reason
        return 0

    async def close(self) -> bool:
        """Allow the campaign to send again. Returns False if people remain."""
        async with transaction():
            await lock_campaign(self.campaign_id)
            return await endings.close(self.campaign_id)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    context = await runtime.context(job)
    async for people in end_chunks(context, await Campaign.get(id=job.subject_id)):
        yield people


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """Stop trying. The campaign stays blocked, so that nothing is sent, until it is ended again."""
    await Campaign.filter(id=job.subject_id).update(job_problem=reason)


END = JobKind(END_JOB, JobPriority.BULK, _work, _give_up, problem_column=(Campaign, "job_problem"))
