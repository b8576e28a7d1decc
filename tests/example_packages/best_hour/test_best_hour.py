from datetime import UTC, date, datetime, time

import pytest
from touchline.partners import Calendar, Facts, History, HourCounts, Refusal, StepContext, load
from touchline.testing import assert_send_option
from touchline_best_hour import BestHour

OFFICE = {"from": 8, "until": 17}
ZONES = ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia"]
NOW = datetime(2026, 3, 2, 7, tzinfo=UTC)


def history(**by_hour):
    """Make a history in which the hours of Monday have these (sent, replied)."""
    counts = [HourCounts()] * (7 * 24)
    for hour, (sent, replied) in by_hour.items():
        counts[int(hour.removeprefix("h"))] = HourCounts(sent=sent, replied=replied)
    return History(tuple(counts))


def step(known, **changes):
    values = {
        "config": OFFICE,
        "number": 2,
        "day": 3,
        "date": date(2026, 3, 4),
        "calendar": Calendar("Europe/Berlin", skip_weekends=False),
        "now": NOW,
        "start": NOW,
        "send_at": None,
        "time": None,
        "earlier_email": None,
        "facts": Facts(history=known),
    }
    return StepContext(**values | changes)


def test_the_contract():
    assert_send_option(BestHour(), configs=[OFFICE, {"from": 0, "until": 23}], zones=ZONES)


def test_the_hour_with_the_best_rate_of_answers():
    known = history(h7=(100, 90), h9=(200, 20), h11=(100, 12), h14=(49, 40), h20=(100, 99))
    answer = BestHour().resolve(step(known))
    assert answer.time == time(11), "7 and 20 are outside, and too few were sent at 14"
    assert dict(answer.notes[0].values) == {"hour": 11, "sent": 100, "replied": 12}


@pytest.mark.parametrize("known", [history(), history(h10=(49, 49))])
def test_without_enough_emails_it_is_the_earliest_hour(known):
    answer = BestHour().resolve(step(known))
    assert (answer.time, answer.notes[0].code) == (time(8), "NO_BEST_HOUR")


def test_equally_good_hours():
    assert BestHour().resolve(step(history(h15=(50, 5), h10=(100, 10)))).time == time(10)


def test_a_send_time_that_a_launch_chose_counts():
    chosen = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    answer = BestHour().resolve(step(history(), number=1, day=1, send_at=chosen))
    assert (answer.date, answer.time, answer.instant) == (date(2026, 3, 3), time(10, 30), chosen)


def test_the_hours_must_be_in_order():
    with pytest.raises(Refusal) as refused:
        BestHour().validate({"from": 9, "until": 8})
    assert refused.value.code == "NO_HOURS"


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "best_hour" in installed.send_options
