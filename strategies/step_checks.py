"""Check the steps of a campaign, and the choices of a launch."""

from collections.abc import Sequence

from strategies.codes import StrategyCode
from strategies.contract import Position, StepType
from strategies.errors import Refusal, RefusalCollector
from strategies.package_options.option_calls import availability
from strategies.questions import QuestionCollector
from strategies.registry import SendOptions
from strategies.timeline.records import LaunchChoices, TimelineStep

LAST_DAY = 365


def position(steps: Sequence[TimelineStep], number: int) -> Position:
    """Return the position of the step with this number."""
    step = steps[number - 1]
    return Position(
        number,
        step.day,
        steps[number - 2].type if number > 1 else None,
        any(s.type is StepType.EMAIL and s.day < step.day for s in steps[: number - 1]),
    )


def check(steps: Sequence[TimelineStep], options: SendOptions) -> None:
    """Check that every option is available at its position. Raises Refusal, which names each wrong step."""
    refusals, questions = RefusalCollector(), QuestionCollector()
    for number, step in enumerate(steps, 1):
        try:
            with questions:
                check_step(steps, number, step, options)
        except Refusal as refusal:
            for each in refusal.each:
                refusals.add(Refusal(each.code, f"Step {number}: {each.message}", ("campaignId",)))
    questions.raise_any()
    refusals.raise_any()


def check_step(steps: Sequence[TimelineStep], number: int, step: TimelineStep, options: SendOptions) -> None:
    """Check one step at its position. Raises Refusal."""
    refusals = RefusalCollector()
    if not 1 <= step.day <= LAST_DAY:
        refusals.add(Refusal.of(StrategyCode.INVALID_DAY, ("day",), case="step", limit=LAST_DAY, day=step.day))
    with refusals:
        _check_option(steps, number, step, options)
    if step.follow_up and (step.type is not StepType.EMAIL or not follow_up_offered(position(steps, number))):
        refusals.add(Refusal.of(StrategyCode.FOLLOW_UP_NOT_AVAILABLE, ("followUp",)))
    refusals.raise_any()


def _check_option(steps: Sequence[TimelineStep], number: int, step: TimelineStep, options: SendOptions) -> None:
    if step.type is not StepType.EMAIL:
        if step.send_option is not None:
            raise Refusal.of(StrategyCode.SEND_OPTION_NOT_AVAILABLE, ("sendOption",), case="not_email")
        return
    if step.send_option is None:
        raise Refusal.of(StrategyCode.SEND_OPTION_REQUIRED, ("sendOption",))
    try:
        offer = availability(options.need(step.send_option), position(steps, number))
    except Refusal as refusal:
        raise refusal.under("sendOption") from None
    if not offer.available:
        code, reason = StrategyCode.SEND_OPTION_NOT_AVAILABLE.message(option=step.send_option)
        raise Refusal(offer.code or code, offer.reason or reason, ("sendOption",))


def follow_up_offered(at: Position) -> bool:
    """Say whether a follow-up is possible: the step directly before it must be an email."""
    return at.previous is StepType.EMAIL


def check_launch(steps: Sequence[TimelineStep], launch: LaunchChoices, options: SendOptions) -> None:
    """Check the choices of a launch. Raises Refusal."""
    if not steps:
        raise Refusal.of(StrategyCode.NO_STEPS, ("campaignId",))
    refusals = RefusalCollector()
    with refusals:
        check(steps, options)
    if launch.send_at is not None and launch.send_at < launch.now:
        refusals.add(Refusal.of(StrategyCode.SEND_AT_IN_PAST, ("sendAt",)))
    for number in launch.times:
        with refusals:
            _check_time(steps, number, options)
    refusals.raise_any()


def _check_time(steps: Sequence[TimelineStep], number: int, options: SendOptions) -> None:
    if not 1 <= number <= len(steps):
        raise Refusal.of(StrategyCode.STEP_NOT_FOUND, ("times", str(number), "step"), number=number)
    option = steps[number - 1].send_option
    if option is None or not options.need(option).takes_time:
        raise Refusal.of(StrategyCode.TIME_NOT_ACCEPTED, ("times", str(number), "time"), number=number)
