"""Warnings about people whose emails would be sent in another order than the steps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from strategies import WarningNote
from strategies.calendar import local
from strategies.sentences.warning_codes import WarningCode
from strategies.timeline.records import TimelineStep
from strategies.timeline.send_order import Pair, out_of_order
from strategies.timeline.timeline_notes import utc

ORDER_CODES = (WarningCode.OUT_OF_ORDER, WarningCode.OUT_OF_ORDER_AFTER_TASK, WarningCode.FOLLOW_UP_WAITS)


@dataclass(slots=True)
class OrderTally:
    """Counts the people whose emails would be sent in another order than the steps."""

    steps: Sequence[TimelineStep]
    people: dict[tuple[int, int, bool], int] = field(default_factory=dict)
    examples: dict[tuple[int, int, bool], tuple[Pair, str]] = field(default_factory=dict)
    """The earliest example for each key, with the person's time zone. It does not depend on the order of people."""

    def add(self, instants: Mapping[int, datetime], waiting: Collection[int], zone: str, people: int = 1) -> None:
        """Count people: ``instants`` are their emails' times (UTC) by step number, ``waiting`` the unsent ones."""
        for pair in out_of_order(self.steps, instants):
            if pair.number not in waiting and pair.earlier not in waiting:
                continue  # both are sent: a warning would come too late
            key = (pair.number, pair.earlier, pair.waits)
            self.people[key] = self.people.get(key, 0) + people
            if key not in self.examples or _earliest(pair, zone) < _earliest(*self.examples[key]):
                self.examples[key] = (pair, zone)

    def warnings(self, others: Sequence[WarningNote] = ()) -> list[WarningNote]:
        """Return a warning for each pair of steps, and those of ``others`` about other pairs."""
        found = [self._warning(key) for key in sorted(self.people)]
        named = {_pair_of(note) for note in found}
        return [*(note for note in others if _pair_of(note) not in named), *found]

    def _warning(self, key: tuple[int, int, bool]) -> WarningNote:
        pair, zone = self.examples[key]
        values: dict[str, str | int] = {
            "step": pair.number,
            "earlierStep": pair.earlier,
            "people": self.people[key],
            "at": utc(pair.at),
            "earlierAt": utc(pair.earlier_at),
            "time": _shown(pair.at, zone),
            "earlierTime": _shown(pair.earlier_at, zone),
            "zone": zone,
        }
        return (WarningCode.FOLLOW_UP_WAITS if pair.waits else WarningCode.OUT_OF_ORDER).note(**values)


def _earliest(pair: Pair, zone: str) -> tuple[datetime, datetime, str]:
    return pair.at, pair.earlier_at, zone


def _pair_of(note: WarningNote) -> tuple[object, object] | None:
    return (note.values["step"], note.values["earlierStep"]) if note.code in ORDER_CODES else None


def _shown(instant: datetime, zone: str) -> str:
    return f"{local(instant, zone):%Y-%m-%d %H:%M:%S}"
