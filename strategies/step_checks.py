"""What authoring and launching may not do: each step at its place, and what launching chose."""

from collections.abc import Sequence

from strategies.answers import availability
from strategies.contract import Position, StepType
from strategies.errors import Refusal
from strategies.records import LaunchChoices, TimelineStep
from strategies.registry import SendOptions

LAST_DAY = 365


def position(steps: Sequence[TimelineStep], number: int) -> Position:
    """Return where the step of this number stands."""
    step = steps[number - 1]
    return Position(
        number,
        step.day,
        steps[number - 2].type if number > 1 else None,
        any(s.type is StepType.EMAIL and s.day < step.day for s in steps[: number - 1]),
    )


def check(steps: Sequence[TimelineStep], options: SendOptions) -> None:
    """Check that every option is offered where it stands. Raises Refusal that says which step is wrong."""
    for number, step in enumerate(steps, 1):
        try:
            check_step(steps, number, step, options)
        except Refusal as refusal:
            raise Refusal(refusal.code, f"Step {number}: {refusal.message}", ("campaignId",)) from None


def check_step(steps: Sequence[TimelineStep], number: int, step: TimelineStep, options: SendOptions) -> None:
    """Check one step at its place. Raises Refusal."""
    if not 1 <= step.day <= LAST_DAY:
        raise Refusal("INVALID_DAY", f"Days are counted from 1 to {LAST_DAY}; this step says {step.day}.", ("day",))
    if step.type is not StepType.EMAIL:
        if step.send_option is not None:
            raise Refusal("SEND_OPTION_NOT_AVAILABLE", "Only email steps have a send option.", ("sendOption",))
    else:
        if step.send_option is None:
            raise Refusal("SEND_OPTION_REQUIRED", "An email step needs a send option.", ("sendOption",))
        try:
            offer = availability(options.need(step.send_option), position(steps, number))
        except Refusal as refusal:
            raise refusal.under("sendOption") from None
        if not offer.offered:
            raise Refusal(
                offer.code or "SEND_OPTION_NOT_AVAILABLE",
                offer.reason or f"{step.send_option} is not offered here.",
                ("sendOption",),
            )
    if step.follow_up and (step.type is not StepType.EMAIL or not follow_up_offered(position(steps, number))):
        raise Refusal(
            "FOLLOW_UP_NOT_AVAILABLE",
            "A follow-up is only possible on an email step whose directly preceding step is an email.",
            ("followUp",),
        )


def follow_up_offered(at: Position) -> bool:
    """Say whether the follow-up checkbox is shown: the directly preceding step is an email."""
    return at.previous is StepType.EMAIL


def check_launch(steps: Sequence[TimelineStep], launch: LaunchChoices, options: SendOptions) -> None:
    """Check what launching chose. Raises Refusal."""
    if not steps:
        raise Refusal("NO_STEPS", "This campaign has no steps yet: add one before launching it.", ("campaignId",))
    check(steps, options)
    if launch.send_at is not None and launch.send_at < launch.now:
        raise Refusal("SEND_AT_IN_PAST", "The send-at has already passed. Give NOW or a later instant.", ("sendAt",))
    for number in launch.times:
        if not 1 <= number <= len(steps):
            raise Refusal("STEP_NOT_FOUND", f"This campaign has no step {number}.", ("times", str(number), "step"))
        option = steps[number - 1].send_option
        if option is None or not options.need(option).takes_time:
            raise Refusal(
                "TIME_NOT_ACCEPTED",
                f"The send option of step {number} takes no new time.",
                ("times", str(number), "time"),
            )
