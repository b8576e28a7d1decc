"""A random story of few tasks whose fields have few values, so that a value often returns to an earlier one.

Each field of a task is changed on one side only. At the end both sides have the value that was last written there.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from api.models import CrmTask, Task
from api.services.tasks.manual_tasks import create_task
from api.services.tasks.task_changes import update_task
from strategies import StepType
from tests.salesforce.story import DAY, Story, marker_of

PRIORITIES = {"NORMAL": "Normal", "HIGH": "High"}
TASKS = 3


class FieldOf(NamedTuple):
    """A field of a task, by Salesforce's name."""

    task_id: str
    name: str


@dataclass
class FewValuesStory(Story):
    """The story. ``written`` has the last value of each field, as Salesforce has it."""

    written: dict[FieldOf, str] = field(default_factory=dict)
    is_here: dict[FieldOf, bool] = field(default_factory=dict)
    """Whether a field is changed here, and not in Salesforce."""

    def _values(self) -> dict[str, dict[str, tuple[str, Any]]]:
        """Return the column of each field, and its value here by that in Salesforce."""
        days = [(self.context.now + number * DAY).date() for number in (1, 2)]
        return {
            "Priority": {there: ("priority", here) for here, there in PRIORITIES.items()},
            "ActivityDate": {day.isoformat(): ("due_date", day) for day in days},
            "OwnerId": {user: ("assignee_id", sender) for sender, user in self.users.items()},
        }

    def _write(self, task_id: str, *, here: bool) -> tuple[str, str, Any] | None:
        """Choose a field that this side changes and its new value, which the other side has to get."""
        names = [each.name for each, is_here in self.is_here.items() if each.task_id == task_id and is_here == here]
        if not names:
            return None
        key = FieldOf(task_id, self.chance.choice(names))
        values = self._values()[key.name]
        there = self.chance.choice([each for each in values if each != self.written[key]])
        self.written[key] = there
        return key.name, there, values[there]

    async def change_here(self) -> None:
        """Create a task, or change a field of one."""
        tasks = await Task.filter(workspace_id=self.context.workspace_id, enrollment_id=None).order_by("id")
        if len(tasks) < TASKS and (not tasks or self.chance.random() < 0.2):
            due, assignee = (self.context.now + DAY).date(), self.senders[0]
            task = await create_task(
                self.context, person_id=self.people[0], assignee_id=assignee, kind=StepType.CUSTOM, name="Call",
                due_date=due,
            )  # fmt: skip
            values = {"Priority": "Normal", "ActivityDate": due.isoformat(), "OwnerId": self.users[assignee]}
            for name, value in values.items():
                self.written[FieldOf(task.id, name)] = value
                self.is_here[FieldOf(task.id, name)] = self.chance.random() < 0.5
        elif chosen := self._write((task := self.chance.choice(tasks)).id, here=True):
            column, value = chosen[2]
            await update_task(self.context, task.id, **{column: value})

    def change_there(self) -> None:
        """Change a field of a task."""
        rows = [row for row in self.server.org.records("Task") if marker_of(row)]
        row = self.chance.choice(rows) if rows else None
        if row and (chosen := self._write(marker_of(row), here=False)):
            self.server.org.update(row["Id"], {chosen[0]: chosen[1]})

    async def check(self) -> None:
        """Both sides have what was last written."""
        await super().check()
        for key, value in self.written.items():
            task, link = await Task.get(id=key.task_id), await CrmTask.get(id=key.task_id)
            row = next(row for row in self.server.org.records("Task") if row["Id"] == link.remote_id)
            column, here = self._values()[key.name].get(value, ("", None))
            assert row[key.name] == value, f"{key}, changed {'here' if self.is_here[key] else 'there'}: {value} is lost"
            assert not column or getattr(task, column) == here, key
