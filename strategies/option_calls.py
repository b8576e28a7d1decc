"""Call a package's send option and check its results, so that a mistake is reported before anything is planned."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from strategies.codes import StrategyCode
from strategies.contract import Availability, CreateTask, Position, SendAt, SendOption
from strategies.errors import Refusal
from strategies.plain_values import plain_date, plain_instant, plain_notes, plain_refusal, plain_string, plain_time

log = logging.getLogger("touchline.options")

Answer = TypeVar("Answer")


def availability(option: SendOption, at: Position) -> Availability:
    """Return whether an option is offered at a position. An option that fails is not offered: SEND_OPTION_FAILED."""
    try:
        answer = option.availability(at)
        if not isinstance(answer, Availability):
            raise TypeError(f"availability() returned {answer!r:.60}")
        texts = (answer.code, answer.reason, answer.warning, answer.warning_code)
        return Availability(bool(answer.offered), *(None if text is None else plain_string(text) for text in texts))
    except BaseException as problem:  # also SystemExit: a package must not stop the server
        log.exception("the send option %s failed in availability()", option.key)
        failed = StrategyCode.SEND_OPTION_FAILED.message(option=option.key, error=type(problem).__name__)
        return Availability(False, *failed)


def validate(option: SendOption, config: Mapping[str, Any]) -> None:
    """Let an option check a configuration. Raises its own Refusal, or SEND_OPTION_FAILED if it fails."""
    try:
        call_option(lambda: option.validate(config))
    except Refusal:
        raise
    except BaseException as problem:
        log.exception("the send option %s failed in validate()", option.key)
        raise Refusal.of(StrategyCode.SEND_OPTION_FAILED, option=option.key, error=type(problem).__name__) from problem


def call_option(call: Callable[[], Answer]) -> Answer:
    """Call a package's code. Passes its exceptions on. A Refusal gets plain texts first."""
    try:
        return call()
    except Refusal as refusal:
        plain = plain_refusal(refusal)
    raise plain


def plain_answer(answer: object) -> SendAt | CreateTask:
    """Return the result of ``resolve`` with plain values. Raises TypeError or ValueError if it breaks the contract."""
    if isinstance(answer, SendAt):
        date, time, instant = plain_date("date", answer.date), plain_time(answer.time), plain_instant(answer.instant)
        notes = plain_notes(answer.notes)
        plain = type(answer) is SendAt and date is answer.date and time is answer.time and instant is answer.instant
        return answer if plain and notes is answer.notes else SendAt(date, time, notes, instant)
    if isinstance(answer, CreateTask):
        return CreateTask(plain_date("due", answer.due), plain_notes(answer.notes))
    raise TypeError(f"resolve() returned {answer!r:.60}, which is neither SendAt nor CreateTask")
