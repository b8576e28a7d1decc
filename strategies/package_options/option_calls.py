"""Call a package's send option and check its results, so that a mistake is reported before anything is planned."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from strategies.codes import StrategyCode
from strategies.contract import Availability, CreateTask, Position, SendAt, SendOption, WarningNote
from strategies.errors import Refusal
from strategies.facts import CampaignFacts
from strategies.package_options.plain_values import (
    plain_date,
    plain_instant,
    plain_notes,
    plain_refusal,
    plain_string,
    plain_time,
    plain_values,
    plain_zone,
)
from strategies.questions import Unanswered
from strategies.sentences.sentences import sentence

log = logging.getLogger("touchline.options")

Answer = TypeVar("Answer")


def availability(option: SendOption, at: Position) -> Availability:
    """Return whether an option is offered at a position. An option that fails or is paused is not offered."""
    try:
        answer = option.availability(at)
        if not isinstance(answer, Availability):
            raise TypeError(f"availability() returned {answer!r:.60}")
        given = (answer.code, answer.reason, answer.warning, answer.warning_code)
        code, reason, warning, warning_code = (None if text is None else plain_string(text) for text in given)
        values = plain_values(answer.values)
        if warning is None and warning_code is not None:
            note = WarningNote(warning_code, {**values, "step": at.number, "option": option.key})
            warning = sentence(note, options=[option])
        return Availability(bool(answer.available), code, reason, warning, warning_code, values)
    except Unanswered:
        raise
    except BaseException as problem:  # also SystemExit: a package must not stop the server
        if isinstance(problem, Refusal) and problem.code == StrategyCode.SEND_OPTION_PAUSED:
            return Availability(False, problem.code, problem.message)
        log.exception("the send option %s failed in availability()", option.key)
        failed = _failure(option, problem)
        return Availability(False, failed.code, failed.message)


def validate(option: SendOption, config: Mapping[str, Any], campaign: CampaignFacts) -> None:
    """Let an option check a configuration. Raises its own Refusal, or SEND_OPTION_FAILED if it fails."""
    try:
        call_option(option.validate, config, campaign)
    except (Refusal, Unanswered):
        raise
    except BaseException as problem:
        log.exception("the send option %s failed in validate()", option.key)
        raise _failure(option, problem) from problem


def _failure(option: SendOption, problem: BaseException) -> Refusal:
    """Return the refusal for an option that fails. The wrapper of a package's option knows its package."""
    error, package = type(problem).__name__, vars(option).get("package")
    if package is None:
        return Refusal.of(StrategyCode.SEND_OPTION_FAILED, option=option.key, error=error)
    return Refusal.of(StrategyCode.SEND_OPTION_FAILED, case="call", option=option.key, error=error, package=package)


def limits_times(option: SendOption) -> bool:
    """Say whether an option has a ``window`` of its own. The wrapper of a package's option has looked it up."""
    known: bool | None = vars(option).get("limits_times")
    return type(option).window is not SendOption.window if known is None else known


def call_option(call: Callable[..., Answer], *arguments: Any) -> Answer:
    """Call a package's code. Passes its exceptions on. A Refusal gets plain texts first."""
    try:
        return call(*arguments)
    except Refusal as refusal:
        plain = plain_refusal(refusal)
    raise plain


def plain_answer(answer: object) -> SendAt | CreateTask:
    """Return the result of ``resolve`` with plain values. Raises TypeError or ValueError if it breaks the contract."""
    if isinstance(answer, SendAt):
        date, time, instant = plain_date("date", answer.date), plain_time(answer.time), plain_instant(answer.instant)
        notes, zone, moves = plain_notes(answer.notes), plain_zone(answer.zone), bool(answer.moves_day_one)
        plain = type(answer) is SendAt and date is answer.date and time is answer.time and instant is answer.instant
        plain = plain and notes is answer.notes and zone is answer.zone and moves is answer.moves_day_one
        return answer if plain else SendAt(date, time, notes, instant, zone, moves)
    if isinstance(answer, CreateTask):
        return CreateTask(plain_date("due", answer.due), plain_notes(answer.notes))
    raise TypeError(f"resolve() returned {answer!r:.60}, which is neither SendAt nor CreateTask")
