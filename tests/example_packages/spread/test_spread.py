from datetime import UTC, date, datetime, time

import pytest
from touchline.partners import Calendar, Facts, PersonFacts, Refusal, StepContext, load
from touchline.testing import assert_send_option
from touchline_spread import Spread

MORNING = {"from": "09:00", "until": "11:00"}
ZONES = ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia"]
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


def step(person, **changes):
    values = {
        "config": MORNING,
        "number": 2,
        "day": 3,
        "date": date(2026, 3, 4),
        "calendar": Calendar("Europe/Berlin", skip_weekends=True),
        "now": NOW,
        "start": NOW,
        "send_at": None,
        "time": None,
        "earlier_email": None,
        "facts": Facts(person=PersonFacts(person)),
    }
    return StepContext(**values | changes)


def test_the_contract():
    assert_send_option(Spread(), configs=[MORNING, {"from": "00:00", "until": "23:59"}], zones=ZONES)


def test_each_person_has_a_time_of_their_own():
    times = [Spread().resolve(step(f"per_{number}")).time for number in range(500)]
    assert min(times) >= time(9)
    assert max(times) < time(11)
    assert len(set(times)) > 450
    assert times[0] == Spread().resolve(step("per_0", now=datetime(2026, 3, 3, tzinfo=UTC))).time
    first_half = sum(wall < time(10) for wall in times)
    assert 200 < first_half < 300, "they are spread evenly"


def test_a_first_step_whose_time_has_passed_starts_on_the_next_day():
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    answer = Spread().resolve(step("per_1", number=1, day=1, date=friday.date(), now=friday))
    assert answer.date == date(2026, 3, 9), "Skip Weekends is on"


def test_a_window_must_not_be_empty():
    with pytest.raises(Refusal) as refused:
        Spread().validate({"from": "11:00", "until": "09:00"})
    assert (refused.value.code, refused.value.path) == ("EMPTY_WINDOW", ("until",))


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "spread" in installed.send_options
