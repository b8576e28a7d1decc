"""Plan one step for one person: ask its send option, and make an email or a task of the answer."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from strategies.calendar import local, moment_of
from strategies.codes import StrategyCode
from strategies.contract import CreateTask, Note, SendAt, SendOption, StepContext, StepType
from strategies.errors import Refusal
from strategies.facts import UndeclaredReadError
from strategies.package_options.option_calls import call_option, limits_times, plain_answer
from strategies.questions import Unanswered
from strategies.registry import SendOptions
from strategies.timeline import timeline_notes
from strategies.timeline.allowed_times import next_allowed, plain_ranges
from strategies.timeline.records import Planned, PlannedSend, PlannedTask, TimelineStep

Notes = tuple[Note, ...]
Answer = TypeVar("Answer")


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
    option = options.need(step.send_option)
    answer = _ask(option, context, options)
    if by_hand and isinstance(answer, SendAt):
        # R10: a person has scheduled this email from its task, so it stays a task.
        answer = CreateTask(context.date, (Note("TASK_BY_HAND"),))
    if isinstance(answer, CreateTask):
        return _plan_task(step, context, answer, opening, added)
    if resumed and answer.date < context.date:
        answer = _released(option, context, options, answer)
    plan = _plan_email(option, context, answer, opening, added)
    if plan is None:
        return None
    plan = _in_time(option, plan, context, options, now)
    return _day_of_first(plan, context, answer) if context.first else plan


def _day_of_first(plan: PlannedSend, context: StepContext, answer: SendAt) -> PlannedSend:
    """Add the note on the day of the first email if it is sent on another date than its day had."""
    if not answer.moves_day_one and plan.date != context.date:
        stays = Note("DAY_STAYS", {"day": context.day, "date": context.date.isoformat()})
        return plan._replace(notes=(*plan.notes, stays), moves_day_one=False)
    moved_to = context.calendar.working(plan.date)
    if moved_to != context.date and not timeline_notes.contains_date(answer.notes):
        moves = Note("DAY_MOVES", {"day": context.day, "date": moved_to.isoformat()})
        return plan._replace(notes=(*plan.notes, moves))
    return plan


def _plan_task(
    step: TimelineStep, context: StepContext, answer: CreateTask, opening: Notes, added: dt.datetime | None
) -> PlannedTask | None:
    if added is not None and answer.due < context.calendar.local(added).date():
        return None
    due = timeline_notes.due_notes(step.send_option, context.date, answer)
    return PlannedTask(context.number, answer.due, (*opening, *answer.notes, *due))


def _plan_email(
    option: SendOption,
    context: StepContext,
    answer: SendAt,
    opening: Notes,
    added: dt.datetime | None,
) -> PlannedSend | None:
    if answer.zone == context.calendar.zone:
        answer = replace(answer, zone=None)
    # R4: the zone turns the wall time into an instant, also where the clocks skip or repeat it.
    moment = moment_of(answer.date, answer.time, answer.zone or context.calendar.zone)
    instant = answer.instant or moment.instant
    if added is not None and instant < added:
        return None
    if context.first and timeline_notes.contains_date(answer.notes):
        opening = opening[:1]
    timing = timeline_notes.time_notes(option.key, context.date, answer, moment)
    notes = (*opening, *answer.notes, *timing)
    return PlannedSend(context.number, answer.date, answer.time, moment.zone, instant, notes)


def _in_time(
    option: SendOption, plan: PlannedSend, context: StepContext, options: SendOptions, now: dt.datetime
) -> PlannedSend:
    """Move an email to a time that its option allows, and to the present if its time has passed.

    R12: a late email is sent immediately and keeps its planned wall time. R12a: this is the next allowed time after the
    option's choice, so that the plan is the same whenever it is made.
    """
    limited = limits_times(option)
    if limited:
        plan = _within_window(option, plan, context, options, now, late=False)
    if plan.instant >= now:
        return plan
    note = timeline_notes.late(plan.date, plan.time, now)
    plan = plan._replace(instant=now, notes=(*plan.notes, note))
    return _within_window(option, plan, context, options, now, late=True) if limited else plan


def _within_window(
    option: SendOption, plan: PlannedSend, context: StepContext, options: SendOptions, now: dt.datetime, *, late: bool
) -> PlannedSend:
    """Ask the option when the email can be sent. If its time is outside, it moves to the next allowed time."""
    allowed = _call(option, context, options, lambda asked, own: plain_ranges(asked.window(own, plan.instant)))
    plan = plan._replace(allowed=allowed)
    if allowed is None:
        return plan
    start = next_allowed(allowed, plan.instant)
    if start is None:
        if plan.instant < now:  # the option is asked for the present time next
            return plan
        added = timeline_notes.no_allowed_time(plan.instant, plan.zone)
        return plan._replace(notes=(*plan.notes, *(note for note in added if note not in plan.notes)))
    if start == plan.instant:
        return plan
    notes = (*plan.notes, *timeline_notes.at_allowed_time("NEXT_ALLOWED_TIME", start, plan.zone))
    plan = plan._replace(instant=start, notes=notes)
    if late:
        return plan
    shown = local(start, plan.zone)
    return plan._replace(date=shown.date(), time=shown.time().replace(fold=0))


def _ask(option: SendOption, context: StepContext, options: SendOptions) -> SendAt | CreateTask:
    """Let the option resolve the step. Raises its own Refusal, or SEND_OPTION_FAILED where it fails."""
    return _call(option, context, options, _resolve if options.is_own(option.key) else _resolve_checked)


def _resolve(option: SendOption, context: StepContext) -> SendAt | CreateTask:
    answer = option.resolve(context)
    return answer if isinstance(answer, (SendAt, CreateTask)) else plain_answer(answer)


def _resolve_checked(option: SendOption, context: StepContext) -> SendAt | CreateTask:
    """Check the values as well, which takes a tenth of the time. Those of built-in options keep the contract."""
    return plain_answer(option.resolve(context))


def _call(
    option: SendOption, context: StepContext, options: SendOptions, ask: Callable[[SendOption, StepContext], Answer]
) -> Answer:
    """Ask an option about a step. Raises Refusal."""
    try:
        return call_option(ask, option, context)
    except (Refusal, Unanswered):
        raise
    except UndeclaredReadError as error:
        values = {"option": option.key, "step": context.number, "read": error.read.value}
        raise Refusal.of(StrategyCode.SEND_OPTION_FAILED, case="undeclared", **values) from error
    except BaseException as error:  # also SystemExit: a package must not stop the server; nothing here is awaited
        values = {"option": option.key, "step": context.number, "error": type(error).__name__}
        values["package"] = options.distribution(option.key)
        raise Refusal.of(StrategyCode.SEND_OPTION_FAILED, case="step", **values) from error


def _released(option: SendOption, context: StepContext, options: SendOptions, answer: SendAt) -> SendAt:
    """R19: keep only the wall time of an answer whose date does not follow the step's day, such as a send-at.

    The option is asked about the next day as well: where it answers with the same date, the date is fixed.
    """
    other = _ask(option, replace(context, date=context.calendar.forward(context.date, 1)), options)
    if isinstance(other, SendAt) and other.date == answer.date:
        note = Note("TIME_KEPT", {"time": answer.time.isoformat()})
        return SendAt(context.date, answer.time, (note,), zone=answer.zone, moves_day_one=answer.moves_day_one)
    return answer
