"""The job that follows an edit of a running campaign: it resolves everyone in it again, in chunks.

From the edit's commit on, no email leaves by the old plan: dispatch holds one back until its person is resolved. A
chunk is one transaction, and a resolved person carries the edit's revision, so that a process that goes on after a
crash knows who is left.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from api.codes.event_kinds import EventKind
from api.models import Campaign, Enrollment, Job
from api.services.campaigns.editing.edit_plan import Rescheduler
from api.services.campaigns.editing.edit_writer import rewrite
from api.services.common.chunk_sizes import people_at_once
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.progress import finish_done
from api.services.jobs.halving import ROW_FAILED, in_halves
from api.services.jobs.kinds import Chunks, JobRuntime, Kind, Priority
from api.store import edits, holds
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import event, write

EDIT_JOB = "edit"
RETRY_AFTER = timedelta(seconds=2)
"""When the job goes on, where everyone who is left has an email that is being handed over."""
PEOPLE_PER_CHUNK = 250
"""People who are resolved in one transaction, or fewer where the campaign has many steps."""


async def edit_chunks(context: WorkspaceContext, row: Campaign) -> Chunks:
    """Resolve everyone in the campaign again. Ends where the campaign is edited again."""
    if not row.editing:
        return
    work = _Work(context, row, await _rescheduler(context, row, row.paused_at))
    people = people_at_once(PEOPLE_PER_CHUNK, len(work.rescheduler.steps))
    while all(await in_halves(range(people), work.chunk, work.pass_over)):
        yield RETRY_AFTER if work.waits else people


async def _rescheduler(context: WorkspaceContext, row: Campaign, paused_at: datetime | None) -> Rescheduler:
    assert row.edited_at is not None  # noqa: S101 - what is being edited was so at a moment
    return Rescheduler(context, row, await steps_of(row), paused_at or row.edited_at)


class _Work:
    """An edit that is being carried out, and how far it has come."""

    def __init__(self, context: WorkspaceContext, row: Campaign, rescheduler: Rescheduler) -> None:
        self.context = context
        self.row = row
        self.rescheduler = rescheduler
        self._after = ""
        self._resolved = 0
        self.waits = False
        """Whether everyone who is left has an email that is just being handed over."""

    async def pass_over(self, place: int, reason: str) -> bool:
        """Leave the emails of the next person as they are, and tell it."""
        return await self.chunk([place], aside=True)

    @retry_on_deadlock
    async def chunk(self, places: Sequence[int], *, aside: bool = False) -> bool:
        """Resolve the next people. Returns whether there is more, and whether it is still for us to do so."""
        at_once = len(places)
        row, after, resolved = self.row, self._after, 0
        async with transaction():
            state = await edits.state_of(row.id)
            if state["revision"] != row.revision or not state["editing"]:
                return False
            people = await edits.stale_people(row.id, row.revision, after, at_once)
            ids = [person["id"] for person in people]
            if not ids and state["paused_at"] is None:
                # What was about to leave when its person's turn had not come, and came back just after it.
                ids = await holds.held_people(row.id, "", at_once)
            if ids and aside:
                await self._set_aside(ids, paused=state["paused_at"] is not None)
                resolved = len(ids)
            elif ids:
                resolved = await self._resolve(ids, paused=state["paused_at"] is not None)
        self._resolved = resolved + (self._resolved if after else 0)
        more = bool(ids or after)
        self.waits = more and not people and self._resolved == 0
        self._after = people[-1]["person_id"] if people else ""
        self.context.wake()
        return more or not await self._close()

    async def _resolve(self, ids: list[str], *, paused: bool) -> int:
        """Resolve people, but for those of whom an email is just being handed over. Returns how many."""
        await edits.take_back(ids)
        await holds.lock_people(ids)
        # Whose email is in somebody's hands stays on the list: it may come back as it was.
        leaving = await edits.people_with(ids, "TRANSMITTING")
        ids = [each for each in ids if each not in leaving]
        found = await self.rescheduler.changes(ids)
        missed = await rewrite(self.context, self.row, found, held=paused)
        claimed = missed | await edits.people_with(ids, "CLAIMED")
        done = [each for each in ids if each not in claimed]
        if not paused:
            await holds.release(done)
        await edits.resolved(done, self.row.revision)
        await finish_done(done, self.context.now)
        return len(ids)

    async def _set_aside(self, ids: list[str], *, paused: bool) -> None:
        """Note that people are done whose emails could not be changed: they keep their times."""
        if not paused:
            await holds.release(ids)
        await edits.resolved(ids, self.row.revision)
        about = {"campaign_id": self.row.id, "data": {"reason": ROW_FAILED}}
        lines = [
            event(self.row.workspace_id, EventKind.EDIT_NOT_APPLIED, self.context.now, person_id=each.person_id,
                  enrollment_id=each.id, **about)
            for each in await Enrollment.filter(id__in=ids)
        ]  # fmt: skip
        await write(lines)

    async def _close(self) -> bool:
        async with transaction():
            return await edits.close(self.row.id, self.row.revision)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    context = await runtime.context(job)
    async for people in edit_chunks(context, await Campaign.get(id=job.subject_id)):
        yield people


async def _give_up(job: Job, reason: str, runtime: JobRuntime) -> None:
    """End an edit that cannot be carried out. People whom it has not reached keep their emails until the next edit."""
    await Campaign.filter(id=job.subject_id).update(editing=False, job_problem=reason)


EDIT = Kind(EDIT_JOB, Priority.URGENT, _work, _give_up, (Campaign, "job_problem"))
