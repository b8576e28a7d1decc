"""Convert a package's values to plain Python values.

A package can return subclasses of ``date``, ``time``, ``str`` and so on. Their methods can raise, or return another
value each time. So Touchline reads them once, while the error can still name the package.
"""

import datetime as dt
import re
from collections.abc import Mapping

from strategies.calendar import zone_names
from strategies.contract import Note
from strategies.errors import Refusal

YEARS = range(1900, 2300)
MAX_NOTES = 100
"""Largest number of notes in one result."""
MAX_TEXT_CHARACTERS = 2_000
"""Longest text in a result."""
NUMBER_LIMIT = 2**63
_SURROGATE = re.compile("[\ud800-\udfff]")
"""A surrogate without its partner, which UTF-8 cannot encode."""


def plain_date(name: str, day: object) -> dt.date:
    """Return a date. Raises TypeError or ValueError."""
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
        raise TypeError(f"{name} is {day!r:.60}, not a date")
    if type(day) is not dt.date:
        day = dt.date.fromordinal(dt.date.toordinal(day))
    _check_year(name, day)
    return day


def plain_time(wall: object) -> dt.time:
    """Return a wall time. Raises TypeError or ValueError."""
    if not isinstance(wall, dt.time):
        raise TypeError(f"time is {wall!r:.60}, not a time")
    if wall.tzinfo is not None or wall.microsecond:
        raise ValueError(f"time is {wall}: a wall time cannot have a zone or fractions of a second")
    if type(wall) is not dt.time:
        wall = dt.time(int(wall.hour), int(wall.minute), int(wall.second), fold=int(wall.fold))
    return wall


def plain_instant(instant: object) -> dt.datetime | None:
    """Return an instant, UTC, or None. Raises TypeError or ValueError."""
    if instant is None:
        return None
    if not isinstance(instant, dt.datetime):
        raise TypeError(f"instant is {instant!r:.60}, not a datetime")
    offset = instant.utcoffset()
    if offset is None:
        raise ValueError("instant has no zone")
    _check_year("instant", instant)
    if type(instant) is dt.datetime and instant.tzinfo is dt.UTC:
        return instant
    day, time = instant.toordinal(), (instant.hour, instant.minute, instant.second, instant.microsecond)
    return dt.datetime.combine(dt.date.fromordinal(day), dt.time(*time), dt.UTC) - offset


def plain_zone(zone: object) -> str | None:
    """Return the name of a time zone, or None. Raises TypeError or ValueError."""
    if zone is None:
        return None
    name = plain_string(zone)
    if name not in zone_names():
        raise ValueError(f"{name!r:.60} is not a time zone of the tz database")
    return name


def plain_notes(notes: object) -> tuple[Note, ...]:
    """Return the notes of an explanation. Raises TypeError or ValueError."""
    if not isinstance(notes, (tuple, list)):
        raise TypeError(f"notes are {notes!r:.60}, not a tuple or list")
    if len(notes) > MAX_NOTES:
        raise ValueError(f"there are {len(notes)} notes; the limit is {MAX_NOTES}")
    if type(notes) is tuple and all(map(_is_plain, notes)):
        return notes
    return tuple(map(_plain_note, notes))


def _is_plain(note: object) -> bool:
    """Check quickly whether a note has only short texts and numbers, as nearly all notes do."""
    if type(note) is not Note or type(note.code) is not str or type(note.values) is not dict:
        return False
    for text in (note.code, *note.values, *note.values.values()):
        if type(text) is str:
            # A text that cannot be stored has characters that cannot be printed.
            if len(text) > MAX_TEXT_CHARACTERS or not text.isprintable():
                return False
        elif type(text) is not int or not -NUMBER_LIMIT < text < NUMBER_LIMIT:
            return False
    return True


def _plain_note(note: object) -> Note:
    if not isinstance(note, Note):
        raise TypeError(f"{note!r:.60} is not a Note")
    return Note(plain_string(note.code), plain_values(note.values))


def _plain_value(value: object) -> str | int:
    if not isinstance(value, int):
        return plain_string(value)
    number = value if type(value) in {int, bool} else int.__index__(value)
    if not -NUMBER_LIMIT < number < NUMBER_LIMIT:
        raise ValueError("a number has more than 64 bits")
    return number


def plain_values(values: object) -> Mapping[str, str | int]:
    """Return the values of a sentence. Raises TypeError or ValueError."""
    if not isinstance(values, Mapping):
        raise TypeError(f"values are {values!r:.60}, not a mapping")
    return {plain_string(name): _plain_value(value) for name, value in values.items()}


def plain_string(text: object) -> str:
    """Return a text that can be stored and sent to clients. Raises TypeError or ValueError."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r:.60} is not text")
    if type(text) is not str:
        text = str.__str__(text)
    if len(text) > MAX_TEXT_CHARACTERS:
        raise ValueError(f"a text has {len(text)} characters; the limit is {MAX_TEXT_CHARACTERS}")
    if "\x00" in text or not (text.isascii() or _SURROGATE.search(text) is None):
        raise ValueError(f"{text!r:.60} cannot be stored")
    return text


def plain_refusal(refusal: Refusal) -> Refusal:
    """Return a package's refusal with texts that can be sent to clients. Raises TypeError for values of other types."""
    path = refusal.path
    if not isinstance(path, (tuple, list)):
        raise TypeError(f"the path of a refusal is {path!r:.60}, not a tuple or list")
    code, message, *parts = (_storable(part) for part in (refusal.code, refusal.message, *path[:MAX_NOTES]))
    return Refusal(code, message, tuple(parts))


def _storable(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{text!r:.60} is not a text")
    return _SURROGATE.sub("\ufffd", str.__str__(text)[:MAX_TEXT_CHARACTERS].replace("\x00", "\ufffd"))


def _check_year(name: str, day: dt.date) -> None:
    if day.year not in YEARS:
        raise ValueError(f"{name} is in the year {day.year}, which is not between {YEARS.start} and {YEARS.stop - 1}")
