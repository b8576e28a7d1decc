"""An organization in a CRM that lies in memory: its tasks, its clock, and faults before and after its commits."""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from plugins.crms.codes import CrmCode
from plugins.crms.contract import CrmSession
from plugins.crms.errors import CrmError
from plugins.crms.people_and_activities import OptOut, OptOutPage
from plugins.crms.tasks import (
    DeletedTask,
    DeletedTasks,
    RemotePriority,
    RemoteStatus,
    RemoteTask,
    RemoteTaskKind,
    TaskField,
    TaskPage,
    TaskPush,
    TaskValues,
    WriteResult,
)

COLUMNS = {
    TaskField.SUBJECT: "subject",
    TaskField.STATUS: "status",
    TaskField.PRIORITY: "priority",
    TaskField.DUE: "due",
    TaskField.DETAILS: "details",
    TaskField.OWNER: "owner_id",
    TaskField.PERSON: "person_id",
}
USER = "005USER"
"""The user of the connection."""
PAGE = 50


@dataclass
class MemoryOrg:
    """The tasks of an organization. ``now`` is real time; its own clock is ``skew`` later."""

    marker_is_unique: bool = True
    skew: timedelta = timedelta(0)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251
    tasks: dict[str, RemoteTask] = field(default_factory=dict)
    deleted_at: dict[str, datetime] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    faults: list[CrmError] = field(default_factory=list)
    """Raised by the next calls, one each, before they do anything."""
    late_faults: list[CrmError] = field(default_factory=list)
    """Raised by the next writes after they were carried out."""
    rejects: dict[str, CrmError] = field(default_factory=dict)
    """The result of writes of a task, by its marker."""
    opt_outs: list[OptOut] = field(default_factory=list)
    looks_for_opt_outs: list[datetime | None] = field(default_factory=list)
    """The times from which changes were asked for. None: all people who have opted out."""
    during: Callable[[str], Any] | None = None
    """Awaited at the beginning and at the end of each call, with its name."""
    ids: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def clock(self) -> datetime:
        return self.now() + self.skew

    def add(self, values: TaskValues, marker: str | None = None, kind: RemoteTaskKind = RemoteTaskKind.TASK) -> str:
        """Create a task, and return its id."""
        remote_id = f"00T{next(self.ids):012d}"
        owned = replace(values, owner_id=values.owner_id or USER)
        self.tasks[remote_id] = RemoteTask(remote_id, owned, marker, self.clock, self.clock, kind)
        return remote_id

    def edit(self, remote_id: str, **values: Any) -> None:
        """Change a task, as a user of the CRM does."""
        task = self.tasks[remote_id]
        self.tasks[remote_id] = replace(task, values=replace(task.values, **values), changed_at=self.clock)

    def delete(self, remote_id: str) -> None:
        """Delete a task, as a user of the CRM does."""
        del self.tasks[remote_id]
        self.deleted_at[remote_id] = self.clock

    def by_marker(self, marker: str) -> list[RemoteTask]:
        return [task for task in self.tasks.values() if task.marker == marker]

    def session(self) -> "MemorySession":
        return MemorySession(self)


def task_values(**values: Any) -> TaskValues:
    """Return values of a task there, the usual ones if they are not given."""
    usual: dict[str, Any] = {
        "subject": "Call back",
        "status": RemoteStatus.OPEN,
        "priority": RemotePriority.NORMAL,
        "due": date(2026, 3, 4),
        "details": "",
        "owner_id": "005G",
        "person_id": None,
    }
    return TaskValues(**usual | values)


class MemorySession(CrmSession):
    """A session of an organization in memory. It has only what the sync of tasks needs."""

    def __init__(self, org: MemoryOrg) -> None:
        self.org = org

    @property
    def clock_skew(self) -> timedelta:  # type: ignore[override]
        return self.org.skew

    async def _call(self, name: str) -> None:
        self.org.calls.append(name)
        if self.org.during is not None:
            await self.org.during(name)
        if self.org.faults:
            raise self.org.faults.pop(0)

    async def _committed(self, name: str) -> None:
        if self.org.during is not None:
            await self.org.during(f"{name} committed")
        if self.org.late_faults:
            raise self.org.late_faults.pop(0)

    async def push_tasks(self, pushes: Sequence[TaskPush]) -> Sequence[WriteResult]:
        assert 0 < len(pushes) <= 200
        await self._call("push_tasks")
        results = [self._push(each) for each in pushes]
        await self._committed("push_tasks")
        return results

    def _push(self, push: TaskPush) -> WriteResult:
        if push.marker in self.org.rejects:
            return WriteResult(push.marker, error=self.org.rejects[push.marker])
        remote_id = push.remote_id
        if remote_id is None and self.org.marker_is_unique and self.org.by_marker(push.marker):
            return WriteResult(push.marker, error=CrmError(CrmCode.DUPLICATE_VALUE))
        if remote_id is None:
            return WriteResult(push.marker, self.org.add(push.values, push.marker), created=True)
        if remote_id not in self.org.tasks:
            return WriteResult(push.marker, error=CrmError(CrmCode.ENTITY_IS_DELETED))
        written = {COLUMNS[name]: getattr(push.values, COLUMNS[name]) for name in push.fields}
        if written.get("owner_id", "") is None:
            del written["owner_id"]
        self.org.edit(remote_id, **written)
        return WriteResult(push.marker, remote_id)

    async def delete_tasks(self, remote_ids: Sequence[str]) -> Sequence[WriteResult]:
        await self._call("delete_tasks")
        for each in remote_ids:
            if each in self.org.tasks:
                self.org.delete(each)
        await self._committed("delete_tasks")
        return [WriteResult(each, each) for each in remote_ids]

    async def changed_tasks(self, since: datetime, cursor: str | None) -> TaskPage:
        await self._call("changed_tasks")
        start = int(cursor or 0)
        changed = sorted(
            (each for each in self.org.tasks.values() if each.changed_at >= since),
            key=lambda each: (each.changed_at, each.remote_id),
        )
        more = str(start + PAGE) if len(changed) > start + PAGE else None
        return TaskPage(changed[start : start + PAGE], more, self.org.clock)

    async def deleted_tasks(self, since: datetime, until: datetime) -> DeletedTasks:
        await self._call("deleted_tasks")
        found = [DeletedTask(key, at) for key, at in self.org.deleted_at.items() if since <= at <= until]
        return DeletedTasks(found, until)

    async def find_tasks(
        self, *, markers: Mapping[str, TaskPush] | None = None, remote_ids: Sequence[str] = (), since: datetime
    ) -> Sequence[RemoteTask]:
        await self._call("find_tasks")
        wanted: Collection[str] = (markers or {}).keys()
        return [
            each
            for each in self.org.tasks.values()
            if each.remote_id in remote_ids or (each.marker in wanted and each.created_at >= since + self.org.skew)
        ]

    def record_url(self, remote_id: str) -> str:
        return f"https://crm.example/{remote_id}"

    async def _unused(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("the sync of tasks does not need it")

    async def changed_opt_outs(self, since: datetime | None, cursor: str | None) -> OptOutPage:
        self.org.looks_for_opt_outs.append(since)
        return OptOutPage(self.org.opt_outs, None, self.org.clock)

    identify = limits = describe = find_people = create_people = find_users = related_records = _unused
    person_sources = people_of = set_opt_outs = log_activities = find_activities = _unused
