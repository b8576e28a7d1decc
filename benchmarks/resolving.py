"""Resolving the steps of a campaign, explanation included, against a bare conversion from wall time to instant."""

import statistics
import timeit
from datetime import UTC, datetime

from whenever import PlainDateTime

from benchmarks.world import row
from plugins.loading.manager import load
from strategies import Calendar, StepType
from strategies.timeline.records import LaunchChoices, TimelineStep
from strategies.timeline.timeline import resolve_timeline

ROUNDS = 2_000


def measure(times: int) -> None:
    """Print the time of one step in a campaign of one option, each built-in one in turn."""
    options = load({}).send_options
    now = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
    calendar = Calendar("Europe/Berlin", True)
    email, days = StepType.EMAIL, range(1, 11)
    kinds = {
        "at_time": [TimelineStep(day, email, "at_time", {"at": "09:30"}, False) for day in days],
        "same_time_as_previous": [
            TimelineStep(1, email, "choose_at_launch", {}, False),
            *(TimelineStep(day, email, "same_time_as_previous", {}, False) for day in days[1:]),
        ],
    }

    def seconds(work: object) -> float:
        return min(timeit.repeat(work, number=ROUNDS, repeat=3)) / ROUNDS  # type: ignore[arg-type]

    for name, steps in kinds.items():
        launch = LaunchChoices(now, now if name != "at_time" else None, {})
        ratios, ours, bares = [], [], []
        for _ in range(times):
            wall = PlainDateTime(2026, 3, 29, 2, 30)
            bares.append(seconds(lambda wall=wall: wall.assume_tz("Europe/Berlin").to_instant()))
            work = lambda launch=launch, steps=steps: resolve_timeline(steps, calendar, launch, options, {}, now)  # noqa: E731
            ours.append(seconds(work) / len(steps))
            ratios.append(ours[-1] / bares[-1])
        row(
            f"resolve a step, {name}, explained",
            f"{statistics.median(ours) * 1e6:.1f} µs",
            f"whenever, bare: {statistics.median(bares) * 1e6:.2f} µs",
            statistics.median(ratios),
            "≤ 30",
        )
