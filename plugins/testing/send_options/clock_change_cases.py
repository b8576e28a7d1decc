"""Cases whose configured times the clocks skip or repeat on the step's date."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from plugins.testing.schemas.configurations import accepts
from plugins.testing.send_options.cases import CAMPAIGNS, FIELDS, HISTORIES, PEOPLE, Case, Form, clock_changes
from strategies import Calendar, Facts, StepType
from strategies.calendar import zone_info

FORMATS = ("%H:%M", "%H:%M:%S")
USUAL = dt.time(9, 30)
LAST_HOURS = (23, 24)


def change_cases(
    zones: Sequence[str],
    forms: Sequence[Form],
    schema: Mapping[str, Any],
    configs: Sequence[Mapping[str, Any]],
    is_valid: Callable[[Mapping[str, Any]], bool],
    *,
    asks_send_at: bool,
) -> Iterator[Case]:
    """Yield cases for each change of the clocks of each zone. The configured times are in the hour of the change."""
    for index, name in enumerate(zones):
        for number, change in enumerate(clock_changes(name)):
            form = forms[(index + number) % len(forms)]
            calendar = Calendar(name, skip_weekends=False)
            date, middle, end = _hour_of(change, name)
            facts = Facts(PEOPLE[index % 3], name, FIELDS[index % 2], HISTORIES[index % 2], CAMPAIGNS[index % 2])
            for config in times_changed(schema, configs[index % len(configs)], middle, end):
                if is_valid(config):
                    send_at = change if asks_send_at and form.number == 1 else None
                    yield Case(form, config, calendar, _launch(form, calendar, date), facts, send_at)


def _hour_of(change: dt.datetime, name: str) -> tuple[dt.date, dt.time, dt.time]:
    """Return the date of a change, the middle of the wall times that are skipped or repeated, and their end."""
    before = (change - dt.timedelta(minutes=1)).astimezone(zone_info(name)).utcoffset()
    after = change.astimezone(zone_info(name)).utcoffset()
    if before is None or after is None:
        raise AssertionError  # every zone has an offset
    start, end = (change.replace(tzinfo=None) + offset for offset in sorted((before, after)))
    middle = start + (end - start) / 2
    return middle.date(), middle.time().replace(second=0), end.time().replace(second=0)


def _launch(form: Form, calendar: Calendar, date: dt.date) -> dt.datetime:
    """Return a launch after which the form's step is on a date."""
    days = form.day - 1 + (StepType.EMAIL in form.before)
    return calendar.instant(date - dt.timedelta(days=days), dt.time(12) if days else dt.time())


def times_changed(
    schema: Mapping[str, Any], config: Mapping[str, Any], middle: dt.time, end: dt.time
) -> Iterator[dict[str, Any]]:
    """Yield configurations that differ in their times: each is ``middle``, and the first is it and the last ``end``."""
    properties = schema.get("properties", {})
    written = {name: _writer(properties.get(name)) for name in config}
    names = sorted((name for name in written if written[name]), key=lambda name: str(config[name]))
    changes = [{name: middle} for name in names]
    if len(names) > 1:
        changes.append({names[0]: middle, names[-1]: end})
    for change, form in product(changes, FORMATS):
        changed = dict(config)
        for name, wall in change.items():
            write = written[name]
            changed[name] = write(wall, form) if write else config[name]
        if accepts(schema, changed):
            yield changed


def _writer(part: Any) -> Callable[[dt.time, str], Any] | None:
    """Return how a property writes a time of day: as a text, or as its hour. None if it is not one."""
    if not isinstance(part, Mapping):
        return None
    if part.get("type") == "integer" and part.get("minimum") == 0 and part.get("maximum") in LAST_HOURS:
        return lambda wall, _: wall.hour
    if part.get("type") == "string" and ("pattern" in part or part.get("format") == "time"):
        wall = {"type": "object", "properties": {"at": dict(part)}}
        if any(accepts(wall, {"at": format(USUAL, form)}) for form in FORMATS):
            return format
    return None
