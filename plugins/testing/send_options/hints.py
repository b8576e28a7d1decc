"""Warn of what no rule forbids, but what is probably not meant."""

import datetime as dt
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace

from plugins.loading.wrappers import OptionWrapper
from plugins.testing.common.findings import Findings
from plugins.testing.common.time_limit import NoAnswerError
from plugins.testing.send_options.recorder import Call, Recorder
from strategies import Range, Reads, Refusal, SendAt
from strategies.calendar import instant_of
from strategies.timeline.allowed_times import next_allowed

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
    same = [recorder.again("resolve", step) == answer for step, (_, answer) in zip(chosen, found, strict=True)]
    if same and all(same):
        findings.hint(
            "resolve() ignores step.send_at, the send time that a launch chose for the first step. If it is not None,"
            " plan the email then, for example by step.calendar.start(step.send_at). Or refuse the first step in"
            " availability()."
        )


def _check_past(wrapper: OptionWrapper, recorder: Recorder, findings: Findings) -> None:
    """Warn if an email is planned before it can be sent at all: the server sends it at once (R12)."""
    for call, answer in _planned(recorder):
        step = call.step
        instant = answer.instant or instant_of(answer.date, answer.time, answer.zone or step.calendar.zone)
        planned = f"resolve() plans an email at {instant:%Y-%m-%d %H:%M}Z"
        if step.first and not step.send_at and instant < step.now:
            if wrapper.limits_times and recorder.again("window", step, step.now) is not None:
                continue  # the server keeps to the hours that the option promises
            findings.hint(
                f"{planned}, before the launch at {step.now:%Y-%m-%d %H:%M}Z. The server sends it at once, and not at"
                " the time of day that the option promises. Take a later day while the time is before step.now."
            )
            return
        if not step.first and answer.date < step.date and instant < step.start:
            findings.hint(
                f"{planned}, before its day ({step.date}), and before the campaign starts for this person"
                f" ({step.start:%Y-%m-%d %H:%M}Z). The server sends it at once. Compute the date from step.date."
            )
            return


def _check_missed_window(_: OptionWrapper, recorder: Recorder, findings: Findings) -> None:
    """Warn if an email that was not sent until its last range ends has no further range."""
    found = [call for call in recorder.calls if call.method == "window" and isinstance(call.result, list | tuple)]
    for call in found[:MAX_ASKED_AGAIN]:
        last: Range = call.result[-1]
        step = call.step if call.step.first else replace(call.step, now=last.end)
        again = recorder.again("window", step, last.end)
        if again is not None and next_allowed(tuple(again), last.end) is None:
            findings.hint(
                f"window() has no range after {last.end:%Y-%m-%d %H:%M}Z for an email that could not be sent until"
                " then. The server asks once an hour, and after a week without a range the email fails. Return ranges"
                " for some weeks, counted from send_at."
            )
            return


def _planned(recorder: Recorder) -> Iterator[tuple[Call, SendAt]]:
    """Yield the calls that plan an email, with their answers."""
    for call in recorder.calls:
        if call.method == "resolve" and isinstance(call.result, SendAt):
            yield call, call.result
