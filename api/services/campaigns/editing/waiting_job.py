"""The background job that calls a send option again for people whose steps it could not plan.

It calls the option for one person first. If that succeeds, it continues with the others. If not, it waits, and the next
call is for the next person. So an option that fails for everyone, or one person for whom it always fails, costs one
call each time. When the pause of an option is over, the breaker lets one process call it.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

from api.models import Campaign, Job
from api.services.campaigns.editing.edit_planner import EditPlanner
from api.services.campaigns.editing.recalculating import recalculate
from api.services.common.job_chunks.chunk_sizes import people_per_transaction
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.waiting_people import WAITING_JOB
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store import jobs
from api.store.campaigns.campaign_state import CampaignState, lock_campaign, lock_campaign_state, seconds_paused_until
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments import waiting_people
from strategies.codes import StrategyCode

ASK_AFTER = timedelta(minutes=1)
"""The time until the next call if no package was called: the option is paused, or not installed."""
FIRST_WAIT = timedelta(minutes=10)
"""The time until the next call if the option has failed again. It doubles, up to ``LONGEST_WAIT``.

It equals the period in which the breaker counts faults, so that these calls alone never pause an option.
"""
LONGEST_WAIT = timedelta(hours=1)
NOT_CALLED = frozenset({StrategyCode.SEND_OPTION_PAUSED, StrategyCode.SEND_OPTION_UNKNOWN})
"""Codes of failures without a call of a package."""
PEOPLE_PER_CHUNK = 25
MAX_CHUNKS_OF_A_CALLER = 20
"""The most chunks that a request carries out. The job does the rest."""


class _Questions:
    """Calls the options again for the people of one campaign, in the order of their ids, then from the start."""

    def __init__(self, context: WorkspaceContext, campaign_id: str) -> None:
        self.context = context
        self.campaign_id = campaign_id
        self.after = ""
        """The person with whom the last chunk ended. "": the next chunk begins a round."""
        self.codes: frozenset[str] = frozenset()
        """Why people of the last chunk still wait."""

    async def next_chunk(self, people: int) -> int:
        """Call the options for the next ``people`` people. Returns how many of them have a plan now."""
        row = await Campaign.get(id=self.campaign_id)
        steps = await steps_of(row)
        planner = await EditPlanner.load(self.context, row, steps, row.paused_at or self.context.now)
        planner.again = True
        planned, self.after, self.codes = await self._chunk(planner, people_per_transaction(people, len(steps)))
        self.context.wake()
        return planned

    @retry_on_deadlock
    async def _chunk(self, planner: EditPlanner, at_once: int) -> tuple[int, str, frozenset[str]]:
        row, nobody = planner.campaign, frozenset[str]()
        async with transaction():
            state = await lock_campaign_state(row.id)
            if state.revision != row.revision or _is_busy(state):
                return 0, self.after, nobody
            row.paused_seconds = seconds_paused_until(state, self.context.now)
            people = await waiting_people.next_waiting(row.id, row.revision, self.after, at_once)
            if not people:
                return 0, "", nobody
            ids, paused = [each["id"] for each in people], state.paused_at is not None
            done = await recalculate(self.context, planner, ids, paused=paused)
        return done.planned, people[-1]["person_id"] if len(people) == at_once else "", done.codes

    @retry_on_deadlock
    async def release(self) -> None:
        """Release the emails that dispatch has put on hold while their person was being calculated."""
        async with transaction():
            await lock_campaign(self.campaign_id)
            state = await lock_campaign_state(self.campaign_id)
            if not _is_busy(state) and state.paused_at is None:
                await waiting_people.release(self.campaign_id)


def _is_busy(state: CampaignState) -> bool:
    """Say whether another job of the campaign decides about its emails."""
    return state.editing or state.holds is not None or state.ending_at is not None


async def ask_again(context: WorkspaceContext, campaign_id: str) -> None:
    """Call the options for the people of a campaign now, as far as that is quick. The job does the rest."""
    questions = _Questions(context, campaign_id)
    for _ in range(MAX_CHUNKS_OF_A_CALLER):
        await questions.next_chunk(PEOPLE_PER_CHUNK)
        if not questions.after:
            break
    await questions.release()


async def retry_now(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Call the options again for the people of a campaign, at a user's request. Raises Refusal."""
    await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    await ask_again(context, campaign_id)
    if await waiting_people.anyone_waits(campaign_id):
        async with transaction():
            await jobs.keep_open(WAITING_JOB, context.workspace_id, campaign_id, context.clock())
    return await Campaign.get(id=campaign_id)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    questions, wait = _Questions(await runtime.context(job), job.subject_id), FIRST_WAIT

    async def has_work() -> bool:
        return await waiting_people.anyone_waits(job.subject_id)

    while True:
        planned = await questions.next_chunk(1)
        called = not questions.codes <= NOT_CALLED
        while planned and questions.after:
            yield planned
            planned = await questions.next_chunk(PEOPLE_PER_CHUNK)
        await questions.release()
        if await jobs.finish_when_done(job, runtime.clock(), has_work):
            return
        if planned:
            yield 1  # the round is over, and the next one begins at once with the people who were not yet tried
            wait = FIRST_WAIT
        elif called:
            async for rest in _rests(runtime, wait):
                yield rest
            wait = min(2 * wait, LONGEST_WAIT)
        else:
            yield ASK_AFTER


async def _rests(runtime: JobRuntime, wait: timedelta) -> AsyncIterator[timedelta]:
    """Yield the remaining time of a wait, until it is over or the job is woken."""
    until = runtime.clock() + wait
    while (left := until - runtime.clock()) > timedelta():
        rest = min(left, ASK_AFTER)
        woken = runtime.clock() + rest
        yield rest
        if runtime.clock() < woken:
            return


WAITING_PEOPLE = JobKind(WAITING_JOB, JobPriority.URGENT, _work, None)
