"""Move a sandbox's clock forward. Everything that is due before the new time happens, in order."""

from datetime import datetime

from api.codes.workspaces import WorkspaceCode
from api.models import Workspace
from api.services.common import inputs
from api.services.common.context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.services.jobs.back_off import Backoff
from plugins.contract import Outcome
from strategies import Refusal

MAX_PASSES = 10_000


async def advance_clock(context: WorkspaceContext, runtime: DispatchRuntime, to: datetime) -> int:
    """Move the clock to an instant (UTC). Returns how many emails were dispatched on the way."""
    workspace = context.workspace
    if not workspace.sandbox:
        raise Refusal.of(WorkspaceCode.NOT_A_SANDBOX)
    to = inputs.instant(to, ("to",))
    if to < context.now:
        raise Refusal.of(WorkspaceCode.CLOCK_GOES_FORWARD, ("to",), now=context.now.isoformat())
    dispatched, backoff = 0, Backoff()
    for _ in range(MAX_PASSES):
        done = await run_once(runtime, context.now, workspace, backoff)
        dispatched += sum(number for outcome, number in done.by_outcome.items() if outcome != Outcome.WITHDRAWN)
        if not done.idle:
            continue
        if done.next_at is None or done.next_at > to:
            await _show(workspace, to)
            return dispatched
        await _show(workspace, max(done.next_at, context.now))
    raise Refusal.of(WorkspaceCode.TOO_MUCH_DUE, ("to",))


async def _show(workspace: Workspace, moment: datetime) -> None:
    # Never back: someone else may be moving it as well.
    await Workspace.filter(id=workspace.id, virtual_now__lt=moment).update(virtual_now=moment)
    workspace.virtual_now = (await Workspace.get(id=workspace.id)).virtual_now
