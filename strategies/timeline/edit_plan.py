"""Compare a new plan with one person's waiting emails and tasks after an edit."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from strategies.timeline.records import Planned, PlannedSend, PlannedTask


@dataclass(frozen=True, slots=True)
class Slot:
    """A waiting automatic email: its planned wall time, its zone, and its UTC instant."""

    date: dt.date
    time: dt.time
    zone: str
    instant: dt.datetime


@dataclass(slots=True)
class Edit:
    """The effect of an edit on one person's emails and tasks. The numbers are step numbers."""

    moved: list[PlannedSend] = field(default_factory=list)
    stays: list[PlannedSend] = field(default_factory=list)
    added: list[Planned] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    """Emails that are removed, or that must now wait for a task before them."""
    tasks_moved: list[PlannedTask] = field(default_factory=list)
    tasks_stay: list[PlannedTask] = field(default_factory=list)
    tasks_withdrawn: list[int] = field(default_factory=list)


def moves(slot: Slot, planned: PlannedSend, now: dt.datetime) -> bool:
    """Say whether a waiting email has a new time. An email that is due and has the same wall time does not move."""
    if (slot.date, slot.time, slot.zone) != (planned.date, planned.time, planned.zone):
        return True
    # The same wall time is another instant when the tz database has changed.
    return slot.instant != planned.instant and slot.instant > now


def edit(
    planned: Iterable[Planned],
    emails: Mapping[int, Slot],
    tasks: Mapping[int, dt.date],
    expired: Collection[int],
    now: dt.datetime,
) -> Edit:
    """Compare the plan with the waiting emails and the due dates of open tasks, by step number.

    ``expired`` are the numbers of expired tasks that the campaign still waits for. They keep their due date.
    """
    found = Edit()
    sends = {each.number: each for each in planned if isinstance(each, PlannedSend)}
    work = {each.number: each for each in planned if isinstance(each, PlannedTask)}
    for number, send in sends.items():
        if number not in emails:
            found.added.append(send)
        elif moves(emails[number], send, now):
            found.moved.append(send)
        else:
            found.stays.append(send)
    for number, task in work.items():
        if number not in tasks:
            found.added += [] if number in expired else [task]
        elif tasks[number] != task.due:
            found.tasks_moved.append(task)
        else:
            found.tasks_stay.append(task)
    found.withdrawn = [number for number in emails if number not in sends]
    found.tasks_withdrawn = [number for number in (*tasks, *expired) if number not in work]
    return found
