"""Rows that wait in the memory of one process."""

from datetime import UTC, datetime, timedelta

from api.services.common.job_chunks.row_backoff import Backoff

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def test_each_failure_doubles_the_wait_up_to_an_hour() -> None:
    backoff = Backoff()
    waits = [(backoff.add("a", NOW) - NOW).total_seconds() for _ in range(12)]
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]


def test_it_waits_until_its_time_and_no_longer() -> None:
    backoff = Backoff()
    until = backoff.add("a", NOW)
    assert backoff.waiting(until - timedelta(microseconds=1)) == ["a"]
    assert backoff.waiting(until) == []
    assert backoff.until(["a", "b"], NOW) == until
    assert backoff.until(["b"], NOW) is None


def test_a_clock_that_is_set_back_holds_up_nothing() -> None:
    backoff = Backoff()
    backoff.add("a", NOW)
    assert backoff.waiting(NOW - timedelta(days=1)) == []


def test_what_came_to_its_end_elsewhere_is_forgotten() -> None:
    backoff = Backoff()
    backoff.add("a", NOW)
    backoff.waiting(NOW + timedelta(days=1))
    assert backoff.add("a", NOW) == NOW + timedelta(seconds=10)
