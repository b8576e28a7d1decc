"""Send tasks that have changed here to the CRM, up to 200 at a time.

Before a task is created, a transaction stores that it is being sent. If the answer is lost, the CRM may still create
the task until ``Crm.doubt_seconds`` are over. Then the CRM is searched for its marker, and the task is created only if
it is not found. Before a task is changed, it is read, so that a change there is not overwritten.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from api.crm_task_states import CrmChangeKind, CrmTaskState
from api.models import CrmTask
from api.services.common.job_chunks.bisection import is_database_fault, reason_of
from api.services.crm.failures.retrying import in_groups, waits_for_record
from api.services.crm.tasks.failures import failed, refused
from api.services.crm.tasks.push_round import PushRound, store_round
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.task_sync import SyncedTask, adopt, apply, merged, read_tasks, remove
from api.services.crm.tasks.task_writes import Pushes, delete_tasks, send_tasks
from api.states import TaskStatus
from api.store.crm import changes as outbox
from api.store.crm import tasks as store
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import (
    MAX_BATCH,
    RemotePriority,
    RemoteStatus,
    TaskField,
    TaskPush,
    TaskValues,
)
from strategies import Refusal

SKEW = timedelta(minutes=5)
"""How much earlier than the first attempt the search for a task begins, because clocks differ."""
ALL_FIELDS = frozenset(TaskField)
NO_VALUES = TaskValues("", RemoteStatus.OPEN, RemotePriority.NORMAL, None, "", owner_id=None, person_id=None)
log = logging.getLogger("touchline.crm")


async def push_tasks(org: TaskOrg, now: datetime) -> int:
    """Send the tasks that are due. Returns the number of processed changes. Raises CrmError."""
    due = await outbox.due(org.context.workspace_id, CrmChangeKind.TASK, now, MAX_BATCH)
    if not due:
        return 0
    one = PushRound(org, now, {change.object_id: change for change in due})
    links = await store.links(org.context.workspace_id, one.changes.keys())
    one.done += [change for key, change in one.changes.items() if not _is_synced(org, links.get(key))]
    synced = await read_tasks(org, [link for link in links.values() if _is_synced(org, link)])
    new, known, lost = _sorted(org, synced, one)
    await _read(org, known, lost, one)
    for each in lost:
        remote = one.found.get(each.link.id)
        if remote is not None:
            adopt(each, remote)
            known.append(each)
        elif each.desired.values is None:
            one.finish(each, CrmTaskState.GONE)
        else:
            new.append(each)
    pushes: Pushes = {each.link.id: (each, ALL_FIELDS) for each in new}
    gone: list[SyncedTask] = []
    for each in known:
        await _sync(org, each, one, pushes, gone)
    await store_round(one)
    await delete_tasks(org, gone, now, one.changes)
    for group in in_groups(pushes, lambda key, _: one.changes[key]):
        await send_tasks(org, group, now, one.changes)
    return len(due)


def _is_synced(org: TaskOrg, link: CrmTask | None) -> bool:
    return link is not None and link.state is not CrmTaskState.GONE and link.org == org.key


def _sorted(
    org: TaskOrg, synced: Sequence[SyncedTask], one: PushRound
) -> tuple[list[SyncedTask], list[SyncedTask], list[SyncedTask]]:
    """Return the tasks to create in the CRM, those that it has, and those that it may have."""
    new, known, lost = list[SyncedTask](), list[SyncedTask](), list[SyncedTask]()
    for each in synced:
        change = one.changes[each.link.id]
        if each.task is not None and each.task.assignee_id not in org.synced_senders:
            one.same.append(each)
        elif each.remote_id is not None:
            if each.desired.values is not None and each.is_same_as_synced and not change.attempts:
                one.same.append(each)  # an echo of what was applied here
            else:
                known.append(each)
        elif each.link.state is CrmTaskState.SENDING:
            until = one.now if org.marker_is_unique or each.link.sent_at is None else each.link.sent_at + org.doubt
            if until <= one.now:
                lost.append(each)
            else:
                one.failures.append(waits_for_record(change, until))
        elif each.task is None:
            one.finish(each, CrmTaskState.GONE)
        elif not _is_worth_creating(each):
            one.same.append(each)
        else:
            new.append(each)
    return new, known, lost


def _is_worth_creating(synced: SyncedTask) -> bool:
    """Say whether a task is created in the CRM: it must be open or completed."""
    task = synced.task
    return task is not None and (task.done_at is None or task.status is TaskStatus.COMPLETED)


async def _read(org: TaskOrg, known: Sequence[SyncedTask], lost: Sequence[SyncedTask], one: PushRound) -> None:
    """Read the tasks that the CRM has or may have."""
    if not known and not lost:
        return
    markers = {each.link.id: _sought(each) for each in lost}
    ids = {each.remote_id: each.link.id for each in known if each.remote_id is not None}
    since = min((each.link.sent_at for each in lost if each.link.sent_at is not None), default=one.now) - SKEW
    for remote in await org.session.find_tasks(markers=markers, remote_ids=list(ids), since=since):
        key = ids.get(remote.remote_id) or (remote.marker if remote.marker in markers else None)
        if key is not None and (key not in one.found or one.found[key].created_at > remote.created_at):
            one.found[key] = remote


async def _sync(
    org: TaskOrg,
    synced: SyncedTask,
    one: PushRound,
    pushes: Pushes,
    gone: list[SyncedTask],
) -> None:
    """Sync a task that the CRM has: apply its changes here, and collect the fields to write there."""
    key, remote = synced.link.id, one.found.get(synced.link.id)
    change = one.changes[key]
    if synced.desired.values is None:
        if remote is None or remote.is_deleted:
            one.finish(synced, CrmTaskState.GONE)
        else:
            gone.append(synced)
        return
    try:
        if remote is None or remote.is_deleted:
            await remove(org, synced)
            one.finish(synced, CrmTaskState.GONE)
            return
        result = merged(org, synced, remote, one.now)
        if result.apply and not await apply(org, synced, remote, result.apply, one.now):
            return  # it has changed since: the next round reads it again
    except Refusal as refusal:
        one.failures.append(refused(change, refusal, one.now))
        return
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.exception("cannot apply the change of the task %s in the CRM", key)
        one.failures.append(failed(change, CrmError(CrmCode.OTHER, reason_of(problem)), one.now))
        return
    if result.push:
        pushes[key] = (synced, result.push)
    else:
        one.finish(synced, CrmTaskState.SYNCED, org.session.record_url(remote.remote_id))


def _sought(synced: SyncedTask) -> TaskPush:
    """Return the values by which the CRM is searched for a task, even if the task does not exist here any more."""
    values = synced.desired.values or NO_VALUES
    return TaskPush(synced.link.id, None, values, ALL_FIELDS)
