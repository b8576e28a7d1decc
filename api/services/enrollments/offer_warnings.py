"""Warnings of send options that are available at a position, but not recommended there."""

from collections.abc import Sequence

from api.models import Step
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.timeline_rows import timeline_steps
from strategies import WarningNote
from strategies.package_options.option_calls import availability
from strategies.questions import QuestionCollector
from strategies.sentences.warning_codes import WarningCode
from strategies.step_checks import position


def offer_warnings(context: WorkspaceContext, rows: Sequence[Step]) -> list[WarningNote]:
    """Return a warning for each step whose send option is available but not recommended there."""
    steps, options = timeline_steps(rows), context.installed.send_options
    found: list[WarningNote] = []
    questions = QuestionCollector()
    for number, step in enumerate(steps, 1):
        if step.send_option is None or step.send_option not in options:
            continue
        with questions:
            offer = availability(options.need(step.send_option), position(steps, number))
            if offer.warning:
                about: dict[str, str | int] = {"step": number, "option": step.send_option, "warning": offer.warning}
                values = {**offer.values, **about}
                found.append(WarningNote(offer.warning_code or WarningCode.SEND_OPTION_WARNING.value, values))
    questions.raise_any()
    return found
