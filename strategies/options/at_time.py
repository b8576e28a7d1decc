"""The send option "Send this email at the following time". ``plugins/built_in.py`` lists Touchline's own options."""

from datetime import time

from strategies.contract import Availability, Note, Position, SendAt, SendOption, StepContext
from strategies.hookspecs import hookimpl
from strategies.options.choose_at_launch import send_at_answer


class AtTime(SendOption):
    """A wall time on the step's own day. If the time has passed on the first step, day 1 is the next day."""

    key = "at_time"
    labels = {
        "en": "Send this email at the following time",
        "de": "Diese E-Mail zum folgenden Zeitpunkt senden",
    }
    help = {
        "en": "Scheduled for this time of its day when you launch. You can always choose a new time at launch.",
        "de": "Beim Start für diese Uhrzeit geplant. Beim Start können Sie immer einen neuen Zeitpunkt wählen.",
    }
    config_schema = {
        "type": "object",
        "properties": {
            "at": {
                "type": "string",
                "title": "Time",
                "description": "Time of day in the person's time zone: HH:MM or HH:MM:SS (24 hours).",
                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$(?!\\n)",
                "examples": ["09:30"],
            }
        },
        "required": ["at"],
        "additionalProperties": False,
    }
    takes_time = True

    def availability(self, position: Position) -> Availability:
        """Available for every email step."""
        return Availability()

    def resolve(self, step: StepContext) -> SendAt:
        """Use the send time of the launch, else the new time of the launch, else the configured time."""
        if step.send_at is not None:
            return send_at_answer(step, step.send_at)
        wall = step.time or time.fromisoformat(step.config["at"])
        note = Note("TIME_FROM_LAUNCH" if step.time else "TIME_CONFIGURED", {"time": wall.isoformat()})
        if step.first and step.calendar.instant(step.date, wall) < step.now:
            day = step.calendar.forward(step.date, 1)
            dates: dict[str, str | int] = {"day": step.day, "from": step.date.isoformat(), "date": day.isoformat()}
            return SendAt(day, wall, (note, Note("TIME_PASSED_AT_LAUNCH", dates)))
        return SendAt(step.date, wall, (note,))


@hookimpl
def touchline_register_send_options() -> list[SendOption]:
    """Register this option."""
    return [AtTime()]
