"""Send an email in the hour of the day in which the workspace's emails get most answers."""

from datetime import time

from touchline.partners import Availability, Note, Reads, Refusal, SendAt, SendOption, hookimpl

touchline_contract = "1.0"

ENOUGH = 50
"""Emails that must have been sent in an hour before its answers count."""


class BestHour(SendOption):
    key = "best_hour"
    labels = {"en": "Send this email in the best hour", "de": "Diese E-Mail zur besten Stunde senden"}
    help = {
        "en": "Sent at the full hour in which the largest share of this workspace's emails was answered.",
        "de": "Wird zur vollen Stunde gesendet, in der der größte Teil der E-Mails beantwortet wurde.",
    }
    config_schema = {
        "type": "object",
        "properties": {
            "from": {"type": "integer", "minimum": 0, "maximum": 23, "description": "Earliest hour, 0 to 23."},
            "until": {"type": "integer", "minimum": 0, "maximum": 23, "description": "Latest hour, 0 to 23."},
        },
        "required": ["from", "until"],
        "additionalProperties": False,
    }
    sentences = {
        "BEST_HOUR": {
            "en": "{replied} of {sent} emails that were sent between {hour}:00 and {hour}:59 were answered.",
            "de": "{replied} von {sent} E-Mails von {hour}:00 bis {hour}:59 wurden beantwortet.",
        },
        "NO_BEST_HOUR": {
            "en": "Too few emails were sent in these hours to compare them, so it is sent at {hour}:00.",
            "de": "In diesen Stunden wurden zu wenige E-Mails gesendet, deshalb wird sie um {hour}:00 gesendet.",
        },
    }
    reads = {Reads.HISTORY}

    def availability(self, position):
        return Availability.offered()

    def validate(self, config):
        if config["until"] < config["from"]:
            raise Refusal("NO_HOURS", "The latest hour must not be before the earliest.", ("until",))

    def resolve(self, step):
        if step.send_at is not None:
            day, wall, moved = step.calendar.start(step.send_at)
            return SendAt(day, wall, instant=None if moved else step.send_at)
        hours = range(step.config["from"], step.config["until"] + 1)
        counts = {hour: step.history.hour(hour) for hour in hours}
        known = [hour for hour in hours if counts[hour].sent >= ENOUGH]
        # Of equally good hours max() takes the first, so the same history always gives the same hour.
        hour = max(known, key=lambda each: counts[each].replied / counts[each].sent) if known else hours[0]
        values = {"hour": hour, "sent": counts[hour].sent, "replied": counts[hour].replied}
        note = Note("BEST_HOUR", values) if known else Note("NO_BEST_HOUR", {"hour": hour})
        day = step.date
        if step.first and step.calendar.instant(day, time(hour)) < step.now:
            day = step.calendar.forward(day, 1)
        return SendAt(day, time(hour), (note,))


@hookimpl
def touchline_register_send_options():
    return [BestHour()]
