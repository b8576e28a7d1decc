"""Random changes of tasks here and in Salesforce while both are synced, and what each task has to be at the end.

A third of the tasks is changed only here, a third only in Salesforce: each of these changes has to reach the other
side. The others are changed on both sides: there either side may win, and both have to agree.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from api.models import CrmTask, Task
from api.services.common.request_context import WorkspaceContext
from api.services.crm.tasks.values import plain_details
from api.services.tasks.manual_tasks import create_task, delete_task, reopen_task
from api.services.tasks.task_changes import update_task
from api.services.tasks.tasks import complete_task
from api.states import TaskStatus
from strategies import Refusal, StepType
from tests.salesforce.errors import ApiError
from tests.salesforce.org import Org

STATUSES = {TaskStatus.OPEN: "Not Started", TaskStatus.COMPLETED: "Completed"}
PRIORITIES = {"NORMAL": "Normal", "HIGH": "High"}
MARKER = "Touchline id:"
"""What precedes the marker in the comments, where the org has no field for it."""


class Side(StrEnum):
    """Where a task is changed."""

    HERE = "HERE"
    THERE = "THERE"
    BOTH = "BOTH"


@dataclass
class Known:
    """A task that was created on one side, and what it has to be at the end."""

    side: Side
    task_id: str | None = None
    record_id: str | None = None
    """Its id on the side where it was created."""
    values: dict[str, Any] = field(default_factory=dict)
    """Salesforce's values, as the side that changes it has written them."""
    deleted: bool = False
    deleted_anywhere: bool = False


@dataclass
class Changes:
    """What users do on both sides."""

    chance: random.Random
    context: WorkspaceContext
    org: Org
    people: dict[str, str]
    """The contact of each person."""
    users: dict[str, str]
    """The user of each sender."""
    known: list[Known] = field(default_factory=list)
    done: int = 0
    ended: bool = False
    """Whether users change nothing any more."""

    async def change(self) -> None:
        """Create or change a task on one side."""
        here, creates = self.chance.random() < 0.5, self.chance.random() < 0.3
        self.done += 1
        if here and creates:
            await self._create_here()
        elif creates:
            self._create_there()
        elif here:
            await self._change_here()
        else:
            await self._change_there()

    async def _create_here(self) -> None:
        person, sender = self.chance.choice(list(self.people)), self.chance.choice(list(self.users))
        name, details, due = f"Task {len(self.known)}", self._text(), self._day()
        task = await create_task(
            self.context, person_id=person, assignee_id=sender, kind=StepType.CUSTOM, name=name, due_date=due,
            details=details,
        )  # fmt: skip
        values = {
            "Subject": name, "Status": "Not Started", "Priority": "Normal", "ActivityDate": due.isoformat(),
            "Description": details, "OwnerId": self.users[sender], "WhoId": self.people[person],
        }  # fmt: skip
        self.known.append(Known(self.chance.choice(list(Side)), task.id, None, values))

    def _create_there(self) -> None:
        values = {
            "Subject": f"Theirs {len(self.known)}", "Status": "Not Started", "Priority": "Normal",
            "ActivityDate": self._day().isoformat(), "Description": self._text(),
            "OwnerId": self.chance.choice(list(self.users.values())),
            "WhoId": self.chance.choice(list(self.people.values())),
        }  # fmt: skip
        record_id = self.org.create("Task", values)
        self.known.append(Known(self.chance.choice(list(Side)), None, record_id, values))

    def _some(self, side: Side) -> Known | None:
        found = [each for each in self.known if each.side in {side, Side.BOTH} and not each.deleted_anywhere]
        return self.chance.choice(found) if found else None

    async def _change_here(self) -> None:
        one = self._some(Side.HERE)
        task_id = None if one is None else one.task_id or await self._task_of(one)
        task = await Task.get_or_none(id=task_id) if task_id is not None else None
        if one is None or task is None:
            return
        choice, sender, due = self.chance.random(), self.chance.choice(list(self.users)), self._day()
        details, priority = self._text(), self.chance.choice(list(PRIORITIES))
        try:
            if choice < 0.05:
                await delete_task(self.context, task.id)
                one.deleted_anywhere, one.deleted = True, one.side is Side.HERE
            elif choice < 0.25:
                await (complete_task if task.status is TaskStatus.OPEN else reopen_task)(self.context, task.id)
                one.values["Status"] = STATUSES[(await Task.get(id=task.id)).status]
            else:
                columns, values = self.chance.choice(
                    [
                        ({"priority": priority}, {"Priority": PRIORITIES[priority]}),
                        ({"due_date": due}, {"ActivityDate": due.isoformat()}),
                        ({"details": details}, {"Description": details}),
                        ({"assignee_id": sender}, {"OwnerId": self.users[sender]}),
                        ({"name": f"Renamed {self.done}"}, {"Subject": f"Renamed {self.done}"}),
                    ]
                )
                await update_task(self.context, task.id, **columns)
                one.values |= values
        except Refusal:
            return  # it was closed or deleted on the other side

    async def _change_there(self) -> None:
        one = self._some(Side.THERE)
        record_id = None if one is None else one.record_id or await self._record_of(one)
        record = self.org.find(record_id) if record_id is not None else None
        if one is None or record is None or record["IsDeleted"]:
            return
        choice = self.chance.random()
        try:
            if choice < 0.05:
                self.org.delete(record["Id"])
                one.deleted_anywhere, one.deleted = True, one.side is Side.THERE
                return
            field_name, value = self.chance.choice(
                [
                    ("Status", "Completed" if record["Status"] == "Not Started" else "Not Started"),
                    ("Priority", self.chance.choice(list(PRIORITIES.values()))),
                    ("ActivityDate", self._day().isoformat()),
                    ("OwnerId", self.chance.choice(list(self.users.values()))),
                    ("Description", self._described(record["Description"])),
                ]
            )
            self.org.update(record["Id"], {field_name: value})
            one.values[field_name] = details_of(value) if field_name == "Description" else value
        except ApiError:
            return

    def _described(self, before: str | None) -> str:
        """Return other comments. A user keeps the last line, which says that it is Touchline's."""
        _, found, marker = (before or "").partition(MARKER)
        return f"{self._text()}\n\n{found}{marker}" if found else self._text()

    async def _task_of(self, one: Known) -> str | None:
        link = await CrmTask.get_or_none(workspace_id=self.context.workspace_id, remote_id=one.record_id)
        return None if link is None else link.id

    async def _record_of(self, one: Known) -> str | None:
        found = [row["Id"] for row in self.org.rows("Task") if marker_of(row) == one.task_id]
        return found[0] if found else None

    def _text(self) -> str:
        return self.chance.choice(("short", "two\nlines", "Grüße, 漢字 & <b>", f"number {self.done}"))

    def _day(self) -> Any:
        return (self.context.now + timedelta(days=self.chance.randrange(1, 9))).date()


def marker_of(row: dict[str, Any]) -> str:
    """Return the id that Touchline wrote into a record: in its field, or in the last line of its comments."""
    return row.get("Touchline_Id__c") or (row["Description"] or "").partition(MARKER)[2].strip()


def details_of(description: str | None) -> str:
    """Return the comments of a record without that line."""
    return plain_details((description or "").partition(MARKER)[0])


@dataclass
class Compared:
    """How many tasks there are, and what is wrong with them."""

    tasks: int = 0
    equal: int = 0
    twice: int = 0
    lost: list[str] = field(default_factory=list)


async def compare(changes: Changes) -> Compared:
    """Compare both sides with each other and with what users did, field by field."""
    result = Compared()
    workspace_id, rows = changes.context.workspace_id, {row["Id"]: row for row in changes.org.records("Task")}
    tasks = {task.id: task for task in await Task.filter(workspace_id=workspace_id)}
    links = {link.id: link for link in await CrmTask.filter(workspace_id=workspace_id)}
    by_record = {link.remote_id: link.id for link in links.values() if link.remote_id is not None}
    owns = [link.remote_id for link in links.values() if link.remote_id is not None and link.id in tasks]
    markers = [marker for row in rows.values() if (marker := marker_of(row))]
    result.twice = len(markers) - len(set(markers)) + len(owns) - len(set(owns))
    senders = {user: sender for sender, user in changes.users.items()}
    seen: set[str] = set()
    for one in changes.known:
        task_id = one.task_id or by_record.get(one.record_id, "")
        link = links.get(task_id)
        record_id = one.record_id or (None if link is None else link.remote_id)
        task, row = tasks.get(task_id), rows.get(record_id or "")
        seen |= {task_id, record_id or ""}
        result.tasks += 1
        problems = _problems(one, task, row, senders)
        result.equal += not problems
        result.lost += [f"{task_id or '-'} {record_id or '-'} ({one.side}): {each}" for each in problems]
    result.lost += [f"{key} was created by nobody" for key in {*tasks, *rows} - seen]
    return result


def _problems(one: Known, task: Task | None, row: dict[str, Any] | None, senders: dict[str, str]) -> list[str]:
    if one.deleted or (one.deleted_anywhere and task is None and row is None):
        return [f"{name} is not deleted" for name, each in (("the task", task), ("the record", row)) if each]
    if row is None:
        return ["the record is missing" + " and so is the task" * (task is None)]
    if task is None:
        was_never_open = one.record_id is not None and row["Status"] == "Completed"
        return [] if was_never_open else ["the task is missing"]
    here = {
        "Status": STATUSES.get(task.status), "Priority": PRIORITIES[task.priority],
        "Description": plain_details(task.details),
    }  # fmt: skip
    there = {"Status": row["Status"], "Priority": row["Priority"], "Description": details_of(row["Description"])}
    if task.done_at is None:  # a closed task keeps its due date and its assignee
        here |= {"ActivityDate": task.due_date.isoformat(), "OwnerId": task.assignee_id}
        there |= {"ActivityDate": row["ActivityDate"], "OwnerId": senders[row["OwnerId"]]}
    problems = [f"{name}: {here[name]!r} here, {there[name]!r} there" for name in here if here[name] != there[name]]
    if one.task_id is not None or task.name.startswith("Renamed"):
        here["Subject"], there["Subject"] = task.name, row["Subject"]
    if here.get("Subject") != there.get("Subject"):
        problems.append(f"Subject: {task.name!r} here, {row['Subject']!r} there")
    if one.side is not Side.BOTH:
        expected = one.values | {"OwnerId": senders[one.values["OwnerId"]]}
        expected["Description"] = plain_details(expected["Description"])
        problems += [
            f"{name}: {value!r} was written, {there[name]!r} is there"
            for name, value in expected.items()
            if name in there and there[name] != value
        ]
        if row["WhoId"] != one.values["WhoId"]:
            problems.append("it is about another person")
    return problems
