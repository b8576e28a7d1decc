"""Check what an option answers in one case: the result, its explanation, and what edits and pauses do to it."""

import copy
import datetime as dt
from dataclasses import replace
from typing import Any

from plugins.loading.wrappers import OptionWrapper
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where
from plugins.testing.common.time_limit import NoAnswerError
from plugins.testing.send_options.cases import Case
from plugins.testing.send_options.explanation_reader import WrongError, evaluate
from plugins.testing.send_options.promised_hours import Allowed, check_hours
from plugins.testing.send_options.recorder import Recorder
from strategies import CreateTask, Refusal, SendAt, UndeclaredReadError
from strategies.calendar import instant_of
from strategies.package_options.option_calls import plain_answer
from strategies.registry import SendOptions
from strategies.sentences.explanation_sentences import SENTENCES
from strategies.sentences.sentences import sentence
from strategies.timeline.records import Planned, PlannedSend, PlannedTask

IN_WINDOW = " The ranges of window() must contain the time that resolve() chooses: look at the zones of both."
HOUR = dt.timedelta(hours=1)
LATE_HOURS = range(5, 7 * 24, 13)
"""Delays of an email, on each day of a week and at different hours."""
PAUSE = dt.timedelta(days=9, hours=5)
SKIPPED_RANGE = (
    "Refuse a configuration in validate() whose range ends before it starts. Where the clocks go forward, leave out a"
    " range that they skip."
)
RANGES_CHANGE = "Return ranges for some weeks after send_at, or None. Otherwise the email is not sent."
READ_CHANGE = "Add {} to `reads`. Otherwise the step fails in the server."


def check_answers(
    wrapper: OptionWrapper,
    recorder: Recorder,
    options: SendOptions,
    case: Case,
    findings: Findings,
    *,
    changes: bool = False,
    allowed: Allowed | None = None,
) -> None:
    """Resolve the case, and check the answer and its explanation. With ``changes`` also an edit and a pause."""
    if Rule.TIME_LIMIT in findings:
        return  # the option is not called any more
    planned = _planned(wrapper, recorder, options, case, case.now, findings)
    if planned is None:
        return
    check_explanation(wrapper, planned, case, findings)
    check_hours(allowed, planned, case, findings)
    if not isinstance(planned, PlannedSend):
        return
    if any(note.code == "NO_TIME_ALLOWED" for note in planned.notes):
        findings.add(
            Rule.WINDOW,
            f"window() returns no range that ends after {planned.instant}. The case: {case}",
            RANGES_CHANGE,
        )
    if not changes:
        return
    for again in (
        _check_later(wrapper, recorder, options, case, planned, findings),
        _check_pause(wrapper, recorder, options, case, planned, findings),
    ):
        if again is not None:
            check_explanation(wrapper, again, case, findings)
            check_hours(allowed, again, case, findings)
    for hours in LATE_HOURS if allowed is not None and Rule.ALLOWED not in findings else ():
        late = _planned(wrapper, recorder, options, case, max(case.now, planned.instant) + hours * HOUR, findings)
        if late is not None:
            check_hours(allowed, late, case, findings)


def _planned(
    wrapper: OptionWrapper,
    recorder: Recorder,
    options: SendOptions,
    case: Case,
    now: dt.datetime,
    findings: Findings,
) -> Planned | None:
    """Resolve the case at ``now``. Returns None if the option refuses or fails. A failure is a fault."""
    try:
        planned = case.timeline(wrapper.key, options, now).planned
    except Refusal as refusal:
        add_failure(recorder, case, refusal, findings)
        return None
    _check_ranges(recorder, case, findings)
    return next((each for each in planned if each.number == case.form.number), None)


def _check_ranges(recorder: Recorder, case: Case, findings: Findings) -> None:
    """Add an empty list of ranges to the findings, also one for an email that is calculated again."""
    last = recorder.last
    if last is not None and last.method == "window" and last.result is not None and not len(last.result):
        findings.add(Rule.WINDOW, f"window() returns no range for {last.arguments[1]}. The case: {case}", RANGES_CHANGE)


def add_failure(recorder: Recorder, case: Case, refusal: Refusal, findings: Findings) -> None:
    """Add a failure of the option to the findings. The option's own refusal is not a failure."""
    error = refusal.__cause__
    if isinstance(error, NoAnswerError):
        return  # the recorder has added it
    method = recorder.last.method if recorder.last else "resolve"
    of = getattr(type(recorder.own), method, None)
    if isinstance(error, UndeclaredReadError):
        read = f"Reads.{error.read}"
        findings.add(Rule.READS, f"{method}() reads {read}, which `reads` does not have", READ_CHANGE.format(read))
    elif error is not None and method == "window":
        findings.add(
            Rule.WINDOW,
            f"window() fails: {where(error, of)}. The case: {case}",
            SKIPPED_RANGE
            if "a range ends after it starts" in str(error)
            else "Return None, or a list of Range objects in their order, which do not overlap.",
        )
    elif error is not None:
        findings.add(
            Rule.RESOLVE,
            f"resolve() fails: {where(error, of)}. The case: {case}",
            "Return SendAt or CreateTask with valid values for every configuration that config_schema and validate()"
            " accept, or raise Refusal.",
        )


def check_explanation(wrapper: OptionWrapper, planned: Planned, case: Case, findings: Findings) -> None:
    """Compute the time again from the notes alone, and make a sentence of each in each language."""
    languages = {"en", *wrapper.labels}
    for note in planned.notes:
        if note.code not in SENTENCES and note.code not in wrapper.sentences:
            findings.add(Rule.NOTES, f"the note {note.code!r} has no sentence", "Add its sentences to `sentences`.")
        for language in languages:
            text = sentence(note, language, [wrapper])
            if "{" in text or (text == note.code and note.code in wrapper.sentences):
                findings.add(
                    Rule.NOTES,
                    f"the note {note.code!r} has the sentence {text!r:.100}",
                    "Give the note a value for each {name} of its sentence.",
                )
    shown = [sentence(note, "en", [wrapper]) for note in planned.notes]
    if len(set(shown)) < len(shown):
        findings.add(Rule.NOTES, "the explanation says a sentence twice", "Return each note once.")
    read = [(note.code, note.values) for note in planned.notes if note.code in SENTENCES]
    try:
        found = evaluate(read)
        if isinstance(planned, PlannedTask):
            same = found.due == planned.due
        else:
            same = found.instant == planned.instant.replace(microsecond=0)
    except (WrongError, KeyError, ValueError, TypeError) as error:
        _explanation_fault(f"the explanation is wrong: {where(error)}", case, findings)
        return
    if not same:
        _explanation_fault("the explanation leads to another time than the answer", case, findings)


def _explanation_fault(fault: str, case: Case, findings: Findings) -> None:
    findings.add(
        Rule.EXPLANATION,
        f"{fault}. The case: {case}",
        "Give SendAt the date, time and instant of one moment, and give your notes codes of their own.",
    )


def _check_later(
    wrapper: OptionWrapper,
    recorder: Recorder,
    options: SendOptions,
    case: Case,
    planned: PlannedSend,
    findings: Findings,
) -> Planned | None:
    """Resolve again before the email is sent, as an edit does. Returns the plan after its time has passed."""
    between = case.now + (planned.instant - case.now) / 2
    again = _planned(wrapper, recorder, options, case, between, findings) if between > case.now else planned
    if isinstance(again, PlannedSend) and (again.date, again.time) != (planned.date, planned.time):
        findings.add(
            Rule.EDITED,
            f"the email is planned for {planned.date} {planned.time}, and when it is planned again before that, for"
            f" {again.date} {again.time}. The case: {case}",
            "Compute from step.date, step.start or a fact, not from step.now: otherwise every edit moves the email."
            + (IN_WINDOW if wrapper.limits_times else ""),
        )
    return _planned(wrapper, recorder, options, case, max(case.now, planned.instant) + HOUR, findings)


def _check_pause(
    wrapper: OptionWrapper,
    recorder: Recorder,
    options: SendOptions,
    case: Case,
    planned: PlannedSend,
    findings: Findings,
) -> Planned | None:
    """Pause the campaign until the email is overdue, and resume it. Returns the plan after that."""
    if Rule.PAUSED in findings:
        return None
    now = max(case.now, planned.instant) + PAUSE
    try:
        after = case.resumed(wrapper.key, options, now).planned
    except Refusal as refusal:
        add_failure(recorder, case, refusal, findings)
        return None
    _check_ranges(recorder, case, findings)
    moved = next((each for each in after if each.number == case.form.number), None)
    if isinstance(moved, PlannedSend) and instant_of(moved.date, moved.time, moved.zone) < now - 24 * HOUR:
        findings.add(
            Rule.PAUSED,
            f"after a pause until {now}, resolve() still chooses {moved.time} on {moved.date}. The case: {case}",
            "Compute the date from step.date, which a resume moves.",
        )
    return moved


def check_repeated(recorder: Recorder, findings: Findings) -> None:
    """Make all calls again, in the opposite order and with copies: equal contexts must have equal answers."""
    for call in reversed(recorder.calls):
        copied = replace(call.step, config=copy.deepcopy(dict(call.step.config)), facts=replace(call.step.facts))
        try:
            again: Any = recorder.again(call.method, copied, *call.arguments[1:])
        except NoAnswerError:
            return
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            again = error
        if _comparable(again) != _comparable(call.result):
            findings.add(
                Rule.SAME_ANSWER,
                f"{call.method}() returned {call.result!r:.120}, and then {again!r:.120} for an equal step",
                "Keep no state between calls, and compute the answer from the step only.",
            )
            return


def _comparable(result: Any) -> Any:
    if isinstance(result, BaseException):
        return type(result), str(result)
    if isinstance(result, SendAt | CreateTask):
        try:
            return plain_answer(result)
        except (TypeError, ValueError) as error:
            return type(error), str(error)
    return result if result is None else repr(result)
