"""Write several changes of the CRM in one transaction. A change that fails does not stop the others."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from asyncpg.exceptions import DeadlockDetectedError, SerializationError

from api.codes.events.actors import ActorKind
from api.crm_task_states import CrmChangeKind, CrmTaskState
from api.services.crm.tasks.field_merge import Merge
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.task_sync import SyncedTask, columns_of, note_conflicts
from api.services.crm.tasks.values import texts_of
from api.services.tasks.remote_changes import change_tasks
from api.store.crm import changes as outbox
from api.store.crm import tasks as store
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.event_actor import acting
from plugins.crms.tasks import RemoteTask, TaskField
from strategies import StepType

Item = TypeVar("Item")
GROUP = 20
"""The most changes of one transaction if each has statements of its own. It is small, because other writers wait."""
COLUMNS = frozenset({TaskField.PRIORITY, TaskField.DUE, TaskField.DETAILS, TaskField.OWNER})
"""Fields whose change writes columns of the task and has no other effect."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A task, its task in the CRM, and the result of their merge; None if there is nothing to merge."""

    synced: SyncedTask
    remote: RemoteTask
    result: Merge | None

    @property
    def is_plain(self) -> bool:
        """Whether it changes columns only. The sender of an email that is scheduled cannot change, for example."""
        task, result = self.synced.task, self.result
        if task is None or result is None or not result.apply <= COLUMNS:
            return False
        return TaskField.OWNER not in result.apply or task.type is not StepType.EMAIL


async def in_groups(
    items: Sequence[Item], work: Callable[[Item], Awaitable[None]], alone: Callable[[Item], Awaitable[None]]
) -> None:
    """Do ``work`` on items, in groups that share a transaction. The transaction of ``work`` becomes a savepoint.

    If the database aborts the transaction because of other transactions, ``alone`` gets each item of the group.
    """
    for start in range(0, len(items), GROUP):
        group = items[start : start + GROUP]
        try:
            async with transaction():
                for item in group:
                    await work(item)
        except (DeadlockDetectedError, SerializationError):
            if len(group) == 1:
                raise
            for item in group:
                await alone(item)


class RowsChangedError(Exception):
    """Another process has sent or synced one of the tasks since they were read."""


@retry_on_deadlock
async def store_together(org: TaskOrg, items: Sequence[Merged], now: datetime) -> None:
    """Apply the columns of plain changes here, and store that they are synced. Raises RowsChangedError.

    A task that has changed since it was read is merged again by the next push.
    """
    async with transaction():
        with acting(ActorKind.CRM, org.label):
            columns = {each.synced.link.id: _columns(org, each) for each in items}
            wanted = [
                (each.synced.task, given)
                for each in items
                if each.synced.task is not None and (given := columns[each.synced.link.id])
            ]
            written = await change_tasks(org.context, wanted) if wanted else set[str]()
        rows, pushed, late = [], list[str](), list[str]()
        for each in items:
            synced, key = each.synced, each.synced.link.id
            applies = each.result.apply if each.result is not None else frozenset[TaskField]()
            applied = key in written or not columns[key]
            there = texts_of(each.remote.values)
            base = {name: (there[name], there[name]) for name in applies if applied}
            after = replace(synced, base=synced.base | base)
            url = org.session.record_url(each.remote.remote_id)
            rows.append(after.row(CrmTaskState.SYNCED, now, url=url, sent=after.late(now, org.doubt)))
            if not applied:
                late.append(key)
            elif each.result is not None and each.result.push:
                pushed.append(key)
            await note_conflicts(org, synced, now)
        if len(await store.write_links(rows)) < len(rows):
            raise RowsChangedError("another process has synced some of them")
        for keys, attempts in ((pushed, 0), (late, 1)):
            await outbox.add(org.context.workspace_id, CrmChangeKind.TASK, keys, now, attempts=attempts)
    org.context.wake()


def _columns(org: TaskOrg, each: Merged) -> dict[str, object]:
    """Return the columns that differ from those of the task here."""
    if each.result is None or each.synced.task is None:
        return {}
    found = columns_of(org, each.remote, each.result.apply)
    return {name: value for name, value in found.items() if getattr(each.synced.task, name) != value}
