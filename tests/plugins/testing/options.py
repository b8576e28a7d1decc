"""Send options with one fault each, for the tests of the kit."""

import random
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from typing import Any

from strategies import (
    Availability,
    CreateTask,
    Note,
    Position,
    Range,
    Reads,
    Refusal,
    SendAt,
    SendOption,
    StepContext,
)

HOUR = {"type": "integer", "minimum": 8, "maximum": 17, "description": "Hour, 8 to 17."}
NOON = wall_time(12)
WEEKS = timedelta(weeks=7)


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


class Good(SendOption):
    """Noon of the step's day, with everything that the contract has."""

    key = "good"
    labels = {"en": "Noon", "de": "Mittag"}
    help = {"en": "Sent at noon.", "de": "Wird mittags gesendet."}
    config_schema: Any = {**schema(hour=HOUR), "required": ["hour"]}
    sentences: Any = {"NOON": {"en": "Noon is at {time}.", "de": "Mittag ist um {time}."}}
    reads: Any = frozenset({Reads.PERSON, Reads.FIELDS})

    def availability(self, position: Position) -> Availability:
        if position.number == 9:
            return Availability.refused("Only for the first emails.")
        return Availability.offered()

    def validate(self, config: Mapping[str, Any]) -> None:  # type: ignore[override]
        if config["hour"] == 13:
            raise Refusal("UNLUCKY", "Choose another hour than 13.", ("hour",))

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        minute = len(step.person.first_name) + len(step.fields)
        if step.send_at is not None:
            day, wall, moved = step.calendar.start(step.send_at)
            return SendAt(day, wall, instant=None if moved else step.send_at)
        wall = wall_time(step.config["hour"], minute)
        if step.first and step.calendar.instant(step.date, wall) < step.now:
            return SendAt(step.calendar.forward(step.date, 1), wall, self.notes(wall))
        return SendAt(step.date, wall, self.notes(wall))

    def notes(self, wall: wall_time) -> tuple[Note, ...]:
        return (Note("NOON", {"time": wall.isoformat()}),)

    def window(self, step: StepContext, send_at: datetime) -> Any:
        day = step.calendar.local(send_at).date()
        days = [day + timedelta(days=number) for number in range(5)]
        return [
            Range(step.calendar.instant(each, wall_time(7)), step.calendar.instant(each, wall_time(19)))
            for each in days
        ]


def variant(**attributes: Any) -> SendOption:
    """Return the good option with other attributes. A function is a method."""
    made: SendOption = type("Bad", (Good,), attributes)()
    return made


def at(step: StepContext, wall: wall_time = NOON, days: int = 0) -> SendAt:
    return SendAt(step.date + timedelta(days=days), wall)


def answering(work: Any) -> Any:
    """Return a ``resolve`` that does something before it returns noon. A result of the work is the answer."""

    def resolve(self: Any, step: StepContext) -> Any:
        _ = step.person.id, step.fields
        found = work(step)
        return found if isinstance(found, SendAt | CreateTask) else at(step)

    return resolve


class Counting(Good):
    """Returns another time at each call."""

    def __init__(self) -> None:
        self.calls = 0

    def resolve(self, step: StepContext) -> SendAt:
        _ = step.person.id, step.fields
        self.calls += 1
        return at(step, wall_time(12, self.calls % 60))


def anytime(self: Any, step: StepContext, send_at: datetime) -> None:
    return None


def connect(_: StepContext) -> None:
    with socket.socket() as made:
        made.connect_ex(("127.0.0.1", 9))


TIMES = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "description": "Such as 09:00."}


class Hours(Good):
    """Office hours from a configured time to another, which may be in the hour that clocks skip."""

    config_schema: Any = {**schema(opens=TIMES, closes=TIMES), "required": ["opens", "closes"]}
    reads: Any = frozenset()

    def validate(self, config: Mapping[str, Any]) -> None:  # type: ignore[override]
        if config["closes"] <= config["opens"]:
            raise Refusal("NO_HOURS", "Office hours must end after they begin.", ("closes",))

    def resolve(self, step: StepContext) -> SendAt | CreateTask:
        wall = wall_time.fromisoformat(step.config["opens"])
        if step.send_at is not None:
            day, chosen, moved = step.calendar.start(step.send_at)
            return SendAt(day, chosen, instant=None if moved else step.send_at)
        passed = step.first and step.calendar.instant(step.date, wall) < step.now
        return SendAt(step.calendar.forward(step.date, int(passed)), wall)

    def window(self, step: StepContext, send_at: datetime) -> Any:
        opens, closes = (wall_time.fromisoformat(step.config[name]) for name in ("opens", "closes"))
        first = step.calendar.local(send_at).date()
        days = [first + timedelta(days=number) for number in range(5)]
        found = [(step.calendar.instant(day, opens), step.calendar.instant(day, closes)) for day in days]
        return [Range(start, end) for start, end in found if start < end or self.forgets]

    forgets = False


def one_day(self: Any, step: StepContext, send_at: datetime) -> Any:
    """Return the office hours of the day of an email only."""
    day = step.calendar.local(send_at).date()
    return [Range(step.calendar.instant(day, wall_time(0)), step.calendar.instant(day, wall_time(23)))]


def passed(self: Any, step: StepContext) -> Any:
    """Do not look whether the hour has passed."""
    if step.first and step.send_at is None:
        return SendAt(step.date, wall_time(9, len(step.person.first_name) + len(step.fields)))
    return Good.resolve(self, step)


HINTED: dict[str, SendOption] = {
    "Reads.HISTORY, which no case has read": variant(reads={*Good.reads, Reads.HISTORY}),
    "ignores step.send_at": variant(resolve=lambda self, step: Good.resolve(self, replace(step, send_at=None))),
    "before the launch at 20": variant(window=anytime, resolve=passed),
    "before its day (": variant(
        window=anytime,
        resolve=lambda self, step: Good.resolve(self, step if step.first else replace(step, date=step.date - WEEKS)),
    ),
    "has no range after 20": variant(window=one_day),
}
"""By a part of the warning: an option that no rule forbids."""

BAD: dict[str, tuple[str, SendOption, str]] = {
    "no label": ("DECLARATIONS", variant(labels={}), 'labels["en"]'),
    "a language is missing": ("LANGUAGES", variant(help={"en": "Sent at noon."}), "help has no text in de"),
    "a misspelt keyword": ("SCHEMA", variant(config_schema=schema(hour={**HOUR, "maximun": 3})), "'maximun'"),
    "a pattern of Python": (
        "SCHEMA",
        variant(config_schema=schema(at={"type": "string", "pattern": "\\Z", "description": "When."}, hour=HOUR)),
        "JavaScript",
    ),
    "no description": ("SCHEMA", variant(config_schema=schema(hour={"type": "integer"})), "description"),
    "an open schema": ("CONFIG", variant(config_schema={"type": "object", "properties": {"hour": HOUR}}), "misspelt"),
    "validate returns its refusal": (
        "CONFIG",
        variant(validate=lambda self, config: "The hour is wrong."),
        "validate() returns 'The hour is wrong.', which the server ignores. Return nothing, and raise Refusal",
    ),
    "the schema lets it fail": ("CONFIG", variant(config_schema=schema(hour=HOUR)), "KeyError: 'hour'"),
    "any number": (
        "RESOLVE",
        variant(config_schema={**schema(hour={"type": "integer", "description": "Hour."}), "required": ["hour"]}),
        "ValueError: hour must be in 0..23",
    ),
    "refused without a reason": (
        "AVAILABILITY",
        variant(availability=lambda self, position: Availability(available=False)),
        "reason",
    ),
    "fails at a position": (
        "AVAILABILITY",
        variant(availability=lambda self, position: {}[position.day]),
        "KeyError: 1",
    ),
    "offered nowhere": (
        "AVAILABILITY",
        variant(availability=lambda self, position: Availability.refused("No.")),
        "no position",
    ),
    "fails": ("RESOLVE", variant(resolve=answering(lambda step: 1 / 0)), "ZeroDivisionError"),
    "a date and time in one": ("RESOLVE", variant(resolve=lambda self, step: SendAt(step.now, NOON)), "not a date"),
    "datetime.now": (
        "CLOCK",
        variant(resolve=answering(lambda step: datetime.now(UTC))),  # noqa: TID251
        "datetime.now() (options.py, line",
    ),
    "date.today": ("CLOCK", variant(resolve=answering(lambda step: date.today())), "date.today()"),  # noqa: DTZ011, TID251
    "time.time": ("CLOCK", variant(resolve=answering(lambda step: time.time())), "time.time()"),  # noqa: TID251
    "the clock in availability": (
        "CLOCK",
        variant(availability=lambda self, position: Availability.offered(f"{time.time_ns() * 0}")),
        "availability() calls",
    ),
    "reads a file": ("FILES", variant(resolve=answering(lambda step: Path(__file__).read_bytes())), "options.py"),
    "writes a file": ("FILES", variant(resolve=answering(lambda step: Path("/dev/null").write_text("x"))), "/dev/null"),
    "the network": ("NETWORK", variant(resolve=answering(connect)), "socket.connect"),
    "random": ("RANDOMNESS", variant(resolve=answering(lambda step: random.randrange(9))), "random."),
    "random without a seed": ("RANDOMNESS", variant(resolve=answering(lambda step: random.Random())), "without a seed"),
    "uuid": ("RANDOMNESS", variant(resolve=answering(lambda step: uuid.uuid4())), "os.urandom()"),
    "hash of a text": ("RANDOMNESS", variant(resolve=answering(lambda step: hash(step.person.id))), "each process"),
    "a counter": ("SAME_ANSWER", Counting(), "for an equal step"),
    "changes its input": (
        "INPUT_UNCHANGED",
        variant(resolve=answering(lambda step: step.config.update(hour=9))),
        "changes its configuration",
    ),
    "an undeclared read": ("READS", variant(reads=frozenset({Reads.PERSON})), "Reads.FIELDS"),
    "an undeclared read in window": (
        "READS",
        variant(window=lambda self, step, send_at: step.history and None),
        "window() reads Reads.HISTORY",
    ),
    "a note without a sentence": ("NOTES", variant(notes=lambda self, wall: (Note("LUNCH"),)), "'LUNCH'"),
    "a sentence without its value": ("NOTES", variant(notes=lambda self, wall: (Note("NOON"),)), "{time}"),
    "a note twice": ("NOTES", variant(notes=lambda self, wall: (Note("NOON", {"time": "x"}),) * 2), "twice"),
    "a code of Touchline": (
        "EXPLANATION",
        variant(notes=lambda self, wall: (Note("ADDED"), Note("SAME_TIME", {"day": 1, "time": "3"}))),
        "the explanation is wrong",
    ),
    "an instant that is another time": (
        "EXPLANATION",
        variant(window=anytime, resolve=answering(lambda step: SendAt(step.date, NOON, (), step.start))),
        "the clocks do not show",
    ),
    "depends on now": (
        "EDITED",
        variant(
            window=anytime,
            resolve=answering(
                lambda step: SendAt(
                    step.date + timedelta(days=9), step.calendar.local(step.now).time().replace(microsecond=0, fold=0)
                )
            ),
        ),
        "planned again before that",
    ),
    "long before its day": ("PAUSED", variant(resolve=answering(lambda step: at(step, days=-900))), "after a pause"),
    "a window that is over": (
        "WINDOW",
        variant(window=lambda self, step, send_at: [Range(send_at - timedelta(2), send_at - timedelta(1))]),
        "no range that ends after",
    ),
    "no ranges for one configuration": (
        "WINDOW",
        variant(window=lambda self, step, at: Good.window(self, step, at) if step.config["hour"] != 8 else []),
        "window() returns no range",
    ),
    "no ranges after a pause": (
        "WINDOW",
        variant(window=lambda self, step, at: Good.window(self, step, at) if step.now < at else []),
        "window() returns no range",
    ),
    "ranges that overlap": (
        "WINDOW",
        variant(window=lambda self, step, send_at: [Range(send_at, send_at + timedelta(2))] * 2),
        "overlap",
    ),
    "a window of tuples": (
        "WINDOW",
        variant(window=lambda self, step, send_at: [(send_at, send_at)]),
        "in the place of a Range",
    ),
}
"""By its fault: the rule, the option, and a part of the message."""
