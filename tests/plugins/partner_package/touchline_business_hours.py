"""Send this email at the start of business hours, and never on the days of the week that one avoids."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from touchline.partners import Availability, Note, Position, Refusal, SendAt, SendOption, StepContext, hookimpl

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class BusinessHours(SendOption):
    """Its own day at opening time, or the first day after it that is not avoided."""

    key = "business_hours"
    labels = {
        "en": "Send this email at the start of business hours",
        "de": "Diese E-Mail zu Beginn der Geschäftszeit senden",
    }
    help = {
        "en": "Sent at opening time. On a day that you avoid, it waits for the next one.",
        "de": "Wird zur Öffnungszeit gesendet. An einem Tag, den Sie meiden, wartet sie auf den nächsten.",
    }
    config_schema = {
        "type": "object",
        "properties": {
            "opens": {
                "type": "string",
                "description": "Wall time HH:MM, in the enrollment's zone.",
                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\\n)",
            },
            "avoid": {
                "type": "array",
                "description": "Days of the week on which nothing is sent.",
                "items": {"enum": DAYS},
                "uniqueItems": True,
                "default": [],
            },
        },
        "required": ["opens"],
        "additionalProperties": False,
    }
    sentences = {
        "BUSINESS_HOURS": {"en": "Business hours begin at {time}.", "de": "Die Geschäftszeit beginnt um {time}."},
        "DAY_AVOIDED": {"en": "{day} is avoided, so it goes out on {date}.", "de": "{day} wird gemieden: {date}."},
    }

    def availability(self, position: Position) -> Availability:
        """Offered for every email but the first, whose time is chosen by other means."""
        if position.number == 1:
            return Availability.refused("The first email of a campaign does not wait for business hours.")
        return Availability()

    def validate(self, config: Mapping[str, Any]) -> None:
        """At least one day must be left."""
        if len(config.get("avoid", [])) == len(DAYS):
            raise Refusal("NO_DAY_LEFT", "Every day of the week is avoided.", ("avoid",))

    def resolve(self, step: StepContext) -> SendAt:
        """Go forward from the step's day to the first one that is not avoided."""
        opens, day = time.fromisoformat(step.config["opens"]), step.date
        notes = [Note("BUSINESS_HOURS", {"time": opens.isoformat("minutes")})]
        while DAYS[day.weekday()] in step.config.get("avoid", []):
            name, day = DAYS[day.weekday()], day + timedelta(days=1)
            notes.append(Note("DAY_AVOIDED", {"day": name.capitalize(), "date": day.isoformat()}))
        return SendAt(day, opens, tuple(notes))


@hookimpl
def touchline_register_send_options() -> list[SendOption]:
    """Register the option."""
    return [BusinessHours()]
