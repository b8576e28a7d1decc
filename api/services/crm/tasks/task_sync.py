"""Sync one task with its task in the CRM: merge the two, and apply here what was changed there."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from api.codes.events.actors import ActorKind
from api.codes.events.event_kinds import EventKind
from api.crm_task_states import CrmTaskState
from api.models import CrmTask, Person, Task
from api.services.crm.tasks.field_merge import Conflict, Merge, Pair, Side, merge
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.values import Desired, Texts, applicable, desired, plain_details, texts_of
from api.services.tasks.remote_changes import change_task, complete_task_as_of, remove_task, reopen_task
from api.states import Priority
from api.store.crm import tasks as store
from api.store.crm.tasks import LinkChange
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.event_actor import acting
from api.store.events.events import task_event, write
from plugins.crms.tasks import RemotePriority, RemoteStatus, RemoteTask, TaskField

log = logging.getLogger("touchline.crm")

TIMES = {each: f"{each.lower()}_at" for each in TaskField}
"""The column of ``crm_task`` with the time of the last change here, by field."""
Sent = dict[TaskField, list[str | None]]
SHOWN = frozenset({TaskField.STATUS, TaskField.PRIORITY, TaskField.DUE, TaskField.OWNER})
"""Fields whose values a conflict shows. The others are stored as digests."""


@dataclass(slots=True)
class SyncedTask:
    """A task, its row in ``crm_task``, and its state in the CRM as last read."""

    link: CrmTask
    task: Task | None
    desired: Desired
    remote_id: str | None
    base: dict[TaskField, Pair]
    sent: Sent
    """The values that were sent without an answer and were not seen in the CRM, the latest last."""
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    is_erased: bool = False
    """Whether the person of the task was erased. Then no value is applied, because it could contain personal data."""

    def late(self, now: datetime, doubt: timedelta) -> Sent:
        """Return the values of ``sent`` that the CRM may still write."""
        return self.sent if self._is_in_doubt(now, doubt) else {}

    def stored_late(self, now: datetime, doubt: timedelta) -> Sent:
        """Return the same for the row. Values that were seen stay in the row until the new ``base`` is stored."""
        return sent_of(self.link) if self._is_in_doubt(now, doubt) else {}

    def _is_in_doubt(self, now: datetime, doubt: timedelta) -> bool:
        return self.link.sent_at is not None and now < self.link.sent_at + doubt

    @property
    def is_same_as_synced(self) -> bool:
        """Whether nothing has changed here since the last sync."""
        return all(value is None or self.base.get(name, (None, None))[0] == value for name, value in self.texts.items())

    @property
    def texts(self) -> Texts:
        """The values here."""
        return self.desired.texts

    def row(self, state: CrmTaskState, now: datetime, *, url: str = "", sent: Sent | None = None) -> LinkChange:
        """Return the row to store after a sync."""
        return LinkChange(
            read=self.link,
            state=state,
            remote_id=self.remote_id,
            url=url or self.link.url,
            base={name.value: list(pair) for name, pair in self.base.items()},
            sent={name.value: list(values) for name, values in (sent or {}).items() if values},
            conflicts=[*self.conflicts, *self.link.conflicts],
            synced_at=now,
        )


def sent_of(link: CrmTask) -> Sent:
    """Return the values that were sent without an answer, as a row has them."""
    return {TaskField(name): list(values) for name, values in link.sent.items()}


async def read_tasks(org: TaskOrg, links: Sequence[CrmTask]) -> list[SyncedTask]:
    """Return the present tasks of rows, with the values that the CRM should have. Raises CrmError."""
    found = await Task.filter(id__in=[link.id for link in links]) if links else []
    rows = [row for row in found if row.workspace_id == org.context.workspace_id]
    tasks = {row.id: row for row in rows}
    records = await org.people.records_of({task.person_id for task in rows})
    subjects = await org.subjects.of_tasks(rows)
    people = Person.filter(id__in=sorted({task.person_id for task in rows}), erased_at__isnull=False).only("id")
    erased = {person.id for person in await people} if rows else set[str]()
    synced = []
    for link in links:
        task = tasks.get(link.id)
        wanted = Desired(None)
        if task is not None:
            owner, person = org.users.get(task.assignee_id), records.get(task.person_id)
            wanted = desired(task, subjects[task.id], owner, person, completes_skipped=org.completes_skipped)
        base: dict[TaskField, Pair] = {TaskField(name): (pair[0], pair[1]) for name, pair in link.base.items()}
        is_erased = task is not None and task.person_id in erased
        synced.append(SyncedTask(link, task, wanted, link.remote_id, base, sent_of(link), is_erased=is_erased))
    return synced


def adopt(synced: SyncedTask, remote: RemoteTask) -> None:
    """Adopt a task of the CRM whose creation was in doubt.

    The creation was carried out, so its values cannot be written again. If several creations were sent, another one may
    still be carried out.
    """
    synced.remote_id = remote.remote_id
    there = texts_of(remote.values)
    for name, values in synced.sent.items():
        value = there[name] if there[name] in values else values[-1]
        synced.base[name] = (value, value)
        synced.sent[name] = [each for each in values if each != value]


def merged(org: TaskOrg, synced: SyncedTask, remote: RemoteTask, now: datetime) -> Merge:
    """Merge a task with its task in the CRM, and add the conflicts to ``synced``."""
    if synced.task is None:
        raise ValueError(f"the task {synced.link.id} does not exist")
    here, there = synced.texts, texts_of(remote.values)
    times = {name: at for name, column in TIMES.items() if (at := getattr(synced.link, column)) is not None}
    can_apply = frozenset[TaskField]() if synced.is_erased else applicable(remote, synced.task, org.senders)
    sent = {} if org.has_seen_until(synced.link.sent_at) else synced.sent
    result = merge(here, there, synced.base, sent, times, org.changed_at(remote), can_apply)
    synced.base = dict(result.base)
    synced.sent = {name: list(values) for name, values in result.sent.items()}
    conflicts = list(result.conflicts)
    if _must_complete_again(synced, here, there, can_apply):
        conflicts.append(Conflict(TaskField.STATUS, here[TaskField.STATUS], there[TaskField.STATUS], Side.HERE))
        synced.base[TaskField.STATUS] = (there[TaskField.STATUS], there[TaskField.STATUS])
        result = replace(result, push=result.push | {TaskField.STATUS})
    synced.conflicts = [_shown(each, now) for each in conflicts]
    return result


def _must_complete_again(synced: SyncedTask, here: Texts, there: Texts, can_apply: frozenset[TaskField]) -> bool:
    """Say whether a task was reopened in the CRM but cannot be reopened here. It is then completed there again."""
    status = TaskField.STATUS
    return (
        here.get(status) == RemoteStatus.COMPLETED
        and there.get(status) == RemoteStatus.OPEN
        and status not in can_apply
        and synced.base.get(status, (None, None))[0] == RemoteStatus.COMPLETED
    )


def _shown(conflict: Conflict, now: datetime) -> dict[str, Any]:
    shows = conflict.field in SHOWN
    return {
        "field": conflict.field.value,
        "here": conflict.here if shows else None,
        "there": conflict.there if shows else None,
        "wins": conflict.wins.value,
        "at": now.isoformat(),
    }


class _ChangedError(Exception):
    """The task or its row has changed since it was read."""


async def apply(
    org: TaskOrg, synced: SyncedTask, remote: RemoteTask, fields: frozenset[TaskField], now: datetime
) -> bool:
    """Apply fields of the CRM's task here, and store that they are synced. Raises Refusal.

    Returns False if the task has changed since it was read. Both happen in one transaction: otherwise, after a crash,
    the change would count as made here, and would overwrite the next change there.
    """
    there = texts_of(remote.values)
    after = replace(synced, base=synced.base | {name: (there[name], there[name]) for name in fields})
    row = after.row(
        CrmTaskState.SYNCED, now, url=org.session.record_url(remote.remote_id), sent=after.late(now, org.doubt)
    )
    try:
        await _apply(org, synced, remote, fields, row, now)
    except _ChangedError:
        return False
    synced.base, synced.conflicts = after.base, []
    link = synced.link
    link.conflicts, link.url, link.synced_at = list(row.conflicts), row.url, now
    link.attempt_id, link.remote_id, link.sent = None, row.remote_id, dict(row.sent)
    return True


@retry_on_deadlock
async def _apply(
    org: TaskOrg,
    synced: SyncedTask,
    remote: RemoteTask,
    fields: frozenset[TaskField],
    row: LinkChange,
    now: datetime,
) -> None:
    task = synced.task
    if task is None:
        raise ValueError(f"the task {synced.link.id} does not exist")
    with acting(ActorKind.CRM, org.label):
        async with transaction():
            opens = TaskField.STATUS in fields and remote.values.status is RemoteStatus.OPEN
            if opens and task.done_at is not None:
                task = await reopen_task(org.context, task.id)
            columns = columns_of(org, remote, fields)
            columns = {name: value for name, value in columns.items() if getattr(task, name) != value}
            if columns and not await change_task(org.context, task, columns):
                raise _ChangedError
            if TaskField.STATUS in fields and not opens and task.done_at is None:
                at = min(now, max(org.changed_at(remote), synced.link.synced_at or now)).replace(microsecond=0)
                await complete_task_as_of(org.context, task.id, at)
            if not await store.write_links([row]):
                raise _ChangedError
            await note_conflicts(org, synced, now)


async def note_conflicts(org: TaskOrg, synced: SyncedTask, now: datetime) -> None:
    """Write the events of conflicts. Call it in the transaction that stores them."""
    if synced.task is not None and synced.conflicts:
        with acting(ActorKind.CRM, org.label):
            await write(
                [
                    task_event(
                        synced.task,
                        EventKind.TASK_CONFLICT,
                        now,
                        data={name: value for name, value in each.items() if name != "at" and value is not None},
                        campaign_id=synced.task.campaign_id,
                    )
                    for each in synced.conflicts
                ]
            )


async def remove(org: TaskOrg, synced: SyncedTask) -> None:
    """Remove a task here that was deleted in the CRM. Raises Refusal."""
    if synced.task is not None and synced.desired.values is not None:
        with acting(ActorKind.CRM, org.label):
            await remove_task(org.context, synced.task)


def columns_of(org: TaskOrg, remote: RemoteTask, fields: frozenset[TaskField]) -> dict[str, Any]:
    """Return the columns of a task that have the values of fields of the CRM's task."""
    values = remote.values
    columns: Mapping[TaskField, tuple[str, Any]] = {
        TaskField.PRIORITY: (
            "priority",
            Priority.HIGH if values.priority is RemotePriority.HIGH else Priority.NORMAL,
        ),
        TaskField.DUE: ("due_date", values.due or date.max),
        TaskField.DETAILS: ("details", plain_details(values.details)),
        TaskField.OWNER: ("assignee_id", org.senders.get(values.owner_id or "")),
    }
    return dict(columns[name] for name in fields if name in columns)
