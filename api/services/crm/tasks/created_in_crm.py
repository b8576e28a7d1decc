"""Tasks that were created in the CRM: each becomes a task by hand of the sender who is its owner there.

Only open tasks are added, of owners whose tasks are synced, about people in the workspace.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tortoise.exceptions import DoesNotExist, IntegrityError

from api.codes.events.actors import ActorKind
from api.crm_task_states import CrmTaskState
from api.models import CrmTask, Sender
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.crm.tasks.change_batches import in_groups
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.task_sync import SyncedTask
from api.services.crm.tasks.values import YEARS, Desired, plain_details, texts_of
from api.services.tasks.manual_tasks import MAX_DETAILS_CHARACTERS, MAX_NAME_CHARACTERS
from api.services.tasks.remote_changes import add_remote_task
from api.states import Priority
from api.store.crm import tasks as store
from api.store.crm.changes import Change, done
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.event_actor import acting
from plugins.crms.tasks import RemotePriority, RemoteStatus, RemoteTask, RemoteTaskKind
from strategies import Refusal, StepType
from strategies.calendar import local

log = logging.getLogger("touchline.crm")

TYPES = {RemoteTaskKind.CALL: StepType.CALL, RemoteTaskKind.EMAIL: StepType.EMAIL}
UNNAMED = "Task"
"""The name of a task without a subject."""


async def add_foreign_tasks(org: TaskOrg, remotes: Sequence[RemoteTask], now: datetime) -> None:
    """Add tasks of the CRM that are not known. Raises CrmError.

    A task that another workspace has written to the same organization is left out.
    """
    senders = org.senders
    wanted = [
        each
        for each in remotes
        if not each.is_deleted
        and each.values.status is RemoteStatus.OPEN
        and each.values.person_id is not None
        and senders.get(each.values.owner_id or "") in org.synced_senders
    ]
    markers = {each.marker for each in wanted if each.marker}
    if markers:
        others = await store.tasks_of_other_workspaces(org.context.workspace_id, org.key, markers)
        wanted = [each for each in wanted if each.marker not in others]
    people = await org.people.people_of({str(each.values.person_id) for each in wanted}) if wanted else {}
    records = await org.people.records_of(set(people.values())) if people else {}

    async def add(remote: RemoteTask) -> None:
        person_id = people[str(remote.values.person_id)]
        try:
            await _add(org, remote, person_id, records.get(person_id), senders[str(remote.values.owner_id)], now)
        except (DoesNotExist, IntegrityError):
            log.info("another process has added the task %s of the CRM, or has turned off the sync", remote.remote_id)
        except Refusal as refusal:
            log.info("the task %s of the CRM is not added: %s", remote.remote_id, refusal.message)
        except Exception as problem:
            if is_database_fault(problem):
                raise
            log.exception("the task %s of the CRM fails and is not added", remote.remote_id)

    await in_groups([each for each in wanted if str(each.values.person_id) in people], add, add)


@retry_on_deadlock
async def _add(
    org: TaskOrg, remote: RemoteTask, person_id: str, record_id: str | None, assignee_id: str, now: datetime
) -> None:
    """Add a task and its row of ``crm_task`` in one transaction. The CRM's id is unique there.

    The CRM's task keeps its subject and its person until these change here: ``base`` has their values here.
    """
    values = remote.values
    zone = (await Sender.get(id=assignee_id)).zone
    due = values.due if values.due is not None and values.due.year in YEARS else local(now, zone).date()
    with acting(ActorKind.CRM, org.label):
        async with transaction():
            task = await add_remote_task(
                org.context,
                person_id=person_id,
                assignee_id=assignee_id,
                kind=TYPES.get(remote.kind, StepType.CUSTOM),
                name=" ".join(values.subject.split())[:MAX_NAME_CHARACTERS] or UNNAMED,
                due_date=due,
                priority=Priority.HIGH if values.priority is RemotePriority.HIGH else Priority.NORMAL,
                details=plain_details(values.details)[:MAX_DETAILS_CHARACTERS],
                now=org.context.now,
            )
            link = await CrmTask.get(id=task.id)  # by the trigger of the table of tasks
            subject = (await org.subjects.of_tasks([task]))[task.id]
            here = texts_of(replace(values, subject=subject, person_id=record_id))
            base = {name: (here[name], value) for name, value in texts_of(values).items()}
            synced = SyncedTask(link, task, Desired(values), remote.remote_id, base, {})
            url = org.session.record_url(remote.remote_id)
            await store.write_links([synced.row(CrmTaskState.SYNCED, now, url=url)])
            await done([Change(f"TASK:{task.id}", task.id, 1, 0, now)])
