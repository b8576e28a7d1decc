"""Expire tasks at their expiry time. The campaign's ``on_task_expiry`` decides how it continues."""

import logging
from collections.abc import Sequence
from datetime import datetime

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.models import Campaign, Enrollment, Task, Workspace
from api.services.common.dispatch_runtime import DispatchRuntime
from api.services.common.job_chunks.bisection import bisect_failures, is_database_fault
from api.services.common.job_chunks.row_backoff import Backoff
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end
from api.services.enrollments.progress import schedule_next_steps
from api.states import OnExpiry, TaskStatus
from api.store.campaigns.campaign_state import lock_campaign_state
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import task_event, write
from api.store.tasks.tasks import expiring, lock_expiring

log = logging.getLogger("touchline.tasks")


async def expire_all(runtime: DispatchRuntime, now: datetime, workspace_id: str | None, backoff: Backoff) -> int:
    """Expire the tasks of one workspace, or of all except sandboxes. Returns how many.

    A failure of one task or workspace does not stop the others. Raises only errors of the database.
    """
    expired, real_now = 0, runtime.clock()
    waiting = set(backoff.waiting(real_now))
    by_workspace: dict[str, list[str]] = {}
    for workspace, task_id in await expiring(now, workspace_id):
        if task_id not in waiting:
            by_workspace.setdefault(workspace, []).append(task_id)
    for workspace, ids in sorted(by_workspace.items()):
        try:
            expired += await expire_tasks(runtime.context(await Workspace.get(id=workspace)), now, backoff)
        except Exception as problem:
            if is_database_fault(problem):
                raise
            until = max(backoff.add(task_id, real_now) for task_id in ids)
            log.exception("cannot expire the tasks of %s; trying again at %s", workspace, until.isoformat())
    return expired


async def expire_tasks(context: WorkspaceContext, now: datetime, backoff: Backoff | None = None) -> int:
    """Expire the workspace's open tasks at their expiry time. Returns how many.

    Tasks of a paused campaign do not expire, because their emails could not be sent. A resume extends their time by the
    length of the pause. A task whose email is scheduled does not expire, because the rep's work is done. If the
    campaign cannot continue because a send option fails or is missing, the expired task waits for a rep. A task that
    cannot be read or updated stays open. It is tried again later, after a delay that doubles each time.
    """
    backoff = backoff or Backoff()
    real_now = context.clock()
    waiting = set(backoff.waiting(real_now))
    ids = [task_id for _, task_id in await expiring(now, context.workspace_id) if task_id not in waiting]

    async def load(part: Sequence[str]) -> list[Task]:
        return await Task.filter(id__in=list(part)).order_by("id")

    async def unreadable(task_id: str, reason: str) -> list[Task]:
        until = backoff.add(task_id, real_now)
        log.error("cannot read the task %s; trying again at %s: %s", task_id, until.isoformat(), reason)
        return []

    if not ids:
        return 0
    expired = 0
    for tasks in await bisect_failures(ids, load, unreadable, max_set_aside=len(ids), reraise=is_database_fault):
        for task in tasks:
            expired += await _expire_or_postpone(context, task, now, backoff)
    return expired


async def _expire_or_postpone(context: WorkspaceContext, task: Task, now: datetime, backoff: Backoff) -> bool:
    """Expire one task. If its campaign cannot continue, the task waits for a rep. If that fails too, postpone it."""

    async def expire(_: Sequence[Task]) -> bool:
        return await _expire(context, task, now)

    async def let_wait(_: Task, reason: str) -> bool:
        expired = await _expire(context, task, now, waits=True)
        log.warning("cannot continue the campaign after the expired task %s; a person must act: %s", task.id, reason)
        return expired

    try:
        return all(await bisect_failures([task], expire, let_wait, reraise=is_database_fault))
    except Exception as problem:
        if is_database_fault(problem):
            raise
        until = backoff.add(task.id, context.clock())
        log.exception("cannot expire the task %s; trying again at %s", task.id, until.isoformat())
        return False


@retry_on_deadlock
async def _expire(context: WorkspaceContext, task: Task, now: datetime, *, waits: bool = False) -> bool:
    async with transaction():
        enrollment = await Enrollment.get(id=task.enrollment_id)
        state = await lock_campaign_state(enrollment.campaign_id)
        if state.paused_at is not None or state.ending_at is not None:
            return False
        rule = OnExpiry.WAIT if waits else (await Campaign.get(id=enrollment.campaign_id)).on_task_expiry
        # Check the condition again under a lock: meanwhile the task may have been done, moved or expired, or its email
        # scheduled.
        if not await lock_expiring(task.id, now):
            return False
        await Task.filter(id=task.id).update(status=TaskStatus.EXPIRED, done_at=now if rule is OnExpiry.SKIP else None)
        data, campaign_id = {"type": str(task.type)}, enrollment.campaign_id
        await write([task_event(task, EventKind.TASK_EXPIRED, now, data=data, campaign_id=campaign_id)])
        if rule is OnExpiry.SKIP:
            await schedule_next_steps(context, enrollment, now)
        elif rule is OnExpiry.END:
            await end(enrollment, now, why=ReasonCode.TASK_EXPIRED.message())
    return True
