"""Resolving the steps of a campaign, explanation included, against a bare conversion from wall time to instant."""

import statistics
import time
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from whenever import PlainDateTime

from benchmarks.world import row
from plugins.loading.manager import load
from strategies import Calendar, StepType
from strategies.timeline.records import LaunchChoices, TimelineStep
from strategies.timeline.timeline import resolve_timeline

TURNS = 200
"""How often the conversion and the timeline take turns, so that both meet the same machine."""
CONVERSIONS, TIMELINES = 1_000, 10
"""How many are measured in one turn."""


def measure(times: int) -> None:
    """Print the time of one step in a campaign of one option, each built-in one in turn."""
    options = load({}).send_options
    now = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
    calendar = Calendar("Europe/Berlin", True)
    email, days = StepType.EMAIL, range(1, 11)
    wall = PlainDateTime(2026, 3, 29, 2, 30)
    kinds = {
        "at_time": [TimelineStep(day, email, "at_time", {"at": "09:30"}, False) for day in days],
        "same_time_as_previous": [
            TimelineStep(1, email, "choose_at_launch", {}, False),
            *(TimelineStep(day, email, "same_time_as_previous", {}, False) for day in days[1:]),
        ],
    }

    def convert() -> None:
        wall.assume_tz("Europe/Berlin").to_instant()

    for name, steps in kinds.items():
        launch = LaunchChoices(now, now if name != "at_time" else None, {})
        ratios, ours, bares = [], [], []
        for _ in range(times):
            resolve = partial(resolve_timeline, steps, calendar, launch, options, {}, now)
            turns = [(_seconds(convert, CONVERSIONS), _seconds(resolve, TIMELINES)) for _ in range(TURNS)]
            bares.append(min(bare for bare, _ in turns))
            ours.append(min(timeline for _, timeline in turns) / len(steps))
            ratios.append(ours[-1] / bares[-1])
        row(
            f"resolve a step, {name}, explained",
            f"{statistics.median(ours) * 1e6:.1f} µs",
            f"whenever, bare: {statistics.median(bares) * 1e6:.2f} µs",
            statistics.median(ratios),
            "≤ 30",
        )


def _seconds(work: Callable[[], object], number: int) -> float:
    """Return the CPU time of one run."""
    return timeit.timeit(work, number=number, timer=time.process_time) / number
