"""The worked examples in docs/plugins.md keep the contract, and send when the guide says."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from plugins.loading.manager import load
from plugins.testing import assert_send_option
from strategies import Calendar, Facts, StepType
from strategies.timeline.records import LaunchChoices, PlannedSend, StepRecord, TaskRecord, TimelineStep
from strategies.timeline.timeline import resolve_timeline
from tests.plugins.test_guide import example, install

NOW = datetime(2026, 3, 4, 8, tzinfo=UTC)
"""Nine on a Wednesday in Berlin."""
ZONES = ("America/Santiago", "Europe/Berlin")
LATER = TimelineStep(3, StepType.EMAIL, "same_time_as_previous", {})
CALL = TimelineStep(1, StepType.CALL, None, {})


def planned(
    steps: list[TimelineStep],
    *,
    now: datetime = NOW,
    send_at: datetime | None = None,
    history: dict[int, StepRecord] | None = None,
    facts: Facts | None = None,
) -> list[PlannedSend]:
    """Plan the steps with the installed options for a person in Berlin."""
    options, calendar = load({}).send_options, Calendar("Europe/Berlin", skip_weekends=False)
    launch = LaunchChoices(NOW, send_at, {})
    found = resolve_timeline(steps, calendar, launch, options, history or {}, now, facts=facts or Facts())
    return [each for each in found.planned if isinstance(each, PlannedSend)]


def test_the_worked_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = example("class NextMonday")
    install(monkeypatch, contents)
    assert_send_option(contents["NextMonday"](), zones=ZONES, examples=8)
    steps = [TimelineStep(1, StepType.EMAIL, "next_monday", {}), LATER]
    monday, day_3 = planned(steps)
    assert (monday.date, monday.time, day_3.date) == (date(2026, 3, 9), time(9), date(2026, 3, 11))
    chosen, _ = planned(steps, send_at=datetime(2026, 3, 5, 10, 15, tzinfo=UTC))
    assert (chosen.date, chosen.time) == (date(2026, 3, 5), time(11, 15))

    contents = example("class OfficeHours")
    install(monkeypatch, contents)
    configs: list[dict[str, Any]] = [{"hour": 9}, {"hour": 16}]
    assert_send_option(contents["OfficeHours"](), configs, zones=ZONES, examples=8)
    office = TimelineStep(4, StepType.EMAIL, "recipient_office_hours", {"hour": 9})
    first = TimelineStep(1, StepType.EMAIL, "at_time", {"at": "10:00"})
    (_, there) = planned([first, office], facts=Facts(recipient_zone="America/New_York"))
    # Day 4 is a Saturday, so it is the Monday after it: at nine in New York, whose clocks have gone forward.
    assert there.instant == datetime(2026, 3, 9, 13, tzinfo=UTC)
    assert (there.zone, there.date, len(there.allowed or ())) == ("America/New_York", date(2026, 3, 9), 30)
    (_, here) = planned([first, office], facts=Facts(recipient_zone=None))
    assert (here.zone, here.instant) == ("Europe/Berlin", datetime(2026, 3, 9, 8, tzinfo=UTC))

    contents = example("class AfterTheCall")
    install(monkeypatch, contents)
    assert_send_option(contents["AfterTheCall"](), zones=ZONES, examples=8)
    done = datetime(2026, 3, 4, 22, 40, 5, 123, tzinfo=UTC)
    after = TimelineStep(1, StepType.EMAIL, "hour_after_call", {})
    (email,) = planned([CALL, after], now=done, history={1: TaskRecord(date(2026, 3, 4), done)})
    assert email.instant == datetime(2026, 3, 4, 23, 40, 5, tzinfo=UTC)
    assert (email.date, email.time) == (date(2026, 3, 5), time(0, 40, 5))
