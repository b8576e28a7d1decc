"""Move a sandbox's clock forward. Emails and tasks that are due before the new time happen in their order."""

from datetime import datetime, timedelta

from api.codes.events.actors import ActorKind
from api.codes.refusals.workspaces import WorkspaceCode
from api.models import Workspace
from api.services.common.inputs import inputs
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.store.events.event_actor import acting
from plugins.contract import Outcome
from strategies import Refusal
from strategies.timeline.timeline_notes import utc

MAX_PASSES = 10_000
"""Passes of dispatch after which a move of the clock is refused."""


async def advance_clock(context: WorkspaceContext, runtime: DispatchRuntime, to: datetime) -> int:
    """Move the clock to a time (UTC). Returns the number of emails that were dispatched until then."""
    workspace = context.workspace
    if not workspace.sandbox:
        raise Refusal.of(WorkspaceCode.NOT_A_SANDBOX)
    to = inputs.instant(to, ("to",))
    if to < context.now:
        raise Refusal.of(WorkspaceCode.CLOCK_GOES_FORWARD, ("to",), now=utc(context.now))
    dispatched, backoff = 0, Backoff()
    for _ in range(MAX_PASSES):
        with acting(ActorKind.SERVER):  # the caller moves the clock, and the server sends
            done = await run_once(runtime, context.now, workspace, backoff)
        dispatched += sum(number for outcome, number in done.by_outcome.items() if outcome != Outcome.WITHDRAWN)
        if not done.idle:
            continue
        next_at = None if done.next_at is None else _whole_second(done.next_at)
        if next_at is None or next_at > to:
            await _set_clock(workspace, to)
            return dispatched
        await _set_clock(workspace, max(next_at, context.now))
    raise Refusal.of(WorkspaceCode.TOO_MUCH_DUE, ("to",))


def _whole_second(moment: datetime) -> datetime:
    """Return the first whole second that is not before a moment: a virtual clock has whole seconds."""
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + timedelta(seconds=1)


async def _set_clock(workspace: Workspace, moment: datetime) -> None:
    # The clock never goes back, because another request may move it as well.
    await Workspace.filter(id=workspace.id, virtual_now__lt=moment).update(virtual_now=moment)
    workspace.virtual_now = (await Workspace.get(id=workspace.id)).virtual_now
