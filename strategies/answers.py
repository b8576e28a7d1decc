"""What a send option answers, held against its contract: a partner's mistake is told before anything is planned."""

import datetime as dt
import logging
import re
from collections.abc import Mapping
from typing import Any

from strategies.contract import Availability, CreateTask, Note, Position, SendAt, SendOption
from strategies.errors import Refusal

log = logging.getLogger("touchline.options")

YEARS = range(1900, 2300)
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character."""


def availability(option: SendOption, at: Position) -> Availability:
    """Return whether an option is offered at a position: not, with SEND_OPTION_FAILED, where it breaks when asked."""
    try:
        answer = option.availability(at)
        if not isinstance(answer, Availability):
            raise TypeError(f"availability() returned {answer!r:.60}")
        for text in (answer.code, answer.reason, answer.warning, answer.warning_code):
            if text is not None:
                _check_text(text)
    except BaseException as problem:  # an exit is no way out for a package
        log.exception("the send option %s could not say where it is offered", option.key)
        return Availability.refused(broke(f"{option.key!r}", problem), "SEND_OPTION_FAILED")
    return answer


def validate(option: SendOption, config: Mapping[str, Any]) -> None:
    """Let an option check a configuration. Raises Refusal: its own, or SEND_OPTION_FAILED where it breaks."""
    try:
        option.validate(config)
    except Refusal:
        raise
    except BaseException as problem:
        log.exception("the send option %s could not check a configuration", option.key)
        raise Refusal("SEND_OPTION_FAILED", broke(f"{option.key!r}", problem)) from problem


def broke(which: str, problem: BaseException) -> str:
    """Say that a send option broke, and what is to be done."""
    return f"The send option {which} broke: {type(problem).__name__}. Its package has to be mended; see the log."


def checked(answer: object) -> SendAt | CreateTask:
    """Return what ``resolve`` answered. Raises TypeError or ValueError where the contract does not allow it."""
    if isinstance(answer, SendAt):
        _check_date("date", answer.date)
        _check_time(answer.time)
        _check_instant(answer.instant)
    elif isinstance(answer, CreateTask):
        _check_date("due", answer.due)
    else:
        raise TypeError(f"resolve() returned {answer!r:.60}, which is neither SendAt nor CreateTask")
    _check_notes(answer.notes)
    return answer


def _check_date(name: str, day: object) -> None:
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime):
        raise TypeError(f"{name} is {day!r:.60}, and no date")
    _check_year(name, day)


def _check_year(name: str, day: dt.date) -> None:
    if day.year not in YEARS:
        raise ValueError(f"{name} lies in the year {day.year}")


def _check_time(wall: object) -> None:
    if not isinstance(wall, dt.time):
        raise TypeError(f"time is {wall!r:.60}, and no time")
    if wall.tzinfo is not None or wall.microsecond:
        raise ValueError(f"time is {wall}: wall times have no zone of their own, and no parts of a second")


def _check_instant(instant: object) -> None:
    if instant is None:
        return
    if not isinstance(instant, dt.datetime):
        raise TypeError(f"instant is {instant!r:.60}, and no datetime")
    if instant.utcoffset() is None:
        raise ValueError("instant has no zone")
    _check_year("instant", instant)


def _check_notes(notes: object) -> None:
    if not isinstance(notes, (tuple, list)):
        raise TypeError(f"notes are {notes!r:.60}, and no tuple or list")
    for note in notes:
        if not isinstance(note, Note):
            raise TypeError(f"{note!r:.60} is no Note")
        _check_text(note.code)
        for name, value in note.values.items():
            _check_text(name)
            if not isinstance(value, int):
                _check_text(value)


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        raise TypeError(f"{text!r:.60} is neither text nor int")
    if "\x00" in text or not (text.isascii() or _HALF.search(text) is None):
        raise ValueError(f"{text!r:.60} cannot be stored")
