"""The send option "I will choose when to send this email"."""

from datetime import datetime

from strategies.codes import StrategyCode
from strategies.contract import Availability, Note, Position, SendAt, SendOption, StepContext
from strategies.errors import Refusal
from strategies.hookspecs import hookimpl
from strategies.timeline.timeline_notes import utc


class ChooseAtLaunch(SendOption):
    """The launch must set a send time: now, or an instant. Its local date is day 1."""

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
        """Available for the first step, on day 1."""
        if position.number == 1 and position.day == 1:
            return Availability()
        return Availability(False, *StrategyCode.SEND_OPTION_NOT_AVAILABLE.message("at_launch"))

    def resolve(self, step: StepContext) -> SendAt:
        """Use the send time of the launch. Raises Refusal SEND_AT_REQUIRED without one."""
        if step.send_at is None:
            raise Refusal.of(StrategyCode.SEND_AT_REQUIRED, ("sendAt",))
        return send_at_answer(step, step.send_at)


def send_at_answer(step: StepContext, instant: datetime) -> SendAt:
    """Return the instant that was chosen at launch. A skipped weekend moves it to Monday at the same wall time."""
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
