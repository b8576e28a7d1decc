"""The send option "Send this email at the same time as the previous email in this campaign"."""

from strategies.codes import StrategyCode
from strategies.contract import Availability, Note, Position, SendAt, SendOption, StepContext
from strategies.errors import Refusal
from strategies.hookspecs import hookimpl
from strategies.sentences.warning_codes import WarningCode
from strategies.timeline.timeline_notes import utc


class SameTimeAsPrevious(SendOption):
    """Uses the wall time of the nearest email on an earlier day. On day 1, uses the start of the campaign."""

    key = "same_time_as_previous"
    labels = {
        "en": "Send this email at the same time as the previous email in this campaign",
        "de": "Senden Sie diese E-Mail gleichzeitig mit der vorherigen E-Mail in dieser Verkaufskampagne",
    }
    help = {
        "en": "Sent on its own day at the time of the last email of an earlier day.",
        "de": "Wird an ihrem eigenen Tag zur Uhrzeit der letzten E-Mail eines früheren Tages gesendet.",
    }

    def availability(self, position: Position) -> Availability:
        """Available for every step except the first. After day 1 it needs an email on an earlier day."""
        if position.number == 1:
            return Availability(False, *StrategyCode.SEND_OPTION_NOT_AVAILABLE.message("no_previous_email"))
        if position.day == 1:
            return Availability(
                warning="Not recommended on day 1: this email is sent immediately at the start of the campaign.",
                warning_code=WarningCode.IMMEDIATE_ON_DAY_1.value,
            )
        if not position.email_on_earlier_day:
            return Availability(False, *StrategyCode.NO_EARLIER_EMAIL.message())
        return Availability()

    def resolve(self, step: StepContext) -> SendAt:
        """Use the earlier email's wall time in its zone, or the start of the campaign on day 1."""
        if step.day == 1:
            day, wall, moved = step.calendar.start(step.start)
            values = {**step.start_why, "date": day.isoformat(), "time": wall.isoformat()}
            if moved:
                values["from"] = step.calendar.local(step.start).date().isoformat()
                return SendAt(day, wall, (Note("AT_START_ON_WEEKEND", values),))
            return SendAt(day, wall, (Note("AT_START", values | {"at": utc(step.start)}),), step.start)
        if step.earlier_email is None:
            raise Refusal.of(StrategyCode.NO_EARLIER_EMAIL)
        wall = step.earlier_email
        note = Note("SAME_TIME", {**step.earlier_why, "time": wall.isoformat()})
        return SendAt(step.date, wall, (note,), zone=step.earlier_zone)


@hookimpl
def touchline_register_send_options() -> list[SendOption]:
    """Register this option."""
    return [SameTimeAsPrevious()]
