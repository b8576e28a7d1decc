"""Create, change and delete tasks in the CRM: one request each for up to 200 tasks."""

from collections.abc import Sequence
from datetime import datetime

from api.crm_task_states import CrmTaskState
from api.ids import new_id
from api.services.crm.failures.retrying import is_failed_write
from api.services.crm.tasks.failures import failed
from api.services.crm.tasks.push_round import PushRound, store_round
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.task_sync import SyncedTask
from api.store.crm import tasks as store
from api.store.crm.changes import Change
from api.store.engine.transactions import transaction
from plugins.crms.codes import CrmCategory, CrmCode
from plugins.crms.errors import CrmError
from plugins.crms.tasks import TaskField, TaskPush, WriteResult

SentValues = dict[str, list[str | None]]
MAX_SENT = 5
"""The most values of a field that are stored as sent without an answer."""
Pushes = dict[str, tuple[SyncedTask, frozenset[TaskField]]]
"""The tasks that are written, with the fields, by the task's id."""


async def delete_tasks(org: TaskOrg, gone: Sequence[SyncedTask], now: datetime, changes: dict[str, Change]) -> None:
    """Delete tasks in the CRM. A repeated deletion is harmless, so nothing is stored before the request."""
    if not gone:
        return
    by_id = {str(each.remote_id): each for each in gone}
    one = PushRound(org, now, changes)
    results = await org.session.delete_tasks(list(by_id))
    for key, synced in by_id.items():
        result = next((each for each in results if each.key == key), None)
        error = None if result is None else result.error
        if result is not None and (error is None or error.code is CrmCode.ENTITY_IS_DELETED):
            one.finish(synced, CrmTaskState.GONE)
        else:
            one.failures.append(failed(changes[synced.link.id], error or CrmError(CrmCode.ANSWER_INVALID), now))
    await store_round(one)


async def send_tasks(
    org: TaskOrg,
    pushes: Pushes,
    now: datetime,
    changes: dict[str, Change],
) -> None:
    """Create and change tasks in the CRM."""
    if not pushes:
        return
    attempt_id = new_id("att")
    async with transaction():
        sent = {key: _sent(org, synced, fields, now) for key, (synced, fields) in pushes.items()}
        links = [synced.link for synced, _ in pushes.values()]
        claimed = await store.begin_sending(attempt_id, sent, links, now)
    pushes = {key: pushes[key] for key in pushes if key in claimed}  # another process sends the others
    if not pushes:
        return
    try:
        results = await org.session.push_tasks([push_of(synced, fields) for synced, fields in pushes.values()])
    except CrmError as error:
        if is_failed_write(error):
            failures = [failed(changes[key], error, now) for key in pushes]
            await store_round(PushRound(org, now, changes, failures=failures))
            return
        if not error.in_doubt:
            await store.unsent({key: _late(org, synced, now) for key, (synced, _) in pushes.items()}, attempt_id)
        if error.in_doubt or error.category not in {CrmCategory.VALIDATION, CrmCategory.OTHER}:
            raise
        await _send_halves(org, pushes, error, now, changes)
        return
    by_key = {each.key: each for each in results}
    one, unsent = PushRound(org, now, changes), dict[str, SentValues]()
    for key, (synced, fields) in pushes.items():
        result = by_key.get(key) or WriteResult(key, error=CrmError(CrmCode.ANSWER_INVALID, in_doubt=True))
        if result.remote_id is not None:
            synced.remote_id = synced.remote_id or result.remote_id
            synced.base |= {name: (synced.texts[name], synced.texts[name]) for name in _written(synced, fields)}
            one.finish(synced, CrmTaskState.SYNCED, org.session.record_url(synced.remote_id))
        elif result.error is not None:
            one.failures.append(failed(changes[key], result.error, now))
            if not result.error.in_doubt and result.error.code is not CrmCode.DUPLICATE_VALUE:
                unsent[key] = _late(org, synced, now)
    await store.unsent(unsent, attempt_id)
    await store_round(one, attempt_id)
    for result in results:
        if result.error is not None and result.error.stops_all:
            raise result.error


async def _send_halves(
    org: TaskOrg,
    pushes: Pushes,
    error: CrmError,
    now: datetime,
    changes: dict[str, Change],
) -> None:
    """Send a rejected request again in halves, until the task that causes the rejection is found."""
    keys = list(pushes)
    if len(keys) == 1:
        await store_round(PushRound(org, now, changes, failures=[failed(changes[keys[0]], error, now)]))
        return
    for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
        await send_tasks(org, {key: pushes[key] for key in half}, now, changes)


def _sent(org: TaskOrg, synced: SyncedTask, fields: frozenset[TaskField], now: datetime) -> SentValues:
    """Return the values that the CRM may have after this request: its own, and those of requests without an answer."""
    sent = _late(org, synced, now)
    for name in _written(synced, fields):
        sent[name.value] = [*sent.get(name.value, []), synced.texts[name]][-MAX_SENT:]
    return sent


def _late(org: TaskOrg, synced: SyncedTask, now: datetime) -> SentValues:
    return {name.value: values for name, values in synced.stored_late(now, org.doubt).items() if values}


def _written(synced: SyncedTask, fields: frozenset[TaskField]) -> frozenset[TaskField]:
    """Return the fields to write. A new task gets all fields that have a value."""
    return frozenset(name for name in fields if synced.texts.get(name) is not None)


def push_of(synced: SyncedTask, fields: frozenset[TaskField]) -> TaskPush:
    """Return a task as the CRM gets it."""
    if synced.desired.values is None:
        raise ValueError(f"the task {synced.link.id} is not to be written")
    return TaskPush(synced.link.id, synced.remote_id, synced.desired.values, fields)
