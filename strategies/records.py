"""What a timeline takes and gives: steps, a launch, what has happened, and what is planned."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from strategies.contract import Note, StepType


class ZoneOf(StrEnum):
    """Whose time zone a person's days and times are meant in."""

    SENDER = "SENDER"
    RECIPIENT = "RECIPIENT"
    FALLBACK = "FALLBACK"
    """The sender's, because the recipient's is not known."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a campaign, as the timeline sees it."""

    day: int
    type: StepType
    send_option: str | None
    config: Mapping[str, Any]
    follow_up: bool = False
    added: dt.datetime | None = None
    """When it was added, UTC, for someone who was launched before and may have passed it; None for everyone else."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What launching chose for one person. Instants in UTC; ``times`` by step number."""

    now: dt.datetime
    send_at: dt.datetime | None
    times: Mapping[int, dt.time]
    zone_of: ZoneOf | None = None
    """Whose zone it is; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Emailed:
    """An automatic email that was scheduled before: the wall time that it was planned for, and its instant."""

    day: dt.date
    wall: dt.time
    instant: dt.datetime


@dataclass(frozen=True, slots=True)
class Done:
    """A task that is completed, sent or skipped: when it was due, when that happened, and how."""

    due: dt.date
    at: dt.datetime
    how: str = "COMPLETED"
    """COMPLETED, SENT (its email, by hand), SKIPPED or EXPIRED."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """An open task whose email a person has scheduled: it stays a task, whatever the step has become."""


Record = Emailed | Done | ByHand


@dataclass(frozen=True, slots=True)
class PlannedSend:
    """An automatic email: the wall time it is planned for, its zone, and the UTC instant at which it goes out."""

    number: int
    date: dt.date
    time: dt.time
    zone: str
    instant: dt.datetime
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task for a person, due on a date of the enrollment's zone."""

    number: int
    due: dt.date
    notes: tuple[Note, ...]


Planned = PlannedSend | PlannedTask
