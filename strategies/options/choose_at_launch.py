"""I will choose when to send this email."""

from datetime import datetime

from strategies.codes import StrategyCode
from strategies.contract import Availability, Note, Position, SendAt, SendOption, StepContext
from strategies.errors import Refusal
from strategies.hookspecs import hookimpl
from strategies.timeline_notes import utc


class ChooseAtLaunch(SendOption):
    """Launching asks for a "send at": now, or an instant. Its local date is day 1."""

    key = "choose_at_launch"
    labels = {
        "en": "I will choose when to send this email",
        "de": "Ich werde entscheiden, wann diese E-Mail gesendet werden soll",
    }
    help = {
        "en": "You choose the send time when you launch the campaign by adding people.",
        "de": "Sie wählen die Versandzeit, wenn Sie die Kampagne starten, indem Sie Personen hinzufügen.",
    }
    asks_send_at = True

    def availability(self, position: Position) -> Availability:
        """Offered for the first step, on day 1."""
        if position.number == 1 and position.day == 1:
            return Availability()
        return Availability(False, *StrategyCode.SEND_OPTION_NOT_AVAILABLE.message("at_launch"))

    def resolve(self, step: StepContext) -> SendAt:
        """Take the "send at" as it was given. Raises Refusal SEND_AT_REQUIRED without one."""
        if step.send_at is None:
            raise Refusal.of(StrategyCode.SEND_AT_REQUIRED, ("sendAt",))
        return chosen(step, step.send_at)


def chosen(step: StepContext, instant: datetime) -> SendAt:
    """Resolve to the instant that launching chose, moved off a skipped weekend with its wall time kept."""
    day, wall, moved = step.calendar.start(instant)
    values: dict[str, str | int] = {"day": step.day, "date": day.isoformat(), "time": wall.isoformat()}
    if moved:
        values["from"] = step.calendar.local(instant).date().isoformat()
        return SendAt(day, wall, (Note("SEND_AT_ON_WEEKEND", values),))
    return SendAt(day, wall, (Note("SEND_AT", values | {"at": utc(instant)}),), instant)


@hookimpl
def touchline_register_send_options() -> list[SendOption]:
    """Register this option."""
    return [ChooseAtLaunch()]
