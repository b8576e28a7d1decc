"""Check where an option is offered: at every position, with a reason where it is not."""

from collections.abc import Iterator, Sequence

from plugins.loading.wrappers import OptionWrapper
from plugins.testing.common.findings import Findings, Rule
from plugins.testing.common.places import where
from plugins.testing.common.time_limit import NoAnswerError
from plugins.testing.send_options.cases import Form
from strategies import Availability, Position, StepType

DAYS = (1, 2, 3, 8, 365)
NUMBERS = (1, 2, 3, 9)


def every_position() -> Iterator[Position]:
    """Yield every kind of position."""
    for number in NUMBERS:
        for day in DAYS:
            for previous in (None,) if number == 1 else tuple(StepType):
                for earlier in (False,) if number == 1 or day == 1 else (False, True):
                    yield Position(number, day, previous, earlier)


def check_positions(wrapper: OptionWrapper, findings: Findings) -> None:
    """Check the answers of ``availability``."""
    offered = 0
    for position in every_position():
        try:
            answers = [wrapper.availability(position) for _ in range(2)]
        except NoAnswerError:
            return
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            fault = f"availability() fails for {position}: {where(error)}"
            findings.add(Rule.AVAILABILITY, fault, "Return Availability.offered() or Availability.refused(reason).")
            return
        fault, change = _fault(answers)
        if fault:
            findings.add(Rule.AVAILABILITY, f"availability() {fault} for {position}", change)
            return
        offered += answers[0].available
    if not offered:
        findings.add(
            Rule.AVAILABILITY,
            "availability() offers the option at no position",
            "Return Availability.offered() where users can choose it.",
        )


def _fault(answers: Sequence[Availability]) -> tuple[str, str]:
    answer, again = answers
    if not isinstance(answer, Availability):
        return f"returns {answer!r:.60}", "Return Availability.offered() or Availability.refused(reason)."
    if answer != again:
        return "returns two different answers", "Decide by the position only."
    if not answer.available and not str(answer.reason or "").strip():
        return "refuses without a reason", 'Use Availability.refused("…"): users read the reason.'
    if not answer.available and answer.warning:
        return "refuses with a warning", "Put the sentence into the reason; a warning is for an option that is offered."
    return "", ""


def offered_forms(wrapper: OptionWrapper, forms: Sequence[Form]) -> list[Form]:
    """Return the campaigns of the kit in which the option is offered."""
    found = []
    for form in forms:
        earlier = form.day > 1 and StepType.EMAIL in form.before
        position = Position(form.number, form.day, form.before[-1] if form.before else None, earlier)
        if wrapper.availability(position).available:
            found.append(form)
    return found
