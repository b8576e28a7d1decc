"""A workspace whose tasks are synced with an organization in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api.models import CrmSettings, CrmTask, CrmTaskSync, Person, Sender, Task
from api.services.common.request_context import WorkspaceContext
from api.services.crm.tasks.pull import OVERLAP, pull_changes, pull_deletions
from api.services.crm.tasks.push import push_tasks
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.tasks.manual_tasks import create_task
from api.store.crm import task_sync
from strategies import StepType
from tests.services.crm.memory_org import MemoryOrg
from tests.services.world import World, make_world

KEY = "memory:org1"
DAY = timedelta(days=1)


class PlainPeople:
    """Every person's record has the id of the person, in front of which there is 003."""

    async def records_of(self, person_ids: Collection[str]) -> Mapping[str, str]:
        return {each: f"003{each}" for each in person_ids}

    async def people_of(self, remote_ids: Collection[str]) -> Mapping[str, str]:
        known = {
            f"003{person.id}": person.id
            for person in await Person.filter(id__in=[each.removeprefix("003") for each in remote_ids])
        }
        return {each: known[each] for each in remote_ids if each in known}


class PlainSubjects:
    """The subject of a task is its name."""

    async def of_tasks(self, tasks: Sequence[Task]) -> Mapping[str, str]:
        return {task.id: task.name[:255] for task in tasks}


def real_now() -> datetime:
    """Return the present time: the triggers of the database use it."""
    return datetime.now(UTC)  # noqa: TID251


@dataclass
class SyncedWorld:
    """A workspace, its organization, and the time that has passed since the test began."""

    world: World
    context: WorkspaceContext
    remote: MemoryOrg
    org: TaskOrg
    later: timedelta = timedelta(0)

    @property
    def now(self) -> datetime:
        return real_now() + self.later

    async def task(self, name: str = "Call Ada", **values: Any) -> Task:
        person, sender = await Person.all().order_by("id").first(), await Sender.all().order_by("id").first()
        assert person is not None
        assert sender is not None
        usual = {"person_id": person.id, "assignee_id": sender.id, "kind": StepType.CUSTOM, "name": name}
        return await create_task(self.context, **usual | {"due_date": self.context.now.date()} | values)

    async def push(self) -> int:
        """Push until nothing is due. Returns how many changes were worked on."""
        done, org = 0, replace(self.org, changes_since=(await self._state()).changes_since - OVERLAP)
        while count := await push_tasks(org, self.now):
            done += count
        return done

    async def pull(self) -> None:
        state = await self._state()
        org = replace(self.org, changes_since=state.changes_since - OVERLAP)
        async for _ in pull_changes(org, state.changes_since, self.now):
            pass
        async for _ in pull_deletions(org, state.deletions_since, self.now):
            pass

    async def _state(self) -> CrmTaskSync:
        return await CrmTaskSync.get(id=self.context.workspace_id)

    async def settle(self) -> None:
        """Sync both ways until neither side has changes."""
        await self.pull()
        await self.push()
        await self.pull()

    async def remote_of(self, task: Task) -> Any:
        """Return the task in the CRM."""
        link = await CrmTask.get(id=task.id)
        return self.remote.tasks[str(link.remote_id)].values

    async def edit(self, task: Task, **values: Any) -> None:
        """Change the task in the CRM, as a user there does."""
        self.remote.edit(str((await CrmTask.get(id=task.id)).remote_id), **values)


async def synced_world(
    people: int = 2, *, marker_is_unique: bool = True, skew: timedelta = timedelta(0)
) -> SyncedWorld:
    """Return a world whose tasks have just begun to be synced. Its senders are users of the CRM."""
    world = await make_world(people)
    context = replace(world.context, clock=real_now)
    now = real_now()
    remote = MemoryOrg(marker_is_unique=marker_is_unique, skew=skew)
    await task_sync.turn_on(context.workspace_id, KEY, now, now + skew - DAY, now + skew)
    senders = await Sender.filter(workspace_id=context.workspace_id).order_by("id")
    org = TaskOrg(
        context=context,
        session=remote.session(),
        key=KEY,
        label="Memory",
        settings=CrmSettings(subject_pattern="{{activity_subject}}"),
        users={sender.id: f"005{sender.name}" for sender in senders},
        synced_senders=frozenset(sender.id for sender in senders),
        marker_is_unique=marker_is_unique,
        doubt=timedelta(seconds=660),
        deletions=15 * DAY,
        people=PlainPeople(),
        subjects=PlainSubjects(),
    )
    made = SyncedWorld(world, context, remote, org)
    remote.now = lambda: made.now
    return made
