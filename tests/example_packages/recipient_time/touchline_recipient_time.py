"""Send an email at a time of day in the recipient's own time zone."""

from datetime import time

from touchline.partners import Availability, Calendar, Note, Reads, SendAt, SendOption, hookimpl

touchline_contract = "1.0"


class RecipientTime(SendOption):
    key = "recipient_time"
    labels = {"en": "Send this email at the recipient's time", "de": "Diese E-Mail zur Zeit des Empfängers senden"}
    help = {
        "en": "The time of day is in the recipient's time zone. If it is unknown, it is in the campaign's.",
        "de": "Die Uhrzeit gilt in der Zeitzone des Empfängers. Ist sie unbekannt, gilt die der Kampagne.",
    }
    config_schema = {
        "type": "object",
        "properties": {
            "at": {
                "type": "string",
                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                "description": "Time of day, such as 09:00.",
            }
        },
        "required": ["at"],
        "additionalProperties": False,
    }
    sentences = {
        "RECIPIENT_TIME": {
            "en": "It is sent at {time} in {zone}, the recipient's time zone.",
            "de": "Sie wird um {time} in {zone} gesendet, der Zeitzone des Empfängers.",
        },
        "ZONE_UNKNOWN": {
            "en": "The recipient's time zone is unknown, so it is sent at {time} in {zone}.",
            "de": "Die Zeitzone des Empfängers ist unbekannt, deshalb wird sie um {time} in {zone} gesendet.",
        },
    }
    reads = {Reads.RECIPIENT_ZONE}
    # follows_changes is true: if the zone of a person changes, their unsent emails get new times.

    def availability(self, position):
        return Availability.offered()

    def resolve(self, step):
        if step.send_at is not None:
            day, wall, moved = step.calendar.start(step.send_at)
            return SendAt(day, wall, instant=None if moved else step.send_at)
        wall = time.fromisoformat(step.config["at"])
        zone = step.recipient_zone or step.calendar.zone
        there = Calendar(zone, step.calendar.skip_weekends)
        day = step.date
        # The day of the campaign can have begun, and even ended, where the recipient is.
        while step.first and there.instant(day, wall) < step.now:
            day = there.forward(day, 1)
        code = "RECIPIENT_TIME" if step.recipient_zone else "ZONE_UNKNOWN"
        note = Note(code, {"time": step.config["at"], "zone": zone})
        return SendAt(day, wall, (note,), zone=zone)


@hookimpl
def touchline_register_send_options():
    return [RecipientTime()]
