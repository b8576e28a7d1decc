"""Find emails of one person that are sent in another order than their steps.

Emails at the same instant are in order. A follow-up waits for the email that it follows, so it is never sent earlier.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from strategies.calendar import Calendar
from strategies.contract import WarningNote
from strategies.errors import Refusal
from strategies.questions import QuestionCollector
from strategies.registry import SendOptions
from strategies.sentences.warning_codes import WarningCode
from strategies.timeline.records import LaunchChoices, PlannedSend, PlannedTask, TimelineStep
from strategies.timeline.timeline import resolve_timeline

TRIAL_TIMES = (dt.time(0), dt.time(12), dt.time(23, 59, 59))
"""Wall times of the send time and of completed tasks, for which the check resolves a campaign."""
TRIAL_STARTS = (dt.datetime(2026, 3, 2, tzinfo=dt.UTC), dt.datetime(2026, 3, 5, tzinfo=dt.UTC))
"""A Monday and a Thursday. They start at midnight, so that no configured time has passed yet."""
Pairs = Mapping[tuple[int, int], "Pair"]


@dataclass(frozen=True, slots=True)
class Pair:
    """The email of step ``number`` is due before that of the earlier step. Instants in UTC."""

    number: int
    earlier: int
    at: dt.datetime
    earlier_at: dt.datetime
    waits: bool = False
    """Whether it is a follow-up to that email, so that it waits for it."""


def out_of_order(steps: Sequence[TimelineStep], instants: Mapping[int, dt.datetime]) -> list[Pair]:
    """Return each email that is sent before the email of an earlier step, or waits for it, with the latest such email.

    ``instants`` are the planned send times of one person's emails, by step number.
    """
    found: list[Pair] = []
    sent_at: dict[int, dt.datetime] = {}
    last: int | None = None
    for number in sorted(instants):
        at = instants[number]
        before = sent_at.get(number - 1)
        if steps[number - 1].follow_up and before is not None and at < before:
            found.append(Pair(number, number - 1, at, before, waits=True))
            at = before
        sent_at[number] = at
        if last is not None and at < sent_at[last]:
            found.append(Pair(number, last, at, sent_at[last]))
        else:
            last = number
    return found


def order_warnings(
    steps: Sequence[TimelineStep], options: SendOptions, *, skip_weekends: bool, times: Mapping[int, dt.time]
) -> list[WarningNote]:
    """Return warnings for emails that are out of order in every launch, whenever its tasks are completed.

    ``times`` are the new wall times of a launch, by step number. Returns no warnings if the campaign cannot be
    resolved, or if a send option reads facts: then the order is known for each launch only.
    """
    keys = {step.send_option for step in steps if step.send_option in options}
    if any(options[key].reads for key in keys if key is not None):
        return []
    steps = [replace(step, added=None) for step in steps]  # a future launch includes every step
    calendar = Calendar("UTC", skip_weekends)
    tried, tasks, questions = [], set[int](), QuestionCollector()
    for start in TRIAL_STARTS:
        for moment in TRIAL_TIMES:
            option = options.get(steps[0].send_option or "") if steps else None
            asks = option is not None and option.asks_send_at
            send_at = dt.datetime.combine(start.date(), moment, dt.UTC) if asks else None
            found = None
            try:
                with questions:
                    found = resolve_timeline(
                        steps, calendar, LaunchChoices(start, send_at, times), options, {}, start, tasks_done_at=moment
                    )
            except Refusal:
                return []
            if found is None:
                continue
            emails = [each for each in found.planned if isinstance(each, PlannedSend)]
            tasks |= {each.number for each in found.planned if isinstance(each, PlannedTask)}
            tried.append(_every_pair(steps, {each.number: each.instant for each in emails}))
    questions.raise_any()
    always = reduce(lambda known, more: {key: known[key] for key in known if key in more}, tried)
    return [_warning(steps, pair, tasks) for pair in _latest(always)]


def _every_pair(steps: Sequence[TimelineStep], instants: Mapping[int, dt.datetime]) -> Pairs:
    sent_at: dict[int, dt.datetime] = {}
    found: dict[tuple[int, int], Pair] = {}
    for number, at in sorted(instants.items()):
        before = sent_at.get(number - 1)
        waits = steps[number - 1].follow_up and before is not None and at < before
        sent_at[number] = before if waits and before is not None else at
        if waits and before is not None:
            found[number, number - 1] = Pair(number, number - 1, at, before, waits=True)
        for earlier, earlier_at in sent_at.items():
            if sent_at[number] < earlier_at:
                found[number, earlier] = Pair(number, earlier, sent_at[number], earlier_at)
    return found


def _latest(pairs: Pairs) -> list[Pair]:
    """Return for each email the latest email that it is sent before, and the email that it waits for."""
    found: dict[tuple[int, bool], Pair] = {}
    for pair in pairs.values():
        known = found.get((pair.number, pair.waits))
        if known is None or pair.earlier_at > known.earlier_at:
            found[pair.number, pair.waits] = pair
    return [found[key] for key in sorted(found)]


def _warning(steps: Sequence[TimelineStep], pair: Pair, tasks: Collection[int]) -> WarningNote:
    values: dict[str, str | int] = {
        "step": pair.number,
        "day": steps[pair.number - 1].day,
        "time": pair.at.time().isoformat(),
        "earlierStep": pair.earlier,
        "earlierDay": steps[pair.earlier - 1].day,
        "earlierTime": pair.earlier_at.time().isoformat(),
    }
    between = [number for number in tasks if pair.earlier < number < pair.number]
    if between:
        return WarningCode.OUT_OF_ORDER_AFTER_TASK.note(**values, taskStep=max(between))
    return (WarningCode.FOLLOW_UP_WAITS if pair.waits else WarningCode.OUT_OF_ORDER).note(**values)
