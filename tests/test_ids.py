"""Identifiers are unique, also in forked processes, and sort in the order of their making."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from api import ids
from api.ids import first_id, new_id

LONG_AGO, FAR_OFF = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_identifiers_ascend_and_have_one_form() -> None:
    made = [new_id("per") for _ in range(2_000)]
    assert made == sorted(set(made))
    assert {len(each) for each in made} == {len("per_") + 26}
    assert set("".join(made)) <= set("per_0123456789abcdefghjkmnpqrstvwxyz")


def test_the_first_identifier_of_a_time_is_smaller_than_those_made_later() -> None:
    assert first_id("per", LONG_AGO) == f"per_{'0' * 26}"
    assert first_id("per", LONG_AGO) < new_id("per") < first_id("per", FAR_OFF)
    assert len(first_id("per", FAR_OFF)) == len(new_id("per"))


@pytest.mark.parametrize("hours", [-1, 1])
def test_identifiers_of_a_machine_with_a_wrong_clock_have_the_right_time(
    hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, wrong = datetime.now(UTC), timedelta(hours=hours)  # noqa: TID251
    system = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: system() + hours * 3_600 * 10**9)
    minute = timedelta(minutes=1)
    assert first_id("evt", now + wrong - minute) < new_id("evt") < first_id("evt", now + wrong + minute)
    ids.correct_clock(now)
    assert first_id("evt", now - minute) < new_id("evt") < first_id("evt", now + minute)
    monkeypatch.undo()
    ids.correct_clock(datetime.now(UTC) + timedelta(seconds=59))  # noqa: TID251
    assert ids._MachineClock.error_ns == 0


def test_a_forked_process_makes_random_numbers_of_its_own() -> None:
    new_id("per")
    assert ids._random, "no random numbers are made in advance"
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, " ".join(new_id("per")[-9:] for _ in range(50)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        theirs = pipe.read().split()
    assert os.waitpid(child, 0)[1] == 0
    ours = [new_id("per")[-9:] for _ in range(50)]
    assert len(set(ours) | set(theirs)) == 100
