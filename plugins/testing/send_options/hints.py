"""Warn of what no rule forbids, but what is probably not meant."""

import datetime as dt
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from plugins.loading.wrappers import OptionWrapper
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where
from plugins.testing.common.time_limit import NoAnswerError
from plugins.testing.send_options.recorder import Call, Recorder, shown
from strategies import Reads, Refusal, SendAt, StepContext
from strategies.calendar import instant_of
from strategies.timeline.allowed_times import Ranges, may_be_sent, next_allowed, plain_ranges

HOUR = dt.timedelta(hours=1)
MAX_ASKED_AGAIN = 300
"""Answers about which the option is asked once more."""


def check_hints(wrapper: OptionWrapper, recorder: Recorder, findings: Findings) -> None:
    """Warn of everything. The option has answered all cases before, and its answers are valid."""
    for check in (_check_reads, _check_send_at, _check_past, _check_missed_window):
        with suppress(Refusal, NoAnswerError):
            check(wrapper, recorder, findings)


def hint_threads(before: Collection[threading.Thread], findings: Findings) -> None:
    """Warn if the option has started threads that still run. ``before`` are those that ran before it was asked."""
    started = [each for each in threading.enumerate() if each not in before and not isinstance(each, threading.Timer)]
    if started:
        findings.hint(
            f"threads of the option still run ({len(started)}, such as {started[0].name}). The server then starts a"
            " new process for each message. Compute the answer without threads."
        )


def _check_reads(wrapper: OptionWrapper, recorder: Recorder, findings: Findings) -> None:
    """Warn of declared facts that the option never reads."""
    for read in sorted(Reads(each) for each in wrapper.reads - recorder.read):
        findings.hint(
            f"`reads` has Reads.{read}, which no case has read. Remove it if the option does not need it: people with"
            " equal facts share one calculation."
        )


def _check_send_at(_: OptionWrapper, recorder: Recorder, findings: Findings) -> None:
    """Warn if the option answers the same for a first step whose send time the launch chose as for another."""
    found = [(call, answer) for call, answer in _planned(recorder) if call.step.first and not call.step.send_at][:3]
    chosen = [
        replace(call.step, send_at=call.step.now + dt.timedelta(days=2, hours=7, minutes=13)) for call, _ in found
    ]
    same = [
        _again(recorder, findings, "resolve", step) == answer
        for step, (_call, answer) in zip(chosen, found, strict=True)
    ]
    if same and all(same):
        findings.hint(
            "resolve() ignores step.send_at, the send time that a launch chose for the first step. If it is not None,"
            " plan the email then, for example by step.calendar.start(step.send_at). Or refuse the first step in"
            " availability()."
        )


def _check_past(wrapper: OptionWrapper, recorder: Recorder, findings: Findings) -> None:
    """Warn if an email is planned before it can be sent at all: the server sends it at once (R12)."""
    asked = 0
    for call, answer in _planned(recorder):
        step, instant = call.step, _instant(call.step, answer)
        if not step.first and answer.date < step.date and instant < step.start:
            findings.hint(
                f"{_plan(instant)}, before its day ({step.date}), and before the campaign starts for this person"
                f" ({step.start:%Y-%m-%d %H:%M}Z). The server sends it at once. Compute the date from step.date."
            )
            return
        if not step.first or step.send_at or asked == MAX_ASKED_AGAIN:
            continue
        asked += 1
        if instant >= step.now:  # launch after this time, on the same day
            step = replace(step, now=instant + HOUR, start=instant + HOUR)
            if {step.date} != {step.calendar.local(each).date() for each in (call.step.now, step.now)}:
                continue
            later = _again(recorder, findings, "resolve", step)
            if not isinstance(later, SendAt) or (instant := _instant(step, later)) >= step.now:
                continue
        if wrapper.limits_times and not may_be_sent(_ranges(recorder, findings, step, step.now), step.now):
            continue  # it waits for the hours that the option promises
        findings.hint(
            f"{_plan(instant)}, before the launch at {step.now:%Y-%m-%d %H:%M}Z. The server sends it at once, and not"
            " at the time that its explanation names. Take a later time while the time is before step.now."
        )
        return


def _instant(step: StepContext, answer: SendAt) -> dt.datetime:
    return answer.instant or instant_of(answer.date, answer.time, answer.zone or step.calendar.zone)


def _plan(instant: dt.datetime) -> str:
    return f"resolve() plans an email at {instant:%Y-%m-%d %H:%M}Z"


def _check_missed_window(wrapper: OptionWrapper, recorder: Recorder, findings: Findings) -> None:
    """Warn if an email that was not sent until its last range ends has no further range."""
    if not wrapper.limits_times or Rule.WINDOW in findings:
        return
    found = [call for call in recorder.calls if call.method == "window"]
    for call in found[:MAX_ASKED_AGAIN]:
        ranges = plain_ranges(call.result) if not isinstance(call.result, BaseException) else None
        if not ranges:
            continue  # any time is allowed, or check_answers has reported it
        end = ranges[-1].end
        step = call.step if call.step.first else replace(call.step, now=end)
        again = _ranges(recorder, findings, step, end)
        if again is not None and next_allowed(again, end) is None:
            findings.hint(
                f"window() has no range after {end:%Y-%m-%d %H:%M}Z for an email that could not be sent until"
                " then. The server asks once an hour, and after a week without a range the email fails. Return ranges"
                " for some weeks, counted from send_at."
            )
            return


def _again(recorder: Recorder, findings: Findings, method: str, step: StepContext, *more: Any) -> Any:
    """Ask the option once more. A failure is a fault, and ends the check."""
    try:
        answer = recorder.again(method, step, *more)
        return plain_ranges(answer) if method == "window" else answer
    except (Refusal, NoAnswerError, KeyboardInterrupt):
        raise
    except BaseException as error:
        of = getattr(type(recorder.own), method, None)
        change = (
            "Return None, or a list of Range objects in their order, for every send_at."
            if method == "window"
            else "Return SendAt or CreateTask for every step, also for one with a send_at."
        )
        rule = Rule.WINDOW if method == "window" else Rule.RESOLVE
        findings.add(rule, f"{method}() fails: {where(error, of)}. The case: {shown(step)}", change)
        raise NoAnswerError from error


def _ranges(recorder: Recorder, findings: Findings, step: StepContext, send_at: dt.datetime) -> Ranges | None:
    """Ask the option once more for the ranges of an email."""
    found: Ranges | None = _again(recorder, findings, "window", step, send_at)
    return found


def _planned(recorder: Recorder) -> Iterator[tuple[Call, SendAt]]:
    """Yield the calls that plan an email, with their answers."""
    for call in recorder.calls:
        if call.method == "resolve" and isinstance(call.result, SendAt):
            yield call, call.result
