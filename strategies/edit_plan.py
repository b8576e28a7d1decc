"""An edit, for one person: what of the new plan differs from what waits by the old one."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from strategies.records import Planned, PlannedSend, PlannedTask


@dataclass(frozen=True, slots=True)
class Slot:
    """An automatic email that waits for its time: the wall time it is planned for, its zone, and the UTC instant."""

    date: dt.date
    time: dt.time
    zone: str
    instant: dt.datetime


@dataclass(slots=True)
class Edit:
    """What the edit does to what waits, by step number where it is not a plan."""

    moved: list[PlannedSend] = field(default_factory=list)
    stays: list[PlannedSend] = field(default_factory=list)
    added: list[Planned] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    """Emails that are not to be sent any more, or not yet: a task stands before them now."""
    tasks_moved: list[PlannedTask] = field(default_factory=list)
    tasks_stay: list[PlannedTask] = field(default_factory=list)
    tasks_withdrawn: list[int] = field(default_factory=list)


def moves(slot: Slot, planned: PlannedSend, now: dt.datetime) -> bool:
    """Say whether an email that waits has another time now. What is due already, and as it was planned, stays."""
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
    """Compare the plan with the emails and open tasks (by due date) that wait, by step number.

    ``expired`` are tasks that are still waited for, although their time is up: they keep their date.
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
