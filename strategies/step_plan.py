"""Plan one step for one person: ask its send option, and make an email or a task of the answer."""

import datetime as dt
from dataclasses import replace

from strategies import timeline_notes
from strategies.codes import StrategyCode
from strategies.contract import CreateTask, Note, SendAt, StepContext, StepType
from strategies.errors import Refusal
from strategies.option_calls import call_option, plain_answer
from strategies.records import Planned, PlannedSend, PlannedTask, TimelineStep
from strategies.registry import SendOptions

Notes = tuple[Note, ...]


def plan_step(
    step: TimelineStep,
    context: StepContext,
    options: SendOptions,
    opening: Notes,
    now: dt.datetime,
    added: dt.datetime | None,
    *,
    by_hand: bool,
    resumed: bool,
) -> Planned | None:
    """Plan a step. Returns None if its time had already passed when it was ``added`` to a running campaign (R20).

    ``opening`` are the first notes of its explanation: zone, anchor and day. ``by_hand`` says that a person has
    scheduled its email from a task, ``resumed`` that its day is counted from a resume. Raises Refusal.
    """
    if step.type is not StepType.EMAIL or step.send_option is None:
        # R15: calls, InMails and custom steps are always tasks, due on their day.
        work = CreateTask(context.date, (Note("HUMAN_WORK", {"type": step.type.value}),))
        return _plan_task(step, context, work, opening, added)
    answer = _ask(step.send_option, context, options)
    if by_hand and isinstance(answer, SendAt):
        # R10: a person has scheduled this email from its task, so it stays a task.
        answer = CreateTask(context.date, (Note("TASK_BY_HAND"),))
    if isinstance(answer, CreateTask):
        return _plan_task(step, context, answer, opening, added)
    if resumed and answer.date < context.date:
        answer = _released(step.send_option, context, options, answer)
    return _plan_email(step, context, answer, opening, now, added)


def _plan_task(
    step: TimelineStep, context: StepContext, answer: CreateTask, opening: Notes, added: dt.datetime | None
) -> PlannedTask | None:
    if added is not None and answer.due < context.calendar.local(added).date():
        return None
    due = timeline_notes.due_notes(step.send_option, context.date, answer)
    return PlannedTask(context.number, answer.due, (*opening, *answer.notes, *due))


def _plan_email(
    step: TimelineStep,
    context: StepContext,
    answer: SendAt,
    opening: Notes,
    now: dt.datetime,
    added: dt.datetime | None,
) -> PlannedSend | None:
    # R4: the calendar turns the wall time into an instant, also where the clocks skip or repeat it.
    moment = context.calendar.moment(answer.date, answer.time)
    instant = answer.instant or moment.instant
    if added is not None and instant < added:
        return None
    # R12: an email whose time has passed is sent immediately. It keeps its planned wall time.
    late = now if instant < now else None
    if context.first and timeline_notes.contains_date(answer.notes):
        opening = opening[:1]
    timing = timeline_notes.time_notes(step.send_option, context.date, answer, moment, late)
    notes = (*opening, *answer.notes, *timing)
    return PlannedSend(context.number, answer.date, answer.time, context.calendar.zone, late or instant, notes)


def _ask(key: str, context: StepContext, options: SendOptions) -> SendAt | CreateTask:
    """Let the option resolve the step. Raises its own Refusal, or SEND_OPTION_FAILED where it fails."""
    option = options.need(key)
    try:
        return plain_answer(call_option(lambda: option.resolve(context)))
    except Refusal:
        raise
    except BaseException as error:  # also SystemExit: a package must not stop the server; nothing here is awaited
        raise Refusal.of(
            StrategyCode.SEND_OPTION_FAILED, case="step", option=key, step=context.number, error=type(error).__name__
        ) from error


def _released(key: str, context: StepContext, options: SendOptions, answer: SendAt) -> SendAt:
    """R19: keep only the wall time of an answer whose date does not follow the step's day, such as a send-at.

    The option is asked about the next day as well: where it answers with the same date, the date is fixed.
    """
    other = _ask(key, replace(context, date=context.calendar.forward(context.date, 1)), options)
    if isinstance(other, SendAt) and other.date == answer.date:
        return SendAt(context.date, answer.time, (Note("TIME_KEPT", {"time": answer.time.isoformat()}),))
    return answer
