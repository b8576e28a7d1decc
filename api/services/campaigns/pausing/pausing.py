"""Pause a campaign, and resume it: exactly, whatever is under way, and however many emails wait.

One short transaction decides; from its commit on nothing begins to leave, or everything may again. What follows from
it is done chunk by chunk, so that nobody else's emails wait for it: by the caller as far as that is quick, and by the
tick loop of any process from there on.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from api.codes.campaigns import CampaignCode
from api.codes.event_kinds import EventKind
from api.codes.inputs import InputCode
from api.ids import new_id
from api.models import Campaign, Workspace
from api.services.campaigns.editing import edit_job
from api.services.campaigns.pausing.launch_control import pause_launches, resume_launches
from api.services.campaigns.pausing.resume_plan import Shifter
from api.services.common.chunk_sizes import INSERTED_AT_ONCE, people_at_once
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.progress import finish_done
from api.services.jobs.halving import ROW_FAILED, Job, in_halves
from api.store import holds
from api.store.edits import lock_campaign, people_in
from api.store.engine.leases import take
from api.store.engine.rows import need
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import event, write
from api.store.tasks import give_time_back
from strategies import Refusal

LEASE = timedelta(minutes=2)
HELD_AT_ONCE = 500
"""People whose emails are put on hold in one transaction, or fewer where the campaign has many steps."""
RELEASED_AT_ONCE = 250
CHUNKS_OF_A_CALLER = 20


async def pause_campaign(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Let nothing more of a campaign begin to leave. What is being handed over comes to its end."""
    row = await need(Campaign, context.workspace_id, campaign_id, ("id",))
    await _pause(context, row)
    return await _begun(context, row.id)


@retry_on_deadlock
async def _pause(context: WorkspaceContext, row: Campaign) -> None:
    async with transaction():
        began = {"paused_at": context.now, "last_paused_at": context.now}
        if not await Campaign.filter(id=row.id, paused_at=None).update(**began, **_new(context)):
            raise Refusal.of(CampaignCode.CAMPAIGN_PAUSED, ("id",), case="already")
        await pause_launches(row.id)
        await write([event(context.workspace_id, EventKind.CAMPAIGN_PAUSED, context.now, campaign_id=row.id)])


async def resume_campaign(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Let a campaign go on: what is overdue moves by whole (working) days, with all that the person still gets."""
    row = await need(Campaign, context.workspace_id, campaign_id, ("id",))
    if row.paused_at is not None and row.holds is not None:
        await carry_out(context, row)  # all that became overdue is on hold before anything may leave
    if row.paused_at is not None and row.editing:
        await edit_job.carry_out(context, row)  # and everyone stands as the last edit has it
    await _resume(context, row)
    return await _begun(context, row.id)


@retry_on_deadlock
async def _resume(context: WorkspaceContext, row: Campaign) -> None:
    async with transaction():
        await lock_campaign(row.id)
        paused_at = await holds.pause_of(row.id)
        resumed = Campaign.filter(id=row.id, holds=None, editing=False).exclude(paused_at=None)
        if not await resumed.update(paused_at=None, resumed_at=context.now, **_new(context)):
            if paused_at is not None:
                raise Refusal.of(InputCode.CHANGED_MEANWHILE, ("id",), case="paused")
            raise Refusal.of(CampaignCode.CAMPAIGN_NOT_PAUSED, ("id",))
        assert paused_at is not None  # noqa: S101 - it was, until just now
        await give_time_back(row.id, paused_at, context.now)
        await resume_launches(context, row)
        await write([event(context.workspace_id, EventKind.CAMPAIGN_RESUMED, context.now, campaign_id=row.id)])


def _new(context: WorkspaceContext) -> dict[str, object]:
    """Name the pause or resume that is to be carried out, so that nobody goes on with an earlier one."""
    return {"holds": new_id("hld"), "holds_lease": context.clock() + LEASE, "holds_failures": 0, "job_problem": None}


async def _begun(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Carry out what is quick, and leave the rest to a tick loop."""
    row = await Campaign.get(id=campaign_id)
    await carry_out(context, row, CHUNKS_OF_A_CALLER)
    await Campaign.filter(id=row.id, holds=row.holds).update(holds_lease=None)
    context.wake()
    return await Campaign.get(id=campaign_id)


async def claim_holds(now: datetime) -> Campaign | None:
    """Take a pause or resume that nobody carries out. ``now`` is the real time, UTC."""
    return await take(Campaign.exclude(holds=None), now, LEASE, "holds_lease", "holds_failures")


async def run_holds(row: Campaign, scope_of: Callable[[Workspace], WorkspaceContext]) -> None:
    """Carry out to its end what was claimed."""
    await carry_out(scope_of(await Workspace.get(id=row.workspace_id)), row)


async def carry_out(context: WorkspaceContext, row: Campaign, most: int | None = None) -> None:
    """Put on hold, or release, in chunks: up to ``most`` of them. Whoever pauses or resumes again ends it."""
    if row.holds is None:
        return
    steps = await steps_of(row)
    shifter = None if row.resumed_at is None else Shifter(context, row, steps, row.resumed_at)
    at_once = people_at_once(HELD_AT_ONCE, len(steps), INSERTED_AT_ONCE)
    after: str | None = ""
    chunks, lease = 0, context.clock() + LEASE / 2
    while most is None or chunks < most:
        chunk = await _next_chunk(context, row, shifter, after or "", at_once)
        if chunk is None:
            return
        after = chunk.after
        if chunk.released:
            context.wake()
        chunks += 1
        if after is None and await holds.close(row.id, row.holds):
            return
        if context.clock() > lease:
            lease = context.clock() + LEASE / 2
            await Campaign.filter(id=row.id, holds=row.holds).update(holds_lease=context.clock() + LEASE)
        await asyncio.sleep(0)  # others have their turn


class _Chunk(NamedTuple):
    """What one transaction has carried out: whether emails may leave, and where the next begins."""

    released: bool
    after: str | None


async def _next_chunk(
    context: WorkspaceContext, row: Campaign, shifter: Shifter | None, after: str, held_at_once: int
) -> _Chunk | None:
    """Carry out the next chunk. Returns None where it is no longer for us to do so.

    A person whose emails cannot be put on hold is passed over: they go on hold when they would leave. Emails that
    cannot be released fail with a reason.
    """
    place: str | None = after

    async def carry(people: Sequence[int], *, aside: bool = False) -> _Chunk | None:
        nonlocal place
        if place is None:
            return _Chunk(released=False, after=None)
        done = await _chunk(context, row, shifter, place, len(people), aside=aside)
        place = done.after if done else None
        return done

    async def pass_over(person: int, reason: str) -> _Chunk | None:
        return await carry([person], aside=True)

    holding = shifter is None or row.paused_at is not None
    at_once = held_at_once if holding or shifter is None else people_at_once(RELEASED_AT_ONCE, len(shifter.steps))
    chunks = await in_halves(range(at_once), carry, pass_over)
    if None in chunks:
        return None
    return _Chunk(any(chunk.released for chunk in chunks if chunk), place)


@retry_on_deadlock
async def _chunk(
    context: WorkspaceContext, row: Campaign, shifter: Shifter | None, after: str, people: int, *, aside: bool
) -> _Chunk | None:
    """Put on hold, or release, the next people, or set them aside."""
    async with transaction():
        current, paused_at = await holds.work_of(row.id)
        if current != row.holds:
            return None
        if paused_at is not None:
            if aside:
                next_people = await people_in(row.id, after, people)
                return _Chunk(released=False, after=next_people[-1]["person_id"] if next_people else None)
            return _Chunk(released=False, after=await _hold(row.id, after, people))
        assert shifter is not None  # noqa: S101 - what is resumed was so at a moment
        if aside:
            return _Chunk(released=True, after=await _fail(context, row, after, people))
        return _Chunk(released=True, after=await _release(shifter, after, people))


async def _fail(context: WorkspaceContext, row: Campaign, after: str, people: int) -> str | None:
    """Let emails fail whose times cannot be moved. Retry Send sends them."""
    ids = await holds.held_people(row.id, after, people)
    failed = await holds.fail_held(ids, ROW_FAILED, "The email's time could not be moved when the campaign resumed.")
    lines = [
        event(
            row.workspace_id, EventKind.EMAIL_FAILED, context.now, data={"reason": ROW_FAILED}, campaign_id=row.id,
            **{name: each[name] for name in ("person_id", "enrollment_id", "step_id")}, send_id=each["id"],
        )
        for each in failed
    ]  # fmt: skip
    await write(lines)
    await finish_done(ids, context.now)
    return ids[-1] if ids else None


async def _hold(campaign_id: str, after: str, people: int) -> str | None:
    held = await holds.hold(campaign_id, after, people)
    return after if held.in_hand else held.after


async def _give_up(row: Campaign, reason: str, clock: Callable[[], datetime]) -> None:
    """End a pause or resume that cannot be carried out. What is on hold stays so until the next one."""
    ended = {"holds": None, "holds_lease": None, "holds_failures": 0, "job_problem": reason}
    await Campaign.filter(id=row.id, holds=row.holds).update(**ended)


JOB = Job(Campaign, "holds_lease", "holds_failures", "job_problem", _give_up)
"""How a pause or resume that fails is tried again, and ends."""


async def _release(shifter: Shifter, after: str, at_once: int) -> str | None:
    people = await holds.held_people(shifter.campaign.id, after, at_once)
    await holds.lock_people(people)
    changes = await shifter.changes(people)
    await holds.move(changes.sends, changes.tasks, changes.resumed)
    await holds.release(people)
    return people[-1] if len(people) == at_once else None
