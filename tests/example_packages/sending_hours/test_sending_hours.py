from datetime import UTC, date, datetime, time

import pytest
from touchline.partners import Calendar, Refusal, StepContext, load
from touchline.testing import assert_send_option
from touchline_sending_hours import SendingHours, is_open

BERLIN = {"country": "DE", "opens": "09:00", "closes": "17:00"}
ZONES = ["America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia"]
NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)


def step(on, **changes):
    values = {
        "config": BERLIN,
        "number": 2,
        "day": 3,
        "date": on,
        "calendar": Calendar("Europe/Berlin", skip_weekends=False),
        "now": NOW,
        "start": NOW,
        "send_at": None,
        "time": None,
        "earlier_email": None,
    }
    return StepContext(**values | changes)


def in_office_hours(config, at):
    opens, closes = time.fromisoformat(config["opens"]), time.fromisoformat(config["closes"])
    return is_open(at.date(), config["country"]) and opens <= at.time() < closes


def test_the_contract():
    configs = [BERLIN, BERLIN | {"country": "US", "opens": "00:00"}]
    assert_send_option(SendingHours(), configs=configs, zones=ZONES, allowed=in_office_hours)


def test_easter():
    thursday, good_friday, tuesday = date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 7)
    assert SendingHours().resolve(step(thursday)).date == thursday
    answer = SendingHours().resolve(step(good_friday))
    assert (answer.date, answer.time) == (tuesday, time(9)), "Easter Monday is a holiday as well"
    assert [note.code for note in answer.notes] == ["OFFICE_HOURS", "OFFICE_CLOSED"]
    american = step(good_friday, config=BERLIN | {"country": "US"})
    assert SendingHours().resolve(american).date == good_friday


def test_the_window_has_the_office_hours_only():
    here = step(date(2026, 4, 2))
    ranges = SendingHours().window(here, datetime(2026, 4, 2, 7, tzinfo=UTC))
    assert [(each.start.isoformat(), each.end.isoformat()) for each in ranges[:2]] == [
        ("2026-04-02T07:00:00+00:00", "2026-04-02T15:00:00+00:00"),
        ("2026-04-07T07:00:00+00:00", "2026-04-07T15:00:00+00:00"),
    ]


def test_a_campaign_that_starts_in_the_evening():
    evening = datetime(2026, 4, 1, 15, tzinfo=UTC)  # 17:00 in Berlin
    answer = SendingHours().resolve(step(date(2026, 4, 1), number=1, day=1, now=evening))
    assert answer.date == date(2026, 4, 2)


def test_a_send_time_that_a_launch_chose_counts():
    chosen = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    answer = SendingHours().resolve(step(date(2026, 3, 2), number=1, day=1, send_at=chosen))
    assert (answer.date, answer.time, answer.instant) == (date(2026, 3, 3), time(10, 30), chosen)


def test_office_hours_must_end_after_they_begin():
    with pytest.raises(Refusal) as refused:
        SendingHours().validate(BERLIN | {"closes": "08:00"})
    assert (refused.value.code, refused.value.path) == ("NO_OFFICE_HOURS", ("closes",))


def test_touchline_loads_it():
    installed = load({})
    assert installed.broken == ()
    assert "sending_hours" in installed.send_options
