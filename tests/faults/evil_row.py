"""What one evil of a package does to other emails and requests: a line of a table, and the bars for it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

HEAD = ("database", "API, p99 (without)", "lag of other emails, p99 (without)", "named in", "lost", "twice")
MAX_API_SECONDS = 1.0
MAX_LAG_RATIO = 2.0
LAG_FLOOR_SECONDS = 0.5
"""What the lag may be longer beside the ratio: one interval of the server's polling."""
SECONDS = 3.0
LEAST_SECONDS = 2.0
"""How long each evil is measured, and at least, however small the scale."""


class Period(NamedTuple):
    """The 99th percentiles of a period, in seconds."""

    lag: float
    answer: float


@dataclass
class EvilRow:
    """What an evil did. ``usual`` is the period before all evils."""

    what: str
    database: str
    usual: Period
    period: Period
    named: Sequence[str] = ()
    lost: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """What is above a bar or wrong."""
        found = list(self.wrong)
        if self.period.answer >= MAX_API_SECONDS:
            found.append(f"the API takes {MAX_API_SECONDS:g} s or more")
        if self.period.lag > MAX_LAG_RATIO * self.usual.lag + LAG_FLOOR_SECONDS:
            found.append(f"the lag is more than {MAX_LAG_RATIO:g} times the usual one and {LAG_FLOOR_SECONDS:g} s")
        if self.lost or self.twice:
            found.append("emails are lost or sent twice")
        return found

    @property
    def line(self) -> str:
        """The line of the table."""
        named = "; ".join(self.named) or "-"
        cells = (
            self.what,
            self.database,
            f"{self.period.answer * 1000:.0f} ms ({self.usual.answer * 1000:.0f} ms)",
            f"{self.period.lag:.1f} s ({self.usual.lag:.1f} s)",
            f"{named} **WRONG** {'; '.join(self.faults)}" if self.faults else named,
            self.lost,
            self.twice,
        )
        return f"| {' | '.join(map(str, cells))} |"


def named(places: Mapping[str, Collection[str | None]]) -> list[str]:
    """Return where a package is named, with the codes there."""
    return [
        f"{place} " + ", ".join(f"`{code}`" for code in sorted(map(str, places[place])))
        for place in places
        if places[place]
    ]


async def print_table(
    what: str, urls: Sequence[str], scale: float, rows_on: Callable[[str, float], Awaitable[Sequence[EvilRow]]]
) -> int:
    """Print the table of what misbehaves so, on each database. Returns how many rows are wrong."""
    print(f"\n| {' | '.join((what, *HEAD))} |\n|{' --- |' * (len(HEAD) + 1)}", flush=True)
    wrong = 0
    for url in urls:
        for row in await rows_on(url, max(LEAST_SECONDS, SECONDS * scale)):
            wrong += bool(row.faults)
            print(row.line, flush=True)
    return wrong
