from datetime import UTC, date, datetime, time

import pytest
from touchline.partners import Calendar, Facts, StepContext, load
from touchline.testing import assert_send_option
from touchline_recipient_time import RecipientTime

NINE = {"at": "09:00"}
ZONES = ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia"]
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


def step(zone, **changes):
    values = {
        "config": NINE,
        "number": 2,
        "day": 3,
        "date": date(2026, 3, 4),
        "calendar": Calendar("Europe/Berlin", skip_weekends=False),
        "now": NOW,
        "start": NOW,
        "send_at": None,
        "time": None,
        "earlier_email": None,
        "facts": Facts(recipient_zone=zone),
    }
    return StepContext(**values | changes)


def test_the_contract():
    assert_send_option(RecipientTime(), configs=[NINE], zones=ZONES)


@pytest.mark.parametrize(
    ("zone", "sent_in", "code"),
    [
        ("Asia/Tokyo", "Asia/Tokyo", "RECIPIENT_TIME"),
        ("America/New_York", "America/New_York", "RECIPIENT_TIME"),
        (None, "Europe/Berlin", "ZONE_UNKNOWN"),
    ],
)
def test_the_time_is_the_recipients(zone, sent_in, code):
    answer = RecipientTime().resolve(step(zone))
    assert (answer.date, answer.time, answer.zone) == (date(2026, 3, 4), time(9), sent_in)
    assert [note.code for note in answer.notes] == [code]


def test_a_first_step_starts_on_the_next_day_where_nine_has_passed():
    first = {"number": 1, "day": 1, "date": date(2026, 3, 2)}
    assert RecipientTime().resolve(step("Asia/Tokyo", **first)).date == date(2026, 3, 3), "it is 16:00 in Tokyo"
    assert RecipientTime().resolve(step("Europe/Berlin", **first)).date == date(2026, 3, 2), "it is 8:00 in Berlin"


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "recipient_time" in installed.send_options
