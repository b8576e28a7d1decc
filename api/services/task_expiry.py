"""Expire the tasks whose time is up, and let the campaign decide what follows."""

import logging
from collections.abc import Sequence
from datetime import datetime

from api.models import Campaign, Enrollment, Task
from api.services.poison import in_halves
from api.services.progress import carry_on, end
from api.services.scope import Scope
from api.services.tasks import task_event
from api.states import OnExpiry, TaskStatus
from api.store.events import write
from api.store.holds import pause_of
from api.store.tasks import expiring, lock_expiring
from api.store.transactions import transaction, undeadlocked

log = logging.getLogger("touchline.tasks")


async def expire_tasks(scope: Scope, now: datetime) -> int:
    """Expire the workspace's open tasks whose time is up; the campaign decides what follows. Returns how many.

    While a campaign is paused its tasks do not expire: their emails could not be sent. Resuming gives the time back.
    Where the campaign cannot go on, because a send option of it breaks or is gone, the expired task waits for a person.
    A task whose email is scheduled does not expire: the person has done it.
    """
    expired = 0
    ids = [task_id for _, task_id in await expiring(now, scope.workspace_id)]
    for task in await Task.filter(id__in=ids).order_by("id"):

        async def expire(tasks: Sequence[Task]) -> bool:
            return await _expire(scope, tasks[0], now)

        async def let_wait(task: Task, reason: str) -> bool:
            log.warning("the task %s has expired, and waits: %s", task.id, reason)
            return await _expire(scope, task, now, waits=True)

        expired += sum(await in_halves([task], expire, let_wait))
    return expired


@undeadlocked
async def _expire(scope: Scope, task: Task, now: datetime, *, waits: bool = False) -> bool:
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
        await write([task_event(enrollment, task, "TASK_EXPIRED", now)])
        if rule is OnExpiry.SKIP:
            await carry_on(scope, enrollment, now)
        elif rule is OnExpiry.END:
            await end(enrollment, now, reason="TASK_EXPIRED", detail="A task expired, which ends this campaign.")
    return True
