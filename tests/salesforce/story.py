"""One random story of tasks that change here and in Salesforce, with faults, delays and killed processes."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from api.models import CrmChange, CrmSettings, CrmTask, CrmTaskSync, Task
from api.services.crm.tasks.pull import OVERLAP, pull_changes, pull_deletions
from api.services.crm.tasks.push import push_tasks
from api.services.crm.tasks.sync_context import TaskOrg
from api.services.crm.tasks.values import plain_details
from api.services.tasks.manual_tasks import create_task, delete_task, reopen_task
from api.services.tasks.task_changes import update_task
from api.services.tasks.tasks import complete_task, skip_task
from api.states import TaskStatus
from api.store.crm import task_sync
from plugins.crms.errors import CrmError
from strategies import Refusal, StepType
from tests.plugins.crms.salesforce.connecting import HURRIED, connected
from tests.salesforce.errors import ApiError
from tests.salesforce.faults import BROKEN, LIMIT_EXCEEDED, LOCKED_ROW, MAINTENANCE, UNAVAILABLE, Fault, FaultKind
from tests.salesforce.server import SalesforceServer
from tests.services.crm.retries import retry_all

DOUBT = timedelta(minutes=11)
DAY = timedelta(days=1)
FAULTS = (
    Fault(FaultKind.SESSION_EXPIRES), Fault(FaultKind.DROP_BEFORE), Fault(FaultKind.DROP_AFTER),
    Fault(FaultKind.TRUNCATE), Fault(FaultKind.GARBAGE), Fault(FaultKind.LATE), UNAVAILABLE, BROKEN, LIMIT_EXCEEDED,
    Fault(FaultKind.FAIL_ROWS, rows=(0, 2), error=LOCKED_ROW), Fault(FaultKind.FAIL_ROWS, rows=(1,), error=MAINTENANCE),
)  # fmt: skip
"""What goes wrong, one of them at a time."""
STATUSES = {TaskStatus.OPEN: "Not Started", TaskStatus.COMPLETED: "Completed", TaskStatus.SKIPPED: "Completed"}
NAMES = ("Call", "Ring", "Visit", "Write", "x" * 300)


@dataclass
class Story:
    """One story: a workspace, an org, and a random number generator that decides what happens."""

    chance: random.Random
    server: SalesforceServer
    context: Any
    people: list[str]
    senders: list[str]
    contacts: dict[str, str]
    users: dict[str, str]
    key: str
    later: timedelta = timedelta(0)
    happened: list[str] = field(default_factory=list)
    org: Any = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later  # noqa: TID251

    async def records_of(self, person_ids: Collection[str]) -> Mapping[str, str]:
        return {each: self.contacts[each] for each in person_ids if each in self.contacts}

    async def people_of(self, remote_ids: Collection[str]) -> Mapping[str, str]:
        found = {contact: person for person, contact in self.contacts.items()}
        return {each: found[each] for each in remote_ids if each in found}

    async def of_tasks(self, tasks: Sequence[Task]) -> Mapping[str, str]:
        return {task.id: f"Touchline: {task.name}"[:255] for task in tasks}

    @asynccontextmanager
    async def session(self, state: CrmTaskSync) -> AsyncIterator[TaskOrg]:
        async with connected(self.server, HURRIED) as (session, host):
            host.now = self.now  # type: ignore[method-assign]
            described = await session.describe()
            yield TaskOrg(
                self.context, session, self.key, "Salesforce", CrmSettings(subject_pattern=""), self.users,
                frozenset(self.senders), described.marker_is_unique, DOUBT, 15 * DAY, self, self,
                changes_since=state.changes_since - OVERLAP,
            )  # fmt: skip

    async def sync(self, *, push: bool, pull: bool) -> None:
        """Sync once, as one process does. Raises CrmError."""
        state = await task_sync.state_of(self.context.workspace_id)
        assert state is not None
        async with self.session(state) as org:
            if pull:
                async for _ in pull_changes(org, state.changes_since, self.now()):
                    pass
                async for _ in pull_deletions(org, state.deletions_since, self.now()):
                    pass
            while push and await push_tasks(org, self.now()):
                pass

    async def step(self) -> None:
        """Let one thing happen."""
        kind = self.chance.choice(("here", "here", "there", "there", "sync", "sync", "fault", "kill", "wait", "both"))
        self.happened.append(kind)
        if kind == "here":
            with suppress(Refusal):
                await self.change_here()
        elif kind == "there":
            with suppress(ApiError):
                self.change_there()
        elif kind == "wait":
            self.pass_time(timedelta(seconds=self.chance.choice((1, 40, 240))))
        elif kind == "fault":
            fault = self.chance.choice(FAULTS)
            self.server.faults.add(replace(fault, skip=self.chance.choice((0, 0, 1, 3))))
            self.happened.append(fault.kind)
        elif kind == "kill":
            await self.killed_sync()
        elif kind == "both":
            with suppress(CrmError):
                await asyncio.gather(self.sync(push=True, pull=False), self.sync(push=True, pull=True))
        else:
            with suppress(CrmError):
                await self.sync(push=self.chance.random() < 0.8, pull=self.chance.random() < 0.6)

    async def killed_sync(self) -> None:
        """End a process in the middle: between two statements, before or after a request is carried out."""
        process = asyncio.ensure_future(self.sync(push=True, pull=self.chance.random() < 0.5))
        for _ in range(self.chance.randrange(400)):
            await asyncio.sleep(0)
        process.cancel()
        with suppress(asyncio.CancelledError, CrmError):
            await process

    def pass_time(self, time: timedelta) -> None:
        """Let time pass. What Salesforce still has to do, it has done by then."""
        if self.chance.random() < 0.7 or (self.server.late and time > timedelta(minutes=1)):
            self.carry_out_late()
        self.later += time

    def carry_out_late(self) -> None:
        with suppress(ApiError):
            self.server.carry_out_late()

    async def change_here(self) -> None:
        tasks = await Task.filter(workspace_id=self.context.workspace_id, enrollment_id=None).order_by("id")
        choice = self.chance.random()
        if not tasks or choice < 0.35:
            await create_task(
                self.context, person_id=self.chance.choice(self.people), assignee_id=self.chance.choice(self.senders),
                kind=self.chance.choice((StepType.CALL, StepType.CUSTOM, StepType.INMAIL)),
                name=self.chance.choice(NAMES)[:300], due_date=self.day(),
                details=self.chance.choice(("", "a", "b\nc")),
            )  # fmt: skip
            return
        task = self.chance.choice(tasks)
        if choice < 0.75:
            values: dict[str, Any] = {
                "name": self.chance.choice(NAMES)[:300], "due_date": self.day(), "details": self.chance.choice("abc"),
                "priority": self.chance.choice(("NORMAL", "HIGH")), "assignee_id": self.chance.choice(self.senders),
            }  # fmt: skip
            some = self.chance.sample(sorted(values), self.chance.choice((1, 2)))
            await update_task(self.context, task.id, **{name: values[name] for name in some})
        else:
            act: Any = self.chance.choice((complete_task, complete_task, skip_task, reopen_task, delete_task))
            await act(self.context, task.id)

    def change_there(self) -> None:
        rows = [row for row in self.server.org.records("Task") if not row["IsDeleted"]]
        choice = self.chance.random()
        values: dict[str, Any] = {
            "Subject": self.chance.choice(("Theirs", "Others")), "Priority": self.chance.choice(("High", "Normal")),
            "Status": self.chance.choice(("Not Started", "Completed", "Completed", "In Progress")),
            "ActivityDate": self.day().isoformat(), "OwnerId": self.chance.choice(list(self.users.values())),
        }  # fmt: skip
        if not rows or choice < 0.25:
            who = self.chance.choice([*self.contacts.values(), None])
            self.server.org.create("Task", {**values, "Status": "Not Started", "WhoId": who})
        elif choice < 0.9:
            some = self.chance.sample(sorted(values), self.chance.choice((1, 2)))
            self.server.org.update(self.chance.choice(rows)["Id"], {name: values[name] for name in some})
        else:
            self.server.org.delete(self.chance.choice(rows)["Id"])

    def day(self) -> date:
        return (self.context.now + self.chance.randrange(1, 9) * DAY).date()

    async def rest(self) -> None:
        """Let all faults end, and sync until nothing changes any more."""
        self.server.faults.clear()
        self.carry_out_late()
        for _ in range(12):
            self.later += timedelta(minutes=70)
            await retry_all(self.context.workspace_id, self.now())
            with suppress(CrmError):  # a slow machine: the limits of the client are short
                await self.sync(push=True, pull=True)
                await self.sync(push=True, pull=True)
                if not await CrmChange.filter(workspace_id=self.context.workspace_id).exists():
                    return
        raise AssertionError("it never comes to rest")

    async def check(self) -> None:
        """Both sides are equal, nothing is there twice, and nothing is lost."""
        rows = {row["Id"]: row for row in self.server.org.records("Task") if not row["IsDeleted"]}
        links = await CrmTask.filter(workspace_id=self.context.workspace_id)
        tasks = {row.id: row for row in await Task.filter(workspace_id=self.context.workspace_id, enrollment_id=None)}
        own = [marker_of(row) for row in rows.values() if marker_of(row)]
        assert len(own) == len(set(own)), "a task is in Salesforce twice"
        remote_ids = [link.remote_id for link in links if link.remote_id]
        assert len(remote_ids) == len(set(remote_ids))
        by_task = {link.id: link for link in links}
        for key, task in tasks.items():
            link = by_task[key]
            if link.remote_id is None:
                assert task.status is TaskStatus.SKIPPED, f"{key} is not in Salesforce"
                continue
            assert link.remote_id in rows, f"{key} is here, and not in Salesforce"
            self.compare(task, rows[link.remote_id])
        known = {link.remote_id for link in links if link.id in tasks}
        for row in rows.values():
            is_foreign = row["Status"] == "Not Started" and row["WhoId"] and not marker_of(row)
            assert row["Id"] in known or not (is_foreign or marker_of(row)), f"{row['Id']} is in Salesforce only"

    def compare(self, task: Task, row: Mapping[str, Any]) -> None:
        senders = {user: sender for sender, user in self.users.items()}
        # A status that means nothing here is left alone, also after the task was completed here.
        assert row["Status"] in {"In Progress", STATUSES[task.status]}, (task.status, row["Status"])
        assert row["Priority"] == ("High" if task.priority == "HIGH" else "Normal")
        description = (row["Description"] or "").split("Touchline id:")[0]
        assert plain_details(description) == plain_details(task.details)
        if task.done_at is None:
            assert row["ActivityDate"] == task.due_date.isoformat()
            assert senders[row["OwnerId"]] == task.assignee_id


def marker_of(row: Mapping[str, Any]) -> str:
    """Return the marker of a task in Salesforce: in its field, or in the last line of its comments."""
    return row.get("Touchline_Id__c") or (row["Description"] or "").partition("Touchline id: ")[2].strip()
