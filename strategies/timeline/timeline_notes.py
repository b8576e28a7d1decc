"""The notes that the timeline itself adds to an explanation, from the time zone to the final send time.

An explanation contains every value that the send time depends on, and each value once.
plugins/testing/send_options/explanation_reader.py calculates the send time from the explanation alone.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from strategies.calendar import Moment, aware, local, moment_of
from strategies.contract import CreateTask, Note, SendAt
from strategies.timeline.records import ZoneOf

Why = Mapping[str, str | int]
"""Where a wall time comes from: the day of a step, and how its task was completed."""
NO_REASON: Why = {}
ZONES = {
    ZoneOf.SENDER: "ZONE_OF_SENDER",
    ZoneOf.RECIPIENT: "ZONE_OF_RECIPIENT",
    ZoneOf.FALLBACK: "ZONE_OF_SENDER_INSTEAD",
    None: "ZONE",
}
WALL_TIME_CODES = frozenset({"TIME_CONFIGURED", "TIME_FROM_LAUNCH", "TIME_KEPT", "SAME_TIME"})
"""Notes of the built-in options with a wall time and without an instant."""
TIME_CODES = WALL_TIME_CODES | {"SEND_AT", "SEND_AT_ON_WEEKEND", "AT_START", "AT_START_ON_WEEKEND"}
"""Notes of the built-in options with a wall time, or with an instant and its wall time."""
TASK_CODES = frozenset({"TASK_BY_HAND", "HUMAN_WORK"})
DAY = dt.timedelta(hours=24)
DATE_CODES = frozenset({"SEND_AT", "SEND_AT_ON_WEEKEND", "TIME_PASSED_AT_LAUNCH"})
"""Notes of the built-in options with the date of the first step."""


def utc(instant: dt.datetime) -> str:
    """Return an instant in the format of explanations."""
    return aware(instant).isoformat(timespec="seconds").replace("+00:00", "Z")


def zone(name: str, whose: ZoneOf | None) -> Note:
    """Return the note on the time zone, and whose zone it is."""
    return Note(ZONES[whose], {"zone": name})


def day_1(date: dt.date, moved_from: dt.date | None) -> Note:
    """Return the note on the date of day 1, and whether a skipped weekend moved it."""
    if moved_from is None:
        return Note("DAY_1", {"date": date.isoformat()})
    return Note("DAY_1_AFTER_WEEKEND", {"from": moved_from.isoformat(), "date": date.isoformat()})


def first_email(day: int, date: dt.date, *, passed: bool) -> Note:
    """Return the note that the first email moved its day, and all later days with it."""
    return Note("FIRST_TIME_PASSED" if passed else "FIRST_EMAIL", {"day": day, "date": date.isoformat()})


def late_task(day: int, how: str, date: dt.date, weekend: dt.date | None) -> Note:
    """Return the note on a late task: its day is the date of completion, or the Monday after a skipped weekend."""
    values: dict[str, str | int] = {"day": day, "how": how, "date": date.isoformat()}
    if weekend is None:
        return Note("SHIFTED", values)
    return Note("SHIFTED_TO_MONDAY", {**values, "from": weekend.isoformat()})


def contains_date(notes: Sequence[Note]) -> bool:
    """Say whether an option's notes already contain the date, so that the explanation does not repeat it."""
    return any(note.code in DATE_CODES for note in notes)


def due_notes(option: str | None, day: dt.date, answer: CreateTask) -> Iterator[Note]:
    """Return the note that an option creates a task, or that it chose another due date than the step's day."""
    if answer.due != day or not any(note.code in TASK_CODES for note in answer.notes):
        yield Note("OPTION_CHOSE_DUE", {"option": option or "", "date": answer.due.isoformat()})


def time_notes(option: str | None, day: dt.date, answer: SendAt, moment: Moment) -> Iterator[Note]:
    """Yield the notes from the wall time to the instant: the option's choice, and the effect of daylight saving.

    ``moment`` has this effect.
    """
    if not _notes_give_time(answer, day):
        exact = {} if answer.instant is None else {"at": utc(answer.instant)}
        yield Note("OPTION_CHOSE", {"option": option or "", **_wall(answer), **exact})
    if answer.zone is not None:
        yield Note("TIME_IN_ZONE", {"zone": answer.zone})
    if moment.skipped or moment.repeated:
        yield from daylight_saving_notes(answer, moment)


def late(day: dt.date, wall: dt.time, at: dt.datetime) -> Note:
    """Return the note that the planned time of an email had passed at an instant (UTC), its new send time."""
    return Note("LATE", {"time": wall.isoformat(), "date": day.isoformat(), "at": utc(at)})


def _notes_give_time(answer: SendAt, day: dt.date) -> bool:
    """Say whether the option's own notes contain the time, and the date if it is not the date of the day."""
    wall, time, exact = answer.time.isoformat(), False, False
    for note in answer.notes:
        if note.code in TIME_CODES and note.values.get("time") == wall:
            time, exact = True, "at" in note.values
    return time and exact is (answer.instant is not None) and (answer.date == day or _notes_give_date(answer))


def _notes_give_date(answer: SendAt) -> bool:
    codes, date = DATE_CODES | TIME_CODES, answer.date.isoformat()
    return any(note.code in codes and note.values.get("date") == date for note in answer.notes)


def _wall(answer: SendAt) -> dict[str, str | int]:
    return {"time": answer.time.isoformat(), "date": answer.date.isoformat()}


def at_allowed_time(code: str, at: dt.datetime, zone: str) -> Iterator[Note]:
    """Yield the notes that an email is sent at the next time that its send option allows (UTC)."""
    return _at_instant(code, {}, at, zone)


def no_allowed_time(at: dt.datetime, zone: str) -> Iterator[Note]:
    """Yield the notes that a send option allows no time from an instant (UTC) on."""
    return _at_instant("NO_TIME_ALLOWED", {}, at, zone)


def limited(emails: int, span: dt.timedelta, until: dt.datetime, zone: str) -> Iterator[Note]:
    """Yield the notes that a sender had reached a limit, and when (UTC) its next email could be sent.

    A daily cap has a span of 24 hours.
    """
    until = aware(until) + dt.timedelta(microseconds=-until.microsecond % 1_000_000)
    if span == DAY:
        return _at_instant("DAILY_CAP", {"emails": emails}, until, zone)
    return _at_instant("THROTTLE", {"emails": emails, "seconds": int(span.total_seconds())}, until, zone)


def _at_instant(code: str, values: Mapping[str, str | int], at: dt.datetime, zone: str) -> Iterator[Note]:
    """Yield a note with an instant (UTC) and its local time. If that occurs twice, a second note says which it is."""
    shown = local(at, zone)
    day, wall = shown.date(), shown.time().replace(microsecond=0, fold=0)
    yield Note(code, {**values, "date": day.isoformat(), "time": wall.isoformat(), "at": utc(at)})
    yield from daylight_saving_notes(SendAt(day, wall, instant=at), moment_of(day, wall, zone))


def daylight_saving_notes(answer: SendAt, moment: Moment) -> Iterator[Note]:
    """Yield the notes on daylight saving: a wall time that is skipped, or the choice of one that occurs twice."""
    wall = _wall(answer)
    if moment.skipped and answer.instant is None:
        yield Note("CLOCKS_GO_FORWARD", wall)
    if not moment.repeated:
        return
    offset = moment.offset
    if answer.instant is not None:
        shown = local(answer.instant, moment.zone)
        if shown.date() != answer.date or shown.time().replace(microsecond=0, fold=0) != answer.time:
            return
        offset = shown.isoformat(timespec="seconds")[19:]
    which = {} if offset == moment.offset else {"which": "SECOND"}
    yield Note("CLOCKS_GO_BACK", {**wall, "offset": offset, **which})
