"""The people of a campaign in groups of equal facts, so that a preview calculates each group once.

A preview is exact for up to MAX_GROUPS groups. If there are more, because most people have times of their own, it
calculates the largest groups and says how many people these are.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from api.models import Enrollment, Send, Task
from api.services.enrollments.facts.option_facts import NO_OWN_FACTS, FactSource, OwnFacts, field_values
from api.states import SendStatus, TaskStatus
from api.store.engine.row_reader import ReadRow
from api.store.engine.sql import instant
from api.store.enrollments.fact_groups import (
    DECLARED_FACTS,
    EMAIL_FACTS,
    ENROLLMENT_FACTS,
    FIELD,
    PART,
    ROW,
    TASK_FACTS,
    FactSlice,
)
from strategies import Reads, WarningNote
from strategies.sentences.warning_codes import WarningCode

MAX_GROUPS = 2_000
"""Groups that a preview calculates."""
PEOPLE_PER_SLICE = 1_000
"""People whom one statement groups."""
EMAIL_COLUMNS = (*EMAIL_FACTS, "reason", "explanation")
ReadSlice = Callable[[str, int], Awaitable[FactSlice]]
"""Groups the next people after an enrollment id."""


@dataclass(frozen=True, slots=True)
class GroupExample:
    """One person for a whole group: rows that are not in the database, with the columns that the calculation reads.

    They have no other attributes. A model would take ten times as long to create.
    """

    enrollment: Enrollment
    sends: list[Send]
    tasks: list[Task]
    own: OwnFacts
    """The facts that send options declare."""
    people: int
    """The size of the group."""


@dataclass(slots=True)
class FactGroups:
    """People by the text of their facts. Keeps the largest groups if there are more than MAX_GROUPS.

    ``add`` writes all fields.
    """

    people: Counter[str] = field(default_factory=Counter)
    total: int = 0
    """All people, including those whose groups are not kept."""
    exact: bool = True

    def add(self, people: dict[str, int]) -> None:
        """Count more people. Those without facts do not count."""
        people.pop("", None)
        self.people.update(people)
        self.total += sum(people.values())
        if len(self.people) > 2 * MAX_GROUPS:
            self.shorten()

    def warnings(self) -> list[WarningNote]:
        """Return a warning if the preview is not exact."""
        calculated = sum(self.people.values())
        return [] if self.exact else [WarningCode.PREVIEW_INCOMPLETE.note(people=self.total, calculated=calculated)]

    async def examples(self, source: FactSource) -> AsyncIterator[GroupExample]:
        """Yield one person of each group. Lets other tasks run in between."""
        people: Mapping[str, OwnFacts] = {}
        if Reads.PERSON in source.reads:
            people = await source.people({_enrollment(text.split(PART)[0])["person_id"] for text in self.people})
        for number, (text, size) in enumerate(self.people.items()):
            yield _example_of(text, number, size, source, people)
            await asyncio.sleep(0)

    def shorten(self) -> None:
        """Keep the MAX_GROUPS largest groups."""
        if len(self.people) > MAX_GROUPS:
            self.people = Counter(dict(self.people.most_common(MAX_GROUPS)))
            self.exact = False


async def read_groups(*readers: ReadSlice) -> FactGroups:
    """Group people, slice by slice, so that no statement takes long."""
    found = FactGroups()
    for read in readers:
        last: str | None = ""
        while last is not None:
            chunk = await read(last, PEOPLE_PER_SLICE)
            found.add(chunk.people)
            last = chunk.last
    found.shorten()
    return found


def _example_of(facts: str, number: int, size: int, source: FactSource, people: Mapping[str, OwnFacts]) -> GroupExample:
    """Return the person that the text of a group's facts describes. ``number`` makes the ids."""
    own, emails, tasks = facts.split(PART)
    key = f"group{number}"

    def rows(text: str, read: Callable[[str], dict[str, Any]]) -> list[Any]:
        found = map(read, text.split(ROW) if text else ())
        return [ReadRow(row | {"id": f"{key}-{row['step_id']}", "enrollment_id": key}) for row in found]

    values = _enrollment(own)
    enrollment: Any = ReadRow(values | {"id": key})
    declared = people.get(values["person_id"], NO_OWN_FACTS)
    if Reads.RECIPIENT_ZONE in source.reads:
        declared = declared._replace(recipient_zone=values["recipient_zone"] or None)
    if Reads.FIELDS in source.reads:
        declared = declared._replace(fields=field_values(json.loads(values["own_fields"] or "{}")))
    return GroupExample(enrollment, rows(emails, _email), rows(tasks, _task), declared, size)


def _enrollment(text: str) -> dict[str, Any]:
    values = dict(zip((*ENROLLMENT_FACTS, *DECLARED_FACTS.values()), text.split(FIELD), strict=True))
    return values | {
        "zone_of": values["zone_of"] or None,
        "launched_at": instant(values["launched_at"]),
        "send_at": _moment(values["send_at"]),
        "times": json.loads(values["times"]),
        "resumed": json.loads(values["resumed"] or "null"),
        "launched_revision": int(values["launched_revision"]),
        "revision": 0,  # an edit counts all people alike
    }


def _email(text: str) -> dict[str, Any]:
    values = dict(zip(EMAIL_COLUMNS, text.split(FIELD), strict=False))
    planned_at = instant(values["planned_at"])
    return values | {
        "status": SendStatus(values["status"]),
        "attempts": int(values["attempts"]),
        "by_hand": values["by_hand"] == "1",
        "due_at": _moment(values["due_at"]) or planned_at,
        "planned_at": planned_at,
        "planned_date": date.fromisoformat(values["planned_date"]),
        "reason": values.get("reason") or None,
        "explanation": json.loads(values.get("explanation") or "[]"),
        "allowed_times_id": None,
    }


def _task(text: str) -> dict[str, Any]:
    values = dict(zip(TASK_FACTS, text.split(FIELD), strict=True))
    return values | {
        "status": TaskStatus(values["status"]),
        "due_date": date.fromisoformat(values["due_date"]),
        "planned_date": date.fromisoformat(values["planned_date"]) if values["planned_date"] else None,
        "done_at": _moment(values["done_at"]),
    }


def _moment(text: str) -> datetime | None:
    return instant(text) if text else None
