"""Spread an email over a window: each person gets it at a time of their own."""

import hashlib
from datetime import datetime, time

from touchline.partners import Availability, Note, Reads, Refusal, SendAt, SendOption, hookimpl

touchline_contract = "1.0"

TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}


class Spread(SendOption):
    key = "spread"
    labels = {"en": "Spread this email over a window", "de": "Diese E-Mail über einen Zeitraum verteilen"}
    help = {
        "en": "Each person gets the email at a time of their own between two times of day.",
        "de": "Jede Person erhält die E-Mail zu einer eigenen Zeit zwischen zwei Uhrzeiten.",
    }
    config_schema = {
        "type": "object",
        "properties": {
            "from": TIME | {"description": "Start of the window, such as 09:00."},
            "until": TIME | {"description": "End of the window, such as 11:30."},
        },
        "required": ["from", "until"],
        "additionalProperties": False,
    }
    sentences = {
        "SPREAD": {
            "en": "Between {from} and {until}, this person's time is {time}.",
            "de": "Zwischen {from} und {until} ist die Zeit dieser Person {time}.",
        }
    }
    reads = {Reads.PERSON}

    def availability(self, position):
        return Availability.offered()

    def validate(self, config):
        if config["until"] <= config["from"]:
            raise Refusal("EMPTY_WINDOW", "The window must end after it begins.", ("until",))

    def resolve(self, step):
        if step.send_at is not None:
            day, wall, moved = step.calendar.start(step.send_at)
            return SendAt(day, wall, instant=None if moved else step.send_at)
        start, end = (time.fromisoformat(step.config[name]) for name in ("from", "until"))
        opens = datetime.combine(step.date, start)
        length = datetime.combine(step.date, end) - opens
        # The id is the same in the preview and in the launch, so the time is as well.
        wall = (opens + share(f"{step.person.id} {step.number}") * length).replace(microsecond=0).time()
        day = step.date
        if step.first and step.calendar.instant(day, wall) < step.now:
            day = step.calendar.forward(day, 1)
        values = {"from": step.config["from"], "until": step.config["until"], "time": wall.isoformat()}
        return SendAt(day, wall, (Note("SPREAD", values),))


def share(text):
    """Return a number from 0 to 1 that looks random and depends on the text only."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


@hookimpl
def touchline_register_send_options():
    return [Spread()]
