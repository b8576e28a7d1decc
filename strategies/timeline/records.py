"""The input and the content of a timeline: steps, launch choices, history and plan."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from strategies.contract import Note, StepType
from strategies.timeline.allowed_times import Ranges


class ZoneOf(StrEnum):
    """Whose time zone a person's days and times are in."""

    SENDER = "SENDER"
    RECIPIENT = "RECIPIENT"
    FALLBACK = "FALLBACK"
    """The sender's, because the recipient's is unknown."""


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One step of a campaign, as the timeline sees it."""

    day: int
    type: StepType
    send_option: str | None
    config: Mapping[str, Any]
    follow_up: bool = False
    added: dt.datetime | None = None
    """When the step was added, UTC, if the person was launched before that; otherwise None."""


@dataclass(frozen=True, slots=True)
class LaunchChoices:
    """The choices of a launch for one person. Instants are in UTC; ``times`` are wall times by step number."""

    now: dt.datetime
    send_at: dt.datetime | None
    times: Mapping[int, dt.time]
    zone_of: ZoneOf | None = None
    """Whose zone the person's calendar has; None if that was not recorded."""


@dataclass(frozen=True, slots=True)
class EmailRecord:
    """An automatic email that is scheduled or sent: the planned date and wall time, and the instant (UTC)."""

    date: dt.date
    time: dt.time
    instant: dt.datetime
    zone: str | None = None
    """The zone of the wall time; None: the calendar's."""
    moves_day_one: bool = True
    """For the first step: whether its date is the date of its day."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A finished task: its due date, when it was finished (UTC), and how."""

    due: dt.date
    at: dt.datetime
    how: str = "COMPLETED"
    """COMPLETED, SENT (the person sent its email), SKIPPED or EXPIRED."""


@dataclass(frozen=True, slots=True)
class ManualEmailRecord:
    """An open task whose email a person has scheduled. The step stays a task, even if an edit changes its option."""


StepRecord = EmailRecord | TaskRecord | ManualEmailRecord
"""The record of one step that has happened for one person."""


class PlannedSend(NamedTuple):
    """A planned automatic email: date, wall time and zone, the instant at which it is sent (UTC), its explanation."""

    number: int
    date: dt.date
    time: dt.time
    zone: str
    instant: dt.datetime
    notes: tuple[Note, ...]
    allowed: Ranges | None = None
    """The ranges of time in which its send option lets it be sent; None: at any time."""
    moves_day_one: bool = True
    """For the first step: whether its date is the date of its day."""


class PlannedTask(NamedTuple):
    """A planned task: its due date in the person's zone, and its explanation."""

    number: int
    due: dt.date
    notes: tuple[Note, ...]


Planned = PlannedSend | PlannedTask
