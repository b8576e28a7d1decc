"""Pull the tasks that were changed, created or deleted in the CRM.

Each round begins a little earlier than the last one ended, so that no change is missed. A known change has no effect.
The time before which all changes are known is stored at the end of a round, so a round that crashes is repeated.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta

from api.crm_task_states import CrmChangeKind, CrmTaskState
from api.models import CrmTask
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.crm.tasks.change_batches import Merged, RowsChangedError, in_groups, store_together
from api.services.crm.tasks.created_in_crm import add_foreign_tasks
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.task_sync import SyncedTask, adopt, apply, merged, note_conflicts, read_tasks, remove
from api.services.crm.tasks.values import texts_of
from api.store.crm import changes as outbox
from api.store.crm import task_sync
from api.store.crm import tasks as store
from api.store.engine.transactions import retry_on_deadlock, transaction
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import MAX_BATCH, RemoteStatus, RemoteTask, TaskField
from strategies import Refusal

log = logging.getLogger("touchline.crm")

OVERLAP = timedelta(minutes=5)
"""How much earlier a round begins than the last one ended: a change is visible only when its transaction has ended."""
OUTAGE = timedelta(hours=1)
"""By how much the last round may precede the period for which the CRM keeps deletions.

Beyond that, every task is searched.
"""
APPLY_BATCH = 100
"""Tasks that are read together."""


async def pull_changes(org: TaskOrg, since: datetime, now: datetime) -> AsyncGenerator[int, None]:
    """Apply the tasks that were changed since a time by the CRM's clock. Yields the number of tasks of each part."""
    cursor: str | None = None
    until: datetime | None = None
    while True:
        page = await org.session.changed_tasks(since - OVERLAP, cursor)
        until = page.server_time if until is None else until
        for start in range(0, len(page.tasks), APPLY_BATCH):
            part = page.tasks[start : start + APPLY_BATCH]
            await _take_over(org, part, now)
            yield len(part)
        cursor = page.cursor
        if cursor is None:
            break
    await task_sync.pulled(org.context.workspace_id, max(until, since), now)


async def _take_over(org: TaskOrg, remotes: Sequence[RemoteTask], now: datetime) -> None:
    """Apply changed tasks: merge the known ones, and add the others."""
    workspace_id = org.context.workspace_id
    by_id = {remote.remote_id: remote for remote in remotes}
    links = await store.links_of_records(workspace_id, org.key, by_id)
    restored = [remote_id for remote_id, link in links.items() if _is_restored(link, by_id[remote_id])]
    await store.release_records([links.pop(remote_id).id for remote_id in restored])
    markers = {remote.marker: remote for remote in remotes if remote.marker and remote.remote_id not in links}
    lost = {
        key: link
        for key, link in (await store.links(workspace_id, markers)).items()
        # Also a NEW one: after a restore, the CRM can have a task that was sent after the backup was made.
        if link.org == org.key and link.remote_id is None and link.state is not CrmTaskState.GONE
    }
    found = {link.id: by_id[remote_id] for remote_id, link in links.items() if _differs(link, by_id[remote_id])}
    found |= {key: markers[key] for key in lost}
    changed = [link for link in (*links.values(), *lost.values()) if link.id in found]
    plain: list[Merged] = []
    others: list[Merged] = []
    for synced in await read_tasks(org, changed):
        if not _is_synced(org, synced):
            continue
        remote = found[synced.link.id]
        if synced.link.id in lost:
            adopt(synced, remote)
        one = await _merged(org, synced, remote, now)
        if one is not None:
            (plain if one.is_plain else others).append(one)
    await _store_all(org, plain, now)
    await in_groups(others, lambda one: _merge(org, one, now), lambda one: _take_over(org, [one.remote], now))
    taken = {*links, *(found[key].remote_id for key in lost)}
    await add_foreign_tasks(org, [each for each in remotes if each.remote_id not in taken], now)


def _is_synced(org: TaskOrg, synced: SyncedTask) -> bool:
    """Say whether the assignee's tasks are synced."""
    return synced.task is None or synced.task.assignee_id in org.synced_senders


def _is_restored(link: CrmTask, remote: RemoteTask) -> bool:
    """Say whether a task that was deleted is back in the CRM, and open. It becomes a new task by hand here."""
    return link.state is CrmTaskState.GONE and not remote.is_deleted and remote.values.status is RemoteStatus.OPEN


def _differs(link: CrmTask, remote: RemoteTask) -> bool:
    """Say whether a task has changed in the CRM since the last sync."""
    if link.state is CrmTaskState.GONE:
        return False
    texts = texts_of(remote.values)
    return remote.is_deleted or any(link.base.get(name.value, [None, None])[1] != texts[name] for name in TaskField)


async def _merged(org: TaskOrg, synced: SyncedTask, remote: RemoteTask, now: datetime) -> Merged | None:
    """Merge one task, without writing anything. If it fails, the task waits for the next push."""
    if remote.is_deleted or synced.desired.values is None:
        return Merged(synced, remote, None)
    try:
        return Merged(synced, remote, merged(org, synced, remote, now))
    except Exception as problem:
        await _let_wait(org, synced, problem, now)
        return None


async def _store_all(org: TaskOrg, plain: Sequence[Merged], now: datetime) -> None:
    """Write plain changes in one transaction.

    If that fails, write each alone, so that one failure does not stop the others.
    """
    if not plain:
        return
    try:
        await store_together(org, plain, now)
    except Exception as problem:
        if is_database_fault(problem):
            raise
        level = logging.INFO if isinstance(problem, RowsChangedError) else logging.WARNING
        log.log(
            level, "cannot write %s changes from the CRM together; writing them one by one: %s", len(plain), problem
        )
        for one in plain:
            await _merge(org, one, now)


async def _merge(org: TaskOrg, one: Merged, now: datetime) -> None:
    """Write one merged task. Values that the CRM must get, or that cannot be applied now, wait for the next push."""
    synced, remote, result = one.synced, one.remote, one.result
    try:
        if remote.is_deleted:
            await remove(org, synced)
            await _store(org, synced, CrmTaskState.GONE, now, pushes=False)
            return
        if result is None:
            await _store(org, synced, CrmTaskState.SYNCED, now, pushes=True)
            return
        applied = not result.apply or await apply(org, synced, remote, result.apply, now)
        if result.apply and applied and not result.push:
            return
    except Exception as problem:
        await _let_wait(org, synced, problem, now)
        return
    url = org.session.record_url(remote.remote_id)
    pushes = bool(result.push) or not applied
    await _store(org, synced, CrmTaskState.SYNCED, now, pushes=pushes, url=url, attempts=int(not applied))


async def _let_wait(org: TaskOrg, synced: SyncedTask, problem: Exception, now: datetime) -> None:
    """Postpone a change that cannot be applied until the next push. Raises ``problem`` if the database caused it."""
    if is_database_fault(problem):
        raise problem
    level = logging.INFO if isinstance(problem, Refusal) else logging.ERROR
    log.log(level, "the change of the task %s in the CRM waits: %s", synced.link.id, problem)
    await outbox.add(org.context.workspace_id, CrmChangeKind.TASK, [synced.link.id], now, attempts=1)


@retry_on_deadlock
async def _store(
    org: TaskOrg,
    synced: SyncedTask,
    state: CrmTaskState,
    now: datetime,
    *,
    pushes: bool,
    url: str = "",
    attempts: int = 0,
) -> None:
    async with transaction():
        row = synced.row(state, now, url=url, sent=synced.late(now, org.doubt))
        if await store.write_links([row]):
            await note_conflicts(org, synced, now)
        else:
            pushes, attempts = state is not CrmTaskState.GONE, 1  # another process has sent it: it is read again
        if pushes:
            await outbox.add(org.context.workspace_id, CrmChangeKind.TASK, [synced.link.id], now, attempts=attempts)


async def pull_deletions(org: TaskOrg, since: datetime, now: datetime) -> AsyncGenerator[int, None]:
    """Delete the tasks here that were deleted in the CRM since a time by its clock."""
    until = now + org.session.clock_skew
    earliest = until - org.deletions
    deleted = None
    if since >= earliest - OUTAGE:
        try:
            deleted = await org.session.deleted_tasks(max(since - OVERLAP, earliest), until)
        except CrmError as error:
            if error.code is not CrmCode.DELETIONS_EXPIRED:
                raise
    if deleted is None:
        async for part in _look_for_all(org, now):
            yield part
        covered = until
    else:
        ids = [each.remote_id for each in deleted.tasks]
        for start in range(0, len(ids), APPLY_BATCH):
            part_ids = ids[start : start + APPLY_BATCH]
            await _remove(org, part_ids, now)
            yield len(part_ids)
        covered = deleted.covered_until
    await task_sync.pulled_deletions(org.context.workspace_id, max(min(covered, until), since), now)


async def _look_for_all(org: TaskOrg, now: datetime) -> AsyncGenerator[int, None]:
    """Query every synced task, because the CRM does not keep deletions for that long."""
    last = ""
    while rows := await CrmTask.filter(
        workspace_id=org.context.workspace_id, org=org.key, state=CrmTaskState.SYNCED, id__gt=last
    ).order_by("id").limit(MAX_BATCH):  # fmt: skip
        last = rows[-1].id
        ids = [row.remote_id for row in rows if row.remote_id is not None]
        present = {
            each.remote_id for each in await org.session.find_tasks(remote_ids=ids, since=now) if not each.is_deleted
        }
        await _remove(org, [each for each in ids if each not in present], now)
        yield len(rows)


async def _remove(org: TaskOrg, remote_ids: Sequence[str], now: datetime) -> None:
    links = await store.links_of_records(org.context.workspace_id, org.key, remote_ids)
    gone = await read_tasks(org, [link for link in links.values() if link.state is not CrmTaskState.GONE])
    await in_groups(
        [synced for synced in gone if _is_synced(org, synced)],
        lambda synced: _remove_one(org, synced, now),
        lambda synced: _remove(org, [str(synced.remote_id)], now),
    )


async def _remove_one(org: TaskOrg, synced: SyncedTask, now: datetime) -> None:
    try:
        await remove(org, synced)
    except Refusal as refusal:
        log.info("the deletion of the task %s in the CRM waits: %s", synced.link.id, refusal.message)
        await outbox.add(org.context.workspace_id, CrmChangeKind.TASK, [synced.link.id], now, attempts=1)
        return
    await _store(org, synced, CrmTaskState.GONE, now, pushes=False)
