"""The times that people choose for emails: an instant, or a local time in a time zone.

A local time keeps its meaning: after a change of the tz database, the email gets the new instant of that time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple

from api.codes.request_errors.inputs import InputCode
from api.models import Send
from api.services.common.inputs import inputs
from api.services.common.inputs.inputs import MAX_YEAR, MIN_YEAR
from api.services.enrollments.timelines.explanations import notes_to_json
from api.services.enrollments.timelines.planned_columns import chosen_columns
from api.states import SendStatus
from strategies import Note, Refusal, SendAt
from strategies.calendar import Moment, local, moment_of
from strategies.codes import StrategyCode
from strategies.timeline import timeline_notes

NOTES_OF_A_PERSON = ("RESCHEDULED", "RESCHEDULED_IN_ZONE", "RESCHEDULED_NOW")
"""Codes of notes about a new time that a rep chose. A later choice replaces such a note and all notes after it."""
NOTES_IN_ZONE = ("BY_HAND_IN_ZONE", "CHOSEN_IN_ZONE", "RESCHEDULED_IN_ZONE")
NOTES_OF_A_CHOICE = (*NOTES_IN_ZONE, *NOTES_OF_A_PERSON, "BY_HAND", "CHOSEN")


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A local time as a client gives it: a date, a time of day such as 09:30, and an IANA time zone."""

    date: date
    time: str
    zone: str


@dataclass(frozen=True, slots=True)
class ChosenTime:
    """A time that a rep chose. ``moment`` is None if it was given as an instant."""

    at: datetime
    """UTC, in whole seconds."""
    moment: Moment | None = None

    def notes(self, code: str, zone: str) -> list[Note]:
        """Return the notes about the time, for an email in ``zone``."""
        own, *daylight_saving = _notes(code if self.moment is None else f"{code}_IN_ZONE", self.at, zone)
        if self.moment is None:
            return [own, *daylight_saving]
        chosen = _values(self.moment)
        notes = [Note(own.code, {**chosen, **own.values})]
        if self.moment.skipped:
            notes.append(Note("CHOSEN_TIME_SKIPPED", chosen))
        if self.moment.repeated and not daylight_saving:
            notes.append(Note("CHOSEN_TIME_REPEATED", {**chosen, "offset": self.moment.offset}))
        return [*notes, *daylight_saving]


def _notes(code: str, at: datetime, zone: str) -> list[Note]:
    """Return the notes about an instant that a rep chose. If its local time occurs twice, they say which one."""
    shown = local(at, zone)
    day, wall = shown.date(), shown.time().replace(microsecond=0, fold=0)
    values = {"date": day.isoformat(), "time": wall.isoformat(), "at": timeline_notes.utc(at)}
    moment = moment_of(day, wall, zone)
    return [Note(code, values), *timeline_notes.daylight_saving_notes(SendAt(day, wall, instant=at), moment)]


def _values(moment: Moment) -> dict[str, str | int]:
    return {
        "chosenDate": moment.wall.date().isoformat(),
        "chosenTime": moment.wall.time().isoformat(),
        "chosenZone": moment.zone,
    }


def chosen_time(at: datetime | LocalTime | None, now: datetime, *, now_by_leaving_out: bool = False) -> ChosenTime:
    """Return the time that a client chose; None is now. Raises Refusal.

    ``now_by_leaving_out``: the refusal of a time that has passed says that without a time the email is sent now.
    """
    if at is None:
        return ChosenTime(now)
    if isinstance(at, LocalTime):
        path, chosen = "atLocal", ChosenTime(*_instant_of(at, "atLocal"))
    else:
        path, chosen = "at", ChosenTime(inputs.instant(at, ("at",)))
    if chosen.at < now:
        if now_by_leaving_out:
            raise Refusal.of(StrategyCode.SEND_AT_IN_PAST, (path,), case="or_now")
        raise Refusal.of(StrategyCode.SEND_AT_IN_PAST, (path,), case="time")
    return chosen


def _instant_of(at: LocalTime, path: str) -> tuple[datetime, Moment]:
    """Return the instant of a local time. Raises Refusal."""
    wall, zone = inputs.wall_time(at.time, (path, "time")), inputs.zone(at.zone, (path, "zone"))
    if not MIN_YEAR <= at.date.year < MAX_YEAR:
        raise Refusal.of(InputCode.INVALID_INSTANT, (path, "date"))
    moment = moment_of(at.date, wall, zone)
    return inputs.instant(moment.instant, (path, "date")), moment


class ZonedTime(NamedTuple):
    """The local time that a rep chose for an email, as its explanation has it."""

    moment: Moment
    at: str
    """The instant of the local time when it was chosen, as the explanation has it."""


def zoned_time(explanation: Iterable[tuple[str, dict[str, Any]]]) -> ZonedTime | None:
    """Return the local time that a rep chose last for an email. None if they chose an instant or no time."""
    chosen = [(code, values) for code, values in explanation if code in NOTES_OF_A_CHOICE]
    if not chosen or chosen[-1][0] not in NOTES_IN_ZONE:
        return None
    values = chosen[-1][1]
    day, wall = date.fromisoformat(values["chosenDate"]), time.fromisoformat(values["chosenTime"])
    return ZonedTime(moment_of(day, wall, values["chosenZone"]), values["at"])


async def keep_chosen_time(send: Send) -> bool:
    """Give an email that waits for a chosen local time the instant of that time. Says whether it has changed.

    If a pause or a retry has moved the email since, it keeps its time.
    """
    chosen = zoned_time(send.explanation)
    if chosen is None or chosen.at != timeline_notes.utc(send.due_at) or chosen.moment.instant == send.due_at:
        return False
    (code,) = [code for code, _ in send.explanation if code in NOTES_IN_ZONE][-1:]
    index = max(index for index, (each, _) in enumerate(send.explanation) if each == code)
    notes = ChosenTime(chosen.moment.instant, chosen.moment).notes(code.removesuffix("_IN_ZONE"), send.zone)
    chosen_by_rep = send.by_hand or send.enrollment_id is None
    columns = chosen_columns(chosen.moment.instant, send.zone) if chosen_by_rep else {"due_at": chosen.moment.instant}
    waiting = Send.filter(id=send.id, status=SendStatus.SCHEDULED, attempts=0, due_at=send.due_at)
    return bool(await waiting.update(**columns, explanation=[*send.explanation[:index], *notes_to_json(notes)]))
