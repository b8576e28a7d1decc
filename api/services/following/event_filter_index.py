"""Which events of the Live Feed a client wants: a filter, and an index of many filters."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from api.codes.events.event_kinds import EventKind
from api.store.events.event_dates import first_id

COLUMNS = {"task_id": "task_id", "email_id": "send_id", "person_id": "person_id", "campaign_id": "campaign_id"}
"""The columns of events that a filter names, the most selective first, by the filter's names."""

TASK_KINDS = frozenset(kind for kind in EventKind if kind.startswith("TASK_"))


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: those that meet every condition that is not None. An empty set of kinds matches no event."""

    kinds: frozenset[EventKind] | None = None
    campaign_id: str | None = None
    person_id: str | None = None
    email_id: str | None = None
    task_id: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    by_clock: bool = False
    """Whether the two instants are of a sandbox's clock. Otherwise they are compared with the ids."""

    def of_tasks(self) -> "EventFilter":
        """Return the filter with only the kinds of events about tasks."""
        return replace(self, kinds=TASK_KINDS if self.kinds is None else TASK_KINDS & self.kinds)

    @property
    def key(self) -> tuple[str, str] | None:
        """The most selective column with its value; None if the filter names no id."""
        for name, column in COLUMNS.items():
            if (value := getattr(self, name)) is not None:
                return column, value
        return None

    def matches(self, event: Any) -> bool:
        """Say whether an event, as its row has it, meets the filter."""
        return (
            (self.kinds is None or EventKind.of(event.kind) in self.kinds)
            and (self.person_id is None or event.person_id == self.person_id)
            and (self.campaign_id is None or event.campaign_id == self.campaign_id)
            and (self.email_id is None or event.send_id == self.email_id)
            and (self.task_id is None or event.task_id == self.task_id)
            and (self.created_from is None or self._is_written_from(event, self.created_from))
            and (self.created_before is None or not self._is_written_from(event, self.created_before))
        )

    def _is_written_from(self, event: Any, moment: datetime) -> bool:
        return bool(event.at >= moment if self.by_clock else event.id >= first_id(moment))


class Filtered(Protocol):
    """A follower with a filter."""

    filter: EventFilter


Item = TypeVar("Item", bound=Filtered)


class FilterIndex(Generic[Item]):
    """Followers by their filters. An event is compared with those that name one of its ids, and with those without."""

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str] | None, dict[EventFilter, dict[Item, None]]] = {}
        self.size = 0

    def add(self, item: Item) -> None:
        """Add a follower."""
        self._by_key.setdefault(item.filter.key, {}).setdefault(item.filter, {})[item] = None
        self.size += 1

    def remove(self, item: Item) -> None:
        """Remove a follower. An unknown one is ignored."""
        key = item.filter.key
        by_filter = self._by_key.get(key, {})
        items = by_filter.get(item.filter, {})
        if item not in items:
            return
        del items[item]
        self.size -= 1
        if not items:
            del by_filter[item.filter]
        if not by_filter:
            del self._by_key[key]

    def __iter__(self) -> Iterator[Item]:
        for by_filter in self._by_key.values():
            for items in by_filter.values():
                yield from items

    def matching(self, events: Iterable[Any]) -> tuple[list[Any], list[Item]]:
        """Return the events that a follower wants, and the followers that want one of them."""
        matched, found = list[Any](), dict[Item, None]()
        for event in events:
            before = len(matched)
            for by_filter in self._candidates(event):
                for filter_, items in by_filter.items():
                    if filter_.matches(event):
                        if len(matched) == before:
                            matched.append(event)
                        found.update(items)
        return matched, list(found)

    def _candidates(self, event: Any) -> Iterator[dict[EventFilter, dict[Item, None]]]:
        get: Callable[[Any], dict[EventFilter, dict[Item, None]] | None] = self._by_key.get
        if (without := get(None)) is not None:
            yield without
        for column in COLUMNS.values():
            if (value := getattr(event, column)) is not None and (found := get((column, value))) is not None:
                yield found
