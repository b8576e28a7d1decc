"""Expire the tasks whose time is up, and let the campaign decide what follows."""

import logging
from collections.abc import Sequence
from datetime import datetime

from api.codes.event_kinds import EventKind
from api.models import Campaign, Enrollment, Task, Workspace
from api.services.common.context import WorkspaceContext
from api.services.common.runtime import DispatchRuntime
from api.services.enrollments.progress import carry_on, end
from api.services.jobs.back_off import Backoff
from api.services.jobs.halving import in_halves, of_database
from api.services.tasks.tasks import task_event
from api.states import OnExpiry, TaskStatus
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import write
from api.store.holds import pause_of
from api.store.tasks import expiring, lock_expiring

log = logging.getLogger("touchline.tasks")


async def expire_all(runtime: DispatchRuntime, now: datetime, workspace_id: str | None, put_off: Backoff) -> int:
    """Expire the tasks of a workspace, or of all that are in no sandbox. Returns how many.

    One task's or workspace's trouble stops no other's.

    Raises only what the state of the database is the cause of.
    """
    expired, real_now = 0, runtime.clock()
    waiting = set(put_off.waiting(real_now))
    by_workspace: dict[str, list[str]] = {}
    for workspace, task_id in await expiring(now, workspace_id):
        if task_id not in waiting:
            by_workspace.setdefault(workspace, []).append(task_id)
    for workspace, ids in sorted(by_workspace.items()):
        try:
            expired += await expire_tasks(runtime.context(await Workspace.get(id=workspace)), now, put_off)
        except Exception as problem:
            if of_database(problem):
                raise
            until = max(put_off.add(task_id, real_now) for task_id in ids)
            log.exception("the tasks of %s cannot expire; they wait until %s", workspace, until.isoformat())
    return expired


async def expire_tasks(context: WorkspaceContext, now: datetime, put_off: Backoff | None = None) -> int:
    """Expire the workspace's open tasks whose time is up; the campaign decides what follows. Returns how many.

    While a campaign is paused its tasks do not expire: their emails could not be sent. Resuming gives the time back.
    Where the campaign cannot go on, because a send option of it breaks or is gone, the expired task waits for a person.
    A task whose email is scheduled does not expire: the person has done it. One that cannot be read, or that the
    database refuses to let expire, stays open; it is put off, and tried again after a pause that doubles.
    """
    put_off = put_off or Backoff()
    real_now = context.clock()
    waiting = set(put_off.waiting(real_now))
    ids = [task_id for _, task_id in await expiring(now, context.workspace_id) if task_id not in waiting]

    async def load(part: Sequence[str]) -> list[Task]:
        return await Task.filter(id__in=list(part)).order_by("id")

    async def unreadable(task_id: str, reason: str) -> list[Task]:
        until = put_off.add(task_id, real_now)
        log.error("the task %s cannot be read; it waits until %s: %s", task_id, until.isoformat(), reason)
        return []

    expired = 0
    for tasks in await in_halves(ids, load, unreadable, most=len(ids), raises=of_database) if ids else ():
        for task in tasks:
            expired += await _expire_or_put_off(context, task, now, put_off)
    return expired


async def _expire_or_put_off(context: WorkspaceContext, task: Task, now: datetime, put_off: Backoff) -> bool:
    """Expire one task. Where its campaign cannot go on, it waits for a person; where that is refused, it is put off."""

    async def expire(_: Sequence[Task]) -> bool:
        return await _expire(context, task, now)

    async def let_wait(_: Task, reason: str) -> bool:
        expired = await _expire(context, task, now, waits=True)
        log.warning("the task %s has expired, and waits: %s", task.id, reason)
        return expired

    try:
        return all(await in_halves([task], expire, let_wait, raises=of_database))
    except Exception as problem:
        if of_database(problem):
            raise
        until = put_off.add(task.id, context.clock())
        log.exception("the task %s cannot expire; it waits until %s", task.id, until.isoformat())
        return False


@retry_on_deadlock
async def _expire(context: WorkspaceContext, task: Task, now: datetime, *, waits: bool = False) -> bool:
    async with transaction():
        enrollment = await Enrollment.get(id=task.enrollment_id)
        if await pause_of(enrollment.campaign_id) is not None:
            return False
        rule = OnExpiry.WAIT if waits else (await Campaign.get(id=enrollment.campaign_id)).on_task_expiry
        # The condition again: someone may have done it meanwhile or scheduled its email, an edit may have moved it,
        # and other processes expire it as well.
        if not await lock_expiring(task.id, now):
            return False
        await Task.filter(id=task.id).update(status=TaskStatus.EXPIRED, done_at=now if rule is OnExpiry.SKIP else None)
        await write([task_event(enrollment, task, EventKind.TASK_EXPIRED, now)])
        if rule is OnExpiry.SKIP:
            await carry_on(context, enrollment, now)
        elif rule is OnExpiry.END:
            await end(enrollment, now, reason="TASK_EXPIRED", detail="A task expired, which ends this campaign.")
    return True
