"""The calendar, in every zone of the tz database."""

import struct
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strategies import Calendar, Refusal
from strategies import calendar as module
from strategies.calendar import aware, instant_of, known_zone, wall_exists, zone_info, zone_names

ZONES = st.sampled_from(sorted(zone_names()))
"""The zones that are tested are the zones that are accepted."""
DATES = st.dates(date(1990, 1, 1), date(2100, 1, 1))
TIMES = st.times().map(lambda wall: wall.replace(microsecond=0))
DAYS = st.integers(0, 364)


@given(zone=ZONES, skip=st.booleans(), start=DATES, days=DAYS)
def test_days_are_in_order(zone: str, skip: bool, start: date, days: int) -> None:
    calendar = Calendar(zone, skip)
    assert calendar.forward(start, days) < calendar.forward(start, days + 1)


@given(start=DATES, days=DAYS)
def test_working_days(start: date, days: int) -> None:
    calendar = Calendar("UTC", True)
    found = calendar.forward(start, days)
    assert found.weekday() < 5
    assert calendar.forward(start, days + 5) == found + timedelta(days=7)
    between = [calendar.working(start) + timedelta(days=n) for n in range((found - calendar.working(start)).days)]
    assert sum(day.weekday() < 5 for day in between) == days


@given(start=DATES, days=DAYS)
def test_days_with_weekends_are_days(start: date, days: int) -> None:
    assert Calendar("UTC", False).forward(start, days) == start + timedelta(days=days)


@given(zone=ZONES, day=DATES, wall=TIMES)
def test_a_wall_time_that_exists_is_shown_at_its_instant(zone: str, day: date, wall: time) -> None:
    shown = instant_of(day, wall, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    wanted = datetime.combine(day, wall)
    # In a gap, the clocks show a later time than was asked for; never an earlier one.
    assert shown == wanted if wall_exists(day, wall, zone) else shown > wanted


@example(zone="Australia/Lord_Howe", instant=datetime(2026, 4, 4, 15, 15))  # the second of two, half an hour apart
@example(zone="America/Danmarkshavn", instant=datetime(1996, 1, 1, 3, 0))  # a zone's rules end
@given(zone=ZONES, instant=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))
def test_an_instant_comes_back_from_its_wall_time_or_the_first_of_two(zone: str, instant: datetime) -> None:
    instant = instant.replace(microsecond=0, tzinfo=UTC)
    shown = instant.astimezone(ZoneInfo(zone))
    found = instant_of(shown.date(), shown.time(), zone)
    assert found == instant if not shown.fold else found < instant


@pytest.mark.parametrize(
    ("zone", "day", "wall", "expected"),
    [
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T01:30:00+00:00"),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00+00:00"),
        ("Africa/Cairo", date(2026, 4, 24), time(0, 15), "2026-04-23T22:15:00+00:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:45:00+00:00"),
        ("Pacific/Apia", date(2011, 12, 30), time(9, 0), "2011-12-30T19:00:00+00:00"),
    ],
)
def test_gaps_and_overlaps(zone: str, day: date, wall: time, expected: str) -> None:
    assert instant_of(day, wall, zone).isoformat() == expected


@pytest.mark.parametrize(
    "zone", ["", "Berlin", "Europe/berlin", "../etc/passwd", "UTC+1", "localtime", "Factory", "\x00"]
)
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(Refusal) as caught:
        zone_info(zone)
    assert caught.value.code == "INVALID_ZONE"


@pytest.mark.parametrize("name", ["localtime", "Factory"])
def test_what_a_machine_lists_beside_the_zones_is_neither_accepted_nor_tested(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Found by a run that drew Debian's "localtime": the zones that were drawn were more than those accepted.
    monkeypatch.setattr(module, "available_timezones", lambda: {name, "Europe/Berlin"})
    zone_names.cache_clear()
    zone_info.cache_clear()
    try:
        assert zone_names() == {"Europe/Berlin"}
        with pytest.raises(Refusal):
            instant_of(date(2000, 1, 1), time(0, 0), name)
    finally:
        zone_names.cache_clear()


@pytest.mark.parametrize("fault", [ValueError("magic not found"), struct.error(), IsADirectoryError(), EOFError()])
def test_a_zone_whose_file_is_damaged_is_not_known(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_: str) -> ZoneInfo:
        raise fault

    monkeypatch.setattr(module, "ZoneInfo", damaged)
    zone_info.cache_clear()
    with pytest.raises(Refusal, match="Asia/Kathmandu"):
        zone_info("Asia/Kathmandu")
    assert known_zone("Asia/Kathmandu") == "UTC"


def test_every_zone_that_is_accepted_can_be_used() -> None:
    assert len(zone_names()) > 400
    for zone in sorted(zone_names()):
        assert instant_of(date(2026, 7, 1), time(12, 0), zone).utcoffset() == timedelta(0)


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        aware(datetime(2026, 3, 2))
