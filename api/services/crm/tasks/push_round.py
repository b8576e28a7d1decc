"""One round of sending tasks, with the result of each change."""

from dataclasses import dataclass, field
from datetime import datetime

from api.crm_task_states import CrmChangeKind, CrmTaskState
from api.services.crm.failures.recording import record_failures
from api.services.crm.tasks.failures import failed
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.task_sync import SyncedTask, note_conflicts
from api.store.crm import changes as outbox
from api.store.crm import tasks as store
from api.store.crm.changes import Change, Failure
from api.store.engine.transactions import retry_on_deadlock, transaction
from plugins.crms.codes import CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import RemoteTask


@dataclass(slots=True)
class PushRound:
    """One round: the changes, and the result of each of them."""

    org: TaskOrg
    now: datetime
    changes: dict[str, Change]
    """By the task's id."""
    found: dict[str, RemoteTask] = field(default_factory=dict)
    """The tasks in the CRM, by the task's id here."""
    done: list[Change] = field(default_factory=list)
    same: list[SyncedTask] = field(default_factory=list)
    """Tasks whose last synced values leave nothing to send."""
    failures: list[Failure] = field(default_factory=list)
    rows: list[store.LinkChange] = field(default_factory=list)
    conflicts: list[SyncedTask] = field(default_factory=list)

    def finish(self, synced: SyncedTask, state: CrmTaskState, url: str = "") -> None:
        """Record that a task is synced."""
        self.done.append(self.changes[synced.link.id])
        self.rows.append(synced.row(state, self.now, url=url, sent=synced.late(self.now, self.org.doubt)))
        self.conflicts.append(synced)


async def store_round(one: PushRound, attempt_id: str | None = None) -> None:
    """Store the results for the tasks. With ``attempt_id``, rows that another process has sent since stay."""
    await _store(one, attempt_id)
    for failure in one.failures:
        if failure.counts:
            one.org.count_failure(failure.category)


@retry_on_deadlock
async def _store(one: PushRound, attempt_id: str | None) -> None:
    async with transaction():
        await _refuse_records_of_others(one)
        written = await store.write_links(one.rows, attempt_id)
        # A row that another process has synced meanwhile stays, and so does the change: the next round reads both.
        late = {row.read.id for row in one.rows} - written
        for synced in one.conflicts:
            if synced.link.id in written:
                await note_conflicts(one.org, synced, one.now)
        same = await store.lock_as_read([synced.link for synced in one.same])
        done = [change for change in one.done if change.object_id not in late]
        missing = await outbox.done([*done, *(one.changes[key] for key in sorted(same))])
        # Another process has found nothing to send, while this one sent older values. Queue the task, to compare both
        # sides.
        again = sorted(written & {change.object_id for change in done if change.id in missing})
        await outbox.add(one.org.context.workspace_id, CrmChangeKind.TASK, again, one.now)
        await record_failures(one.org.context, one.failures, one.now)


async def _refuse_records_of_others(one: PushRound) -> None:
    """Fail the tasks whose record in the CRM belongs to another task. One wrong id must not stop the whole round."""
    ids = {str(row.remote_id) for row in one.rows if row.remote_id not in {None, row.read.remote_id}}
    rows = await store.links_of_records(one.org.context.workspace_id, one.org.key, ids)
    owners = {remote_id: row.id for remote_id, row in rows.items()}
    for row in list(one.rows):
        if row.remote_id is None:
            continue
        key, owner = row.read.id, owners.setdefault(row.remote_id, row.read.id)
        if owner == key:
            continue
        detail = f"The CRM returned the id {row.remote_id}, which is that of the task {owner}."
        one.failures.append(failed(one.changes[key], CrmError(CrmCode.PLUGIN_FAILED, detail), one.now))
        one.rows.remove(row)
        one.done = [change for change in one.done if change.object_id != key]
        one.conflicts = [synced for synced in one.conflicts if synced.link.id != key]
