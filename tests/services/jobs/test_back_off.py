"""Rows that wait in the memory of one process."""

from datetime import UTC, datetime, timedelta

from api.services.jobs.back_off import Backoff

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def test_each_failure_doubles_the_wait_up_to_an_hour() -> None:
    put_off = Backoff()
    waits = [(put_off.add("a", NOW) - NOW).total_seconds() for _ in range(12)]
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]


def test_it_waits_until_its_time_and_no_longer() -> None:
    put_off = Backoff()
    until = put_off.add("a", NOW)
    assert put_off.waiting(until - timedelta(microseconds=1)) == ["a"]
    assert put_off.waiting(until) == []
    assert put_off.until(["a", "b"], NOW) == until
    assert put_off.until(["b"], NOW) is None


def test_a_clock_that_is_set_back_holds_up_nothing() -> None:
    put_off = Backoff()
    put_off.add("a", NOW)
    assert put_off.waiting(NOW - timedelta(days=1)) == []


def test_what_came_to_its_end_elsewhere_is_forgotten() -> None:
    put_off = Backoff()
    put_off.add("a", NOW)
    put_off.waiting(NOW + timedelta(days=1))
    assert put_off.add("a", NOW) == NOW + timedelta(seconds=10)
