"""Send an email in office hours only, never on a weekend or a public holiday of a country."""

from datetime import date, time, timedelta
from functools import lru_cache

import holidays
from touchline.partners import Availability, Note, Range, Refusal, SendAt, SendOption, hookimpl

touchline_contract = "1.0"

TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
WEEKS = 6
"""For how long an email that could not be sent waits for office hours before the step is calculated again."""


class SendingHours(SendOption):
    key = "sending_hours"
    labels = {"en": "Send this email in office hours", "de": "Diese E-Mail zu Bürozeiten senden"}
    help = {
        "en": "Sent when the office opens, on a working day that is not a public holiday. Late emails wait as well.",
        "de": "Wird zu Beginn der Bürozeit an einem Arbeitstag gesendet. Auch verspätete E-Mails warten darauf.",
    }
    config_schema = {
        "type": "object",
        "properties": {
            "country": {"enum": ["AT", "CH", "DE", "FR", "GB", "US"], "description": "Country of the holidays."},
            "opens": TIME | {"description": "When office hours start, such as 09:00."},
            "closes": TIME | {"description": "When office hours end, such as 17:30."},
        },
        "required": ["country", "opens", "closes"],
        "additionalProperties": False,
    }
    sentences = {
        "OFFICE_HOURS": {
            "en": "Office hours are from {opens} to {closes}, on working days of the country {country}.",
            "de": "Die Bürozeiten sind von {opens} bis {closes}, an Arbeitstagen des Landes {country}.",
        },
        "HOLIDAY_START": {
            "en": "Step {step}: on a holiday, the campaign starts on the next working day.",
            "de": "Schritt {step}: An einem Feiertag beginnt die Kampagne am nächsten Arbeitstag.",
        },
        "OFFICE_CLOSED": {
            "en": "No office hours are left on {date}, so it is sent on the next working day.",
            "de": "Am {date} ist keine Bürozeit mehr, deshalb wird sie am nächsten Arbeitstag gesendet.",
        },
    }

    def availability(self, position):
        if position.number == 1:
            return Availability.offered(warning_code="HOLIDAY_START")
        return Availability.offered()

    def validate(self, config):
        if config["closes"] <= config["opens"]:
            raise Refusal("NO_OFFICE_HOURS", "Office hours must end after they begin.", ("closes",))

    def resolve(self, step):
        if step.send_at is not None:  # if it is outside of office hours, window() moves it
            day, wall, moved = step.calendar.start(step.send_at)
            return SendAt(day, wall, instant=None if moved else step.send_at)
        opens, closes, country = (step.config[name] for name in ("opens", "closes", "country"))
        notes = [Note("OFFICE_HOURS", {"opens": opens, "closes": closes, "country": country})]
        day = next_open(step.date, country)
        if step.first and step.calendar.instant(day, time.fromisoformat(closes)) <= step.now:
            day = next_open(day + timedelta(days=1), country)
        if day != step.date:
            notes.append(Note("OFFICE_CLOSED", {"date": step.date.isoformat()}))
        return SendAt(day, time.fromisoformat(opens), tuple(notes))

    def window(self, step, send_at):
        opens, closes = (time.fromisoformat(step.config[name]) for name in ("opens", "closes"))
        first = step.calendar.local(send_at).date()
        days = [first + timedelta(days=number) for number in range(7 * WEEKS)]
        found = [
            (step.calendar.instant(day, opens), step.calendar.instant(day, closes))
            for day in days
            if is_open(day, step.config["country"])
        ]
        # Where the clocks go forward, office hours can be skipped altogether.
        return [Range(start, end) for start, end in found if start < end]


def next_open(day: date, country: str) -> date:
    """Return the day, or the first one after it on which the office is open."""
    while not is_open(day, country):
        day += timedelta(days=1)
    return day


def is_open(day: date, country: str) -> bool:
    return day.weekday() < 5 and day not in public_holidays(country, day.year)


@lru_cache(maxsize=200)
def public_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


@hookimpl
def touchline_register_send_options():
    return [SendingHours()]
